/** Spans gathered for one `ExportTraceServiceRequest`. */
import type { KeyValue } from './otlp-values.ts';

/** A span as OTLP/JSON has it (opentelemetry/proto/trace/v1/trace.proto). */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message?: string };
  readonly flags?: number;
}

/** What made spans. */
export interface OtlpScope {
  readonly name: string;
  readonly version?: string;
}

interface ScopeSpans {
  readonly scope: OtlpScope;
  readonly spans: OtlpSpan[];
}

/** Spans by resource, then by scope. */
export class OtlpBatch {
  size = 0;
  private readonly resources = new Map<readonly KeyValue[], Map<string, ScopeSpans>>();

  /** @param resource the same object for all spans of one. */
  add(resource: readonly KeyValue[], scope: OtlpScope, span: OtlpSpan): void {
    let scopes = this.resources.get(resource);
    if (scopes === undefined) {
      scopes = new Map();
      this.resources.set(resource, scopes);
    }
    const key = JSON.stringify([scope.name, scope.version]);
    let group = scopes.get(key);
    if (group === undefined) {
      group = { scope, spans: [] };
      scopes.set(key, group);
    }
    group.spans.push(span);
    this.size += 1;
  }

  /** The request as one line, and an empty batch again. */
  take(): string {
    const resourceSpans = [...this.resources].map(([attributes, scopes]) => ({
      resource: { attributes, droppedAttributesCount: 0 },
      scopeSpans: [...scopes.values()],
    }));
    this.resources.clear();
    this.size = 0;
    return `${JSON.stringify({ resourceSpans })}\n`;
  }
}

/**
 * `@spoor/tracer/opentelemetry`: spans of OpenTelemetry as events `otel:span_begin` and `otel:span_end`. Nothing of
 * OpenTelemetry is imported: what its SDKs (1.9 and later, 2) hand to a span processor is described here as far as it
 * is read, so the program's own copy is used, and none is needed where there is none.
 */
import { bounded, noText, textOrNone } from './auto/text.ts';
import { currentRequest } from './auto/request-context.ts';
import { enumeration, preparedText } from './field-types.ts';
import { AttributesWriter, type SpanAttributes } from './span-attributes.ts';
import { SpanResources, type SpanResource } from './span-resources.ts';
import { tracepoint } from './tracepoint.ts';

/** Seconds since the Unix epoch, and nanoseconds beyond them. */
type SpanTime = readonly [seconds: number, nanoseconds: number];

/** Ids of a span. */
interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags?: number;
  readonly isRemote?: boolean | undefined;
  readonly traceState?: { serialize(): string } | undefined;
}

interface SpanScope {
  readonly name: string;
  readonly version?: string | undefined;
}

/** What is read of a span; both `Span` and `ReadableSpan` of `@opentelemetry/sdk-trace-base` are such. */
export interface RecordableSpan {
  readonly name: string;
  readonly kind: number;
  spanContext(): SpanIds;
  /** Of SDK 2. */
  readonly parentSpanContext?: SpanIds | undefined;
  /** Of SDK 1. */
  readonly parentSpanId?: string | undefined;
  readonly startTime: SpanTime;
  readonly endTime: SpanTime;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: SpanAttributes;
  readonly events: { readonly length: number };
  readonly links: { readonly length: number };
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
  readonly resource: SpanResource;
  /** Of SDK 2. */
  readonly instrumentationScope?: SpanScope | undefined;
  /** Of SDK 1. */
  readonly instrumentationLibrary?: SpanScope | undefined;
}

const kinds = enumeration('u8', { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 });
const statusCodes = enumeration('u8', { unset: 0, ok: 1, error: 2 });

const spanBegin = tracepoint(
  'otel:span_begin',
  [
    ['id', 'string'],
    ['trace_id', 'string'],
    ['parent_id', 'string'],
    ['request', 'u32'],
    ['name', 'cached-string'],
    ['kind', kinds],
    ['start_s', 'i64'],
    ['start_nsec', 'u32'],
  ],
  { logLevel: 'info' },
);

// All that there is to know of the span: where its beginning was overwritten, it is whole all the same.
const spanEnd = tracepoint(
  'otel:span_end',
  [
    ['id', 'string'],
    ['trace_id', 'string'],
    ['parent_id', 'string'],
    ['request', 'u32'],
    ['name', 'cached-string'],
    ['kind', kinds],
    ['status', statusCodes],
    ['status_message', 'cached-string'],
    ['start_s', 'i64'],
    ['start_nsec', 'u32'],
    ['end_s', 'i64'],
    ['end_nsec', 'u32'],
    ['attributes', preparedText],
    ['dropped_attributes', 'u32'],
    ['events', 'u32'],
    ['links', 'u32'],
    ['flags', 'u32'],
    ['trace_state', 'cached-string'],
    ['scope', 'cached-string'],
    ['scope_version', 'cached-string'],
    ['resource', 'u32'],
  ],
  { logLevel: 'info' },
);

/** OTLP's flags: whether it is known that the parent is of another process, and whether it is. */
const hasIsRemote = 0x100;
const isRemote = 0x200;

/**
 * A span processor for `BasicTracerProvider`, `NodeTracerProvider` or `NodeSDK`:
 *
 * ```ts
 * import { SpoorSpanProcessor } from '@spoor/tracer/opentelemetry';
 * const provider = new NodeTracerProvider({ spanProcessors: [new SpoorSpanProcessor()] });
 * ```
 *
 * Records sampled spans as `otel:span_begin` and `otel:span_end` (docs/manual/opentelemetry.md) where the program is
 * recorded, and costs a flag test where it is not. It holds no span, never throws and never delays an exit: what is
 * recorded is in shared memory when `onEnd` returns.
 */
export class SpoorSpanProcessor {
  readonly #resources = new SpanResources();
  readonly #attributes = new AttributesWriter();
  #isWriting = false;

  onStart(span: RecordableSpan): void {
    if (!spanBegin.enabled) return;
    try {
      const ids = span.spanContext();
      const start = span.startTime;
      spanBegin(
        ids.spanId,
        ids.traceId,
        textOrNone(span.parentSpanContext?.spanId ?? span.parentSpanId),
        currentRequest(),
        textOrNone(span.name),
        span.kind,
        start[0],
        start[1],
      );
    } catch {
      // Attributes and names are the program's objects: what throws in them is not recorded.
    }
  }

  onEnd(span: RecordableSpan): void {
    if (!spanEnd.enabled) return;
    // A context that the program registered is its own code, which may end a span in the middle of this event.
    const wasWriting = this.#isWriting;
    const attributes = wasWriting ? new AttributesWriter() : this.#attributes;
    this.#isWriting = true;
    try {
      const ids = span.spanContext();
      const parent = span.parentSpanContext;
      const { startTime, endTime, status } = span;
      const resource = this.#resources.numberOf(span.resource, attributes);
      const dropped = attributes.write(span.attributes);
      const scope = span.instrumentationScope ?? span.instrumentationLibrary;
      const remote = hasIsRemote | (parent?.isRemote === true ? isRemote : 0);
      spanEnd(
        ids.spanId,
        ids.traceId,
        textOrNone(parent?.spanId ?? span.parentSpanId),
        currentRequest(),
        textOrNone(span.name),
        span.kind,
        status.code,
        textOrNone(status.message),
        startTime[0],
        startTime[1],
        endTime[0],
        endTime[1],
        attributes.text,
        dropped + (span.droppedAttributesCount ?? 0),
        span.events.length + (span.droppedEventsCount ?? 0),
        span.links.length + (span.droppedLinksCount ?? 0),
        ((ids.traceFlags ?? 0) & 0xff) | remote,
        ids.traceState === undefined ? noText : bounded(textOrNone(ids.traceState.serialize())),
        textOrNone(scope?.name),
        textOrNone(scope?.version),
        resource,
      );
    } catch {
      // As above.
    } finally {
      this.#isWriting = wasWriting;
    }
  }

  /** Nothing waits to be flushed. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

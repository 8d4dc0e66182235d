/** Resources of OpenTelemetry: what the process is, as its SDK was told, as events `otel:resource`. */
import { AttributesWriter, type SpanAttributes } from './span-attributes.ts';
import { preparedText } from './field-types.ts';
import { tracepoint } from './tracepoint.ts';

/** What is read of a resource of an SDK. */
export interface SpanResource {
  readonly attributes: SpanAttributes;
  /** Whether detectors are still at work. SDK 2 does not take this back before somebody has waited. */
  readonly asyncAttributesPending?: boolean | undefined;
  waitForAsyncAttributes?(): Promise<void>;
  /** Of SDK 2: values may be promises, and the first of a name counts. */
  getRawAttributes?(): readonly (readonly [name: string, value: unknown])[];
}

const resourceEvent = tracepoint(
  'otel:resource',
  [
    ['id', 'u32'],
    ['attributes', preparedText],
  ],
  { logLevel: 'info' },
);

/** Spans after which a resource is told again: a flight recorder overwrites it, and sessions come later. */
const resourcePeriod = 1024;
/** Beyond so many, resources have no number. */
const mostResources = 64;

/** The numbers of resources in events. A program has one, seldom several. */
export class SpanResources {
  readonly #known: SpanResource[] = [];
  #lastTold: SpanResource | undefined;
  #sinceTold = 0;

  /** Number of the resource, from 1, which is told first where it has to be; 0 beyond many. */
  numberOf(resource: SpanResource, attributes: AttributesWriter): number {
    let index = this.#known.indexOf(resource);
    if (index < 0) {
      if (this.#known.length >= mostResources) return 0;
      index = this.#known.push(resource) - 1;
      if (resource.asyncAttributesPending === true) this.#awaitRest(resource, index + 1);
    }
    this.#sinceTold += 1;
    if (this.#lastTold !== resource || this.#sinceTold >= resourcePeriod) {
      this.#lastTold = resource;
      this.#sinceTold = 0;
      this.#tell(resource, index + 1, attributes);
    }
    return index + 1;
  }

  /** Tells the resource once more when its detectors are done. A program of which nobody exports spans waits nowhere else. */
  #awaitRest(resource: SpanResource, number: number): void {
    const tell = (): void => {
      try {
        if (resourceEvent.enabled) this.#tell(resource, number, new AttributesWriter());
      } catch {
        // Attributes are the program's objects, as those of spans.
      }
    };
    resource.waitForAsyncAttributes?.().then(tell, () => {});
  }

  #tell(resource: SpanResource, number: number, attributes: AttributesWriter): void {
    const known =
      resource.asyncAttributesPending === true ? settledAttributes(resource) : resource.attributes;
    if (known === undefined) return;
    attributes.write(known);
    resourceEvent(number, attributes.text);
  }
}

/** What detectors that were done at once have found; undefined of an SDK that does not say. */
function settledAttributes(resource: SpanResource): SpanAttributes | undefined {
  const raw = resource.getRawAttributes?.();
  if (raw === undefined) return undefined;
  const settled: Record<string, unknown> = {};
  for (const [name, value] of raw) {
    // Promises, and what detectors did not find; as the resource itself, which complains when it is asked now.
    if (value === undefined || value === null || (typeof value === 'object' && 'then' in value)) continue;
    settled[name] ??= value;
  }
  return settled;
}

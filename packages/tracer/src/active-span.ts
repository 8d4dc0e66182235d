// The active span of OpenTelemetry, if the program uses it: found through what its API keeps in the global object, so
// that nothing of it is imported. Documented there: the keys are registered symbols, the same in every copy of the API.

/** The part of @opentelemetry/api's types that is used. */
interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}
interface Api {
  readonly context?: {
    active(): { getValue(key: symbol): { spanContext(): SpanContext } | undefined };
  };
}

const apiKey = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');
const globals = globalThis as { readonly [apiKey]?: Api };

/** Ids of the active span; undefined where there is none. May throw what a context manager of the program throws. */
export function activeSpan(): SpanContext | undefined {
  return globals[apiKey]?.context?.active().getValue(spanKey)?.spanContext();
}

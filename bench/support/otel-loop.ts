// One side of bench/otel.ts: prints, as one JSON object, what a span costs without any processor, what the named one adds,
// and what that one's own work is on spans that are ready, in ns of processor time.
//   node otel-loop.js PROCESSOR SPANS [PORT]
import http from 'node:http';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Span,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ROOT_CONTEXT, SpanKind, type Tracer } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { SpoorSpanProcessor } from '@spoor/tracer/opentelemetry';
import { median } from './statistics.ts';

/** Serialises to OTLP/JSON, and posts that to a collector if there is one. */
class Exporter implements SpanExporter {
  bytes = 0;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  readonly #port: number | undefined;

  constructor(port: number | undefined) {
    this.#port = port;
  }

  export(spans: ReadableSpan[], done: (result: { readonly code: number }) => void): void {
    const body = JsonTraceSerializer.serializeRequest(spans)!;
    this.bytes += body.length;
    if (this.#port === undefined) {
      done({ code: 0 });
      return;
    }
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const to = { host: '127.0.0.1', port: this.#port, method: 'POST', path: '/v1/traces' };
    http
      .request({ ...to, agent: this.#agent, headers }, (response) =>
        response.resume().on('end', () => done({ code: 0 })),
      )
      .on('error', () => done({ code: 1 }))
      .end(body);
  }

  shutdown(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }
}

const [, , processor = '', spans = '0', collector] = process.argv;
const exporter = new Exporter(collector === undefined ? undefined : Number(collector));
const makers: Readonly<Record<string, () => SpanProcessor>> = {
  spoor: () => new SpoorSpanProcessor(),
  batch: () => new BatchSpanProcessor(exporter),
  simple: () => new SimpleSpanProcessor(exporter),
};

/** Spans between flushes: fewer than the queue of the batch processor holds, so that it drops none. */
const chunk = 1024;

function makeSpans(tracer: Tracer): void {
  for (let n = 0; n < chunk; n += 1) {
    const span = tracer.startSpan('GET /orders/:id', {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': 'GET', 'http.route': '/orders/:id' },
    });
    span.setAttribute('http.response.status_code', 200);
    span.setAttribute('order', n);
    span.end();
  }
}

/** Median ns a span over a few batches, flushes included. */
async function spanNs(processors: SpanProcessor[]): Promise<number> {
  const provider = new BasicTracerProvider({ spanProcessors: processors });
  const tracer = provider.getTracer('bench', '1.0.0');
  const figures: number[] = [];
  for (let batch = -2; batch < 7; batch += 1) {
    const before = process.cpuUsage();
    for (let done = 0; done < Number(spans); done += chunk) {
      makeSpans(tracer);
      await provider.forceFlush();
    }
    const { user, system } = process.cpuUsage(before);
    if (batch >= 0) figures.push(((user + system) * 1000) / Number(spans));
  }
  await provider.shutdown();
  return median(figures);
}

/**
 * Median ns that a processor itself takes for a span: it is told of spans that were made before, so that nothing of the
 * SDK's making of a span, and of the garbage of that, is in the figure; serialising and sending, up to the answer, is.
 */
async function workNs(own: SpanProcessor): Promise<number> {
  const ready: Span[] = [];
  const keeper: SpanProcessor = {
    onStart: (span) => void ready.push(span),
    onEnd: () => {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({ spanProcessors: [keeper] });
  makeSpans(provider.getTracer('bench', '1.0.0'));
  const figures: number[] = [];
  for (let batch = -2; batch < 7; batch += 1) {
    const before = process.cpuUsage();
    for (let done = 0; done < Number(spans); done += chunk) {
      for (const span of ready) {
        own.onStart(span, ROOT_CONTEXT);
        // What a tracer's own spans are, as the SDK hands them to processors.
        own.onEnd(span as Span & ReadableSpan);
      }
      await own.forceFlush();
    }
    const { user, system } = process.cpuUsage(before);
    if (batch >= 0) figures.push(((user + system) * 1000) / Number(spans));
  }
  await own.shutdown();
  return median(figures);
}

const without = await spanNs([]);
const withIt = await spanNs([makers[processor]!()]);
const work = await workNs(makers[processor]!());
if (processor !== 'spoor' && exporter.bytes === 0) throw new Error('nothing was exported');
console.log(JSON.stringify({ bareNs: without, spanNs: withIt, addedNs: withIt - without, workNs: work }));

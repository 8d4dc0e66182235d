// A program with the real OpenTelemetry SDK whose spans go to Spoor's processor and to memory. It prints what the SDK
// itself exports for them, as OTLP/JSON.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repoRoot } from './machine.ts';

const { resolve } = createRequire(import.meta.url);
const module = (name: string): string => JSON.stringify(pathToFileURL(resolve(name)).href);
const processorUrl = pathToFileURL(join(repoRoot, 'packages/tracer/dist/opentelemetry.js')).href;

/** Imports of the SDK and of the processor, for programs that stand outside the checkout. */
export const otelImports = `
  import sdk from ${module('@opentelemetry/sdk-trace-base')};
  import otel from ${module('@opentelemetry/api')};
  import transformer from ${module('@opentelemetry/otlp-transformer')};
  import resources from ${module('@opentelemetry/resources')};
  import { SpoorSpanProcessor } from ${JSON.stringify(processorUrl)};
`;

/** Spans of all kinds and states; their last one never ends. */
export const otelProgram = `${otelImports}
  const memory = new sdk.InMemorySpanExporter();
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'shop', 'service.replicas': 3, zones: ['a', 'b'] }),
    spanProcessors: [new SpoorSpanProcessor(), new sdk.SimpleSpanProcessor(memory)],
  });
  const tracer = provider.getTracer('shop-tracer', '1.2.3');
  const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1,
    isRemote: true, traceState: otel.createTraceState('vendor=x') };
  const root = tracer.startSpan('GET /orders', {
    kind: otel.SpanKind.SERVER,
    attributes: { 'http.request.method': 'GET', 'http.route': '/orders' },
    links: [{ context: remote }],
  }, otel.trace.setSpanContext(otel.ROOT_CONTEXT, remote));
  root.setAttributes({ count: 3, share: 0.25, paid: true, tags: ['x', 'y "z"'], sizes: [1, 2.5], none: '', holes: ['a', null] });
  const context = otel.trace.setSpan(otel.ROOT_CONTEXT, root);
  const query = tracer.startSpan('SELECT', { kind: otel.SpanKind.CLIENT, startTime: [1700000000, 123456789] }, context);
  query.addEvent('row', { n: 1 });
  query.recordException(new Error('no such table'));
  query.setStatus({ code: otel.SpanStatusCode.ERROR, message: 'no such table' });
  query.end([1700000001, 23456789]);
  root.setStatus({ code: otel.SpanStatusCode.OK });
  root.end();
  provider.getTracer('other').startSpan('plain · ünïcode').end();
  tracer.startSpan('never ended', { attributes: { open: true } });
  await provider.forceFlush();
  const spans = memory.getFinishedSpans();
  process.stdout.write(Buffer.from(transformer.JsonTraceSerializer.serializeRequest(spans)));
  await provider.shutdown();
`;

// The span processor with the real SDK, read by the real babeltrace2.
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { SpoorSpanProcessor } from '../../packages/tracer/src/opentelemetry.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { otelImports, otelProgram } from '../support/otel-program.ts';
import { TracedRun } from '../support/traced.ts';

interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}
interface Exported {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

/** Events as babeltrace2 prints them, by name and without contexts. */
function printed(path: string): readonly string[] {
  const { status, stdout, stderr } = babeltrace2([path], { timeoutMs: 60_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.*?(?=otel:\w+: )/, '').replace(/: \{ cpu_id = .*? \}, /, ': '));
}

test('the processor is one of the SDK, by its types', async () => {
  const processor: SpanProcessor = new SpoorSpanProcessor();
  await processor.forceFlush();
  await processor.shutdown();
});

describeNeeding([command('babeltrace2')], 'spans of the OpenTelemetry SDK', () => {
  test('are events that babeltrace2 reads, with the ids and times that the SDK exports', async () => {
    using run = new TracedRun();
    const { status, stdout, stderr } = await run.run(otelProgram);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    run.drain();
    const lines = printed(run.tracePath);
    const spans = (JSON.parse(stdout) as Exported).resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap((scope) => scope.spans),
    );
    expect(spans).toHaveLength(3);
    for (const span of spans) {
      const own = lines.filter((line) =>
        line.includes(`{ id = "${span.spanId}", trace_id = "${span.traceId}"`),
      );
      expect(own.map((line) => line.slice(0, line.indexOf(': ')))).toEqual([
        'otel:span_begin',
        'otel:span_end',
      ]);
      const [, startS, startNs, endS, endNs] =
        /start_s = (\d+), start_nsec = (\d+), end_s = (\d+), end_nsec = (\d+)/.exec(own[1]!)!;
      expect(`${startS}${startNs!.padStart(9, '0')}`).toBe(span.startTimeUnixNano);
      expect(`${endS}${endNs!.padStart(9, '0')}`).toBe(span.endTimeUnixNano);
      expect(own[1]).toContain(`name = "${span.name}"`);
    }
    expect(lines.filter((line) => line.startsWith('otel:resource'))).toEqual([
      String.raw`otel:resource: { id = 1, attributes = "{\"service.name\":\"shop\",\"service.replicas\":3,\"zones\":[\"a\",\"b\"]}" }`,
    ]);
    expect(lines.find((line) => line.includes('no such table'))).toMatch(
      /kind = \( "client" : container = 2 \), status = \( "error" : container = 2 \), status_message = "no such table", .* events = 2, links = 0, flags = 257, trace_state = "vendor=x", scope = "shop-tracer", scope_version = "1\.2\.3", resource = 1 \}/,
    );
    expect(lines.find((line) => line.startsWith('otel:span_end') && line.includes('GET /orders'))).toMatch(
      /parent_id = "b7ad6b7169203331", .* links = 1, flags = 769, trace_state = "vendor=x"/,
    );
    expect(lines.filter((line) => line.includes('never ended'))).toHaveLength(1);
  });

  test('tell of a resource what its detectors know, and again when they are done, though nobody else waits for them', async () => {
    using run = new TracedRun();
    const { status, stdout, stderr } = await run.run(`${otelImports}
      otel.diag.setLogger(new otel.DiagConsoleLogger());
      let resolveId;
      const hostId = new Promise((resolve) => { resolveId = resolve; });
      const failed = Promise.reject(new Error('no cloud'));
      const provider = new sdk.BasicTracerProvider({
        resource: resources.resourceFromAttributes({ 'service.name': 'shop', 'host.id': hostId, 'cloud.region': failed }),
        spanProcessors: [new SpoorSpanProcessor()],
      });
      const tracer = provider.getTracer('t');
      tracer.startSpan('early').end();
      await new Promise((resolve) => setTimeout(resolve, 5));
      tracer.startSpan('waiting').end();
      resolveId('4711');
      await new Promise((resolve) => setTimeout(resolve, 5));
      tracer.startSpan('late').end();
    `);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    run.drain();
    const told = printed(run.tracePath)
      .filter((line) => !line.startsWith('otel:span_begin'))
      .map((line) => line.replace(/otel:span_end.* name = ("\w+").* (resource = \d) \}/, '$1 $2'));
    expect(told).toEqual([
      String.raw`otel:resource: { id = 1, attributes = "{\"service.name\":\"shop\"}" }`,
      '"early" resource = 1',
      '"waiting" resource = 1',
      String.raw`otel:resource: { id = 1, attributes = "{\"service.name\":\"shop\",\"host.id\":\"4711\"}" }`,
      '"late" resource = 1',
    ]);
  });

  test('never throws and never grows without bound, whatever spans hold', async () => {
    using run = new TracedRun();
    const { status, stdout, stderr } = await run.run(`${otelImports}
      const provider = new sdk.BasicTracerProvider({ spanProcessors: [new SpoorSpanProcessor()] });
      const tracer = provider.getTracer('t');
      tracer.startSpan('n'.repeat(10000), { attributes: { long: 'x'.repeat(1e6), number: NaN } }).end();
      const many = tracer.startSpan('many');
      for (let n = 0; n < 128; n += 1) many.setAttribute('key' + n, 'y'.repeat(200));
      many.end();
      const hostile = new SpoorSpanProcessor();
      const bad = new Proxy({}, { get() { throw new Error('hostile'); } });
      hostile.onStart(bad);
      hostile.onEnd(bad);
      console.log('done');
    `);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    run.drain();
    const lines = printed(run.tracePath);
    const ends = lines.filter((line) => line.startsWith('otel:span_end'));
    expect(ends).toHaveLength(2);
    expect(ends[0]).toContain(String.raw`\"number\":\"NaN\"`);
    expect(ends[0]!.length).toBeLessThan(6000);
    const dropped = Number(/dropped_attributes = (\d+)/.exec(ends[1]!)?.[1]);
    expect(dropped).toBeGreaterThan(80);
    expect([...ends[1]!.matchAll(/key\d+/g)].length).toBe(128 - dropped);
  });
});

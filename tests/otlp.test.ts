// Spans out of traces as OTLP/JSON, against what the OpenTelemetry SDK exports for the same spans.
import { describe, expect, test } from 'vitest';
import { otelProgram } from './support/otel-program.ts';
import { spoor } from './support/spoor.ts';
import { TracedRun } from './support/traced.ts';

interface KeyValue {
  readonly key: string;
  readonly value: unknown;
}
type Span = Readonly<Record<string, unknown>> & { readonly attributes: readonly KeyValue[] };
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version?: string };
      readonly spans: readonly Span[];
    }[];
  }[];
}

/** Integers as texts, as the JSON mapping has them; the SDK writes small ones as numbers, which is allowed to read. */
const mapped = (text: string): string => text.replaceAll(/"intValue":(-?\d+)/g, '"intValue":"$1"');

/** Spans of requests by id, each with its scope and resource. */
function spansOf(text: string): Map<unknown, { span: Span; scope: unknown; resource: readonly KeyValue[] }> {
  const requests = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(mapped(line)) as Request);
  const spans = requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans: own }) =>
        own.map((span) => ({ span, scope, resource: resource.attributes })),
      ),
    ),
  );
  return new Map(spans.map((entry) => [entry.span['spanId'], entry]));
}

function exported(run: TracedRun, ...args: string[]): { stdout: string; stderr: string } {
  run.drain();
  const { status, stdout, stderr } = spoor(['-o', 'otlp-json', ...args, run.tracePath]);
  expect(status, stderr).toBe(0);
  return { stdout, stderr };
}

describe('spoor -o otlp-json', () => {
  test('exports spans of OpenTelemetry as their SDK does', async () => {
    using run = new TracedRun();
    const ended = await run.run(otelProgram);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const { stdout, stderr } = exported(run);
    const ours = spansOf(stdout);
    const theirs = spansOf(ended.stdout);
    expect(theirs.size).toBe(3);
    expect(new Set(ours.keys())).toEqual(new Set(theirs.keys()));
    for (const [id, { span, scope, resource }] of theirs) {
      const own = ours.get(id)!;
      const { events, links, droppedEventsCount, droppedLinksCount, ...rest } = span;
      expect(own.span).toEqual({
        ...rest,
        droppedEventsCount: Number(droppedEventsCount) + (events as unknown[]).length,
        droppedLinksCount: Number(droppedLinksCount) + (links as unknown[]).length,
      });
      expect(own.scope).toEqual(scope);
      expect(own.resource).toEqual(expect.arrayContaining([...resource]));
    }
    const [first] = ours.values();
    const names = first!.resource.map(({ key }) => key);
    expect(names).toEqual(expect.arrayContaining(['host.name', 'process.pid', 'process.executable.name']));
    expect(names).toHaveLength(new Set(names).size);
    expect(stderr).toContain('spans: 1 without an end are left out');
  });

  test('exports pairs of events and whole spans, those of a request below it', async () => {
    using run = new TracedRun();
    const ended = await run.run(`
      const begin = tracepoint('http_server:request_begin', { id: 'u32', method: 'string' });
      const end = tracepoint('http_server:request_end', { id: 'u32', status: 'u16' });
      const work = [tracepoint('shop:work_begin', { id: 'u32', request: 'u32', what: 'string' }),
        tracepoint('shop:work_end', { id: 'u32', request: 'u32', error: 'string' })];
      const whole = tracepoint('nodejs:gc', { start_ns: 'u64', duration_ns: 'u64' });
      begin(7, 'GET'); work[0](1, 7, 'tea'); work[0](2, 0, '-'); work[1](2, 0, '-'); work[1](1, 7, 'ENOENT'); end(7, 503);
      whole(process.hrtime.bigint() - 2000n, 1500);
      work[1](9, 0, '-');
    `);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const { stdout, stderr } = exported(run);
    const spans = [...spansOf(stdout).values()].map(({ span }) => span);
    const of = (name: string): Span[] => spans.filter((span) => span['name'] === name);
    const [request] = of('http_server:request');
    expect(request).toMatchObject({ kind: 2, status: { code: 2 } });
    expect(request).not.toHaveProperty('parentSpanId');
    expect(request!.attributes).toEqual([
      { key: 'method', value: { stringValue: 'GET' } },
      { key: 'status', value: { intValue: '503' } },
    ]);
    const inner = of('shop:work').find((span) => span['parentSpanId'] !== undefined);
    expect(inner).toMatchObject({
      traceId: request!['traceId'],
      parentSpanId: request!['spanId'],
      kind: 1,
      status: { code: 2, message: 'ENOENT' },
    });
    const alone = of('shop:work').find((span) => span['parentSpanId'] === undefined);
    expect(alone).toMatchObject({ attributes: [], status: { code: 0 } });
    expect(alone!['traceId']).not.toBe(request!['traceId']);
    const [gc] = of('nodejs:gc');
    const length = (span: Span): bigint =>
      BigInt(String(span['endTimeUnixNano'])) - BigInt(String(span['startTimeUnixNano']));
    expect(length(gc!)).toBe(1500n);
    const nearNs = BigInt(String(gc!['startTimeUnixNano'])) - BigInt(String(request!['endTimeUnixNano']));
    expect(nearNs > -1_000_000_000n && nearNs < 600_000_000_000n).toBe(true);
    for (const span of spans) {
      expect(span['traceId']).toMatch(/^[\da-f]{32}$/);
      expect(span['spanId']).toMatch(/^[\da-f]{16}$/);
      expect(length(span) >= 0n).toBe(true);
    }
    expect(stderr).toContain('spans: 1 without a beginning are left out');
    expect(exported(run).stdout).toBe(stdout);
  });

  test('exports the spans that filter.utils.spans makes', async () => {
    using run = new TracedRun();
    const ended = await run.run(`
      const steps = [tracepoint('tea:brew_entry', { id: 'u32' }), tracepoint('tea:brew_exit', { id: 'u32' })];
      steps[0](3); steps[1](3);
    `);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = exported(run, '-c', 'filter.utils.spans', '-p', 'presets=["begin-end"]');
    const [brewed] = [...spansOf(stdout).values()];
    expect(brewed!.span).toMatchObject({ name: 'tea:brew', kind: 1, status: { code: 0 } });
    expect(brewed!.span.attributes).toContainEqual({ key: 'state', value: { stringValue: 'complete' } });
  });
});

// Bytes that come late: whatever way they come, what is read is the same.
import { createTraceWriter, describeTrace, whenArrived, type ByteSink, type TraceOutput } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTar } from '../../archive/src/testing/make-tar.ts';
import { openTrace } from './browser.ts';
import { RemoteSource } from './remote-source.ts';

class Files implements TraceOutput {
  readonly files: Map<string, Uint8Array> = new Map();

  create(name: string): ByteSink {
    const parts: Uint8Array[] = [];
    return {
      write: (bytes: Uint8Array, length: number): void => void parts.push(bytes.slice(0, length)),
      close: (): void => void this.files.set(name, Buffer.concat(parts)),
    };
  }
}

test('a remote source reads as its bytes do, in any order', async () => {
  const bytes = Uint8Array.from({ length: 700_000 }, (_, at) => (at * 7919) >> 5);
  const reads = fc.array(fc.tuple(fc.nat(bytes.length + 10), fc.nat(300_000)), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(reads, fc.nat(100_000), async (list, first) => {
      const source = new RemoteSource(
        'far',
        bytes.length,
        (start, end) => Promise.resolve(bytes.slice(start, end)),
        bytes.slice(0, first),
      );
      for (const [position, length] of list) {
        const into = new Uint8Array(length);
        const count = await whenArrived(() => source.read(into, length, position));
        expect(count).toBe(Math.max(0, Math.min(length, bytes.length - position)));
        expect(Buffer.compare(into.subarray(0, count), bytes.subarray(position, position + count))).toBe(0);
      }
    }),
    { numRuns: 30 },
  );
});

test('what does not come, or comes short, is an error with a place', async () => {
  const short = new RemoteSource('far', 100, () => Promise.resolve(new Uint8Array(5)));
  await expect(whenArrived(() => short.read(new Uint8Array(9), 9, 0))).rejects.toMatchObject({
    code: 'trace/fetch',
    where: 'far at byte 0',
  });
  const broken = new RemoteSource('far', 100, () => Promise.reject(new Error('gone')));
  await expect(whenArrived(() => broken.read(new Uint8Array(9), 9, 0))).rejects.toThrow('gone');
  expect(() => broken.read(new Uint8Array(9), 9, 0)).toThrow(/for await/);
});

test('many streams in one archive, read whole and from a late time on', async () => {
  const traceClass = describeTrace({
    streams: [{ events: [{ name: 'e', fields: { n: 'u32', pad: 'string' } }] }],
  });
  const output = new Files();
  const writer = createTraceWriter(traceClass, output, { packetSizeBytes: 16_384 });
  const streams = Array.from({ length: 90 }, () => writer.stream());
  const pad = 'p'.repeat(1000);
  const count = 9_000;
  for (let n = 0; n < count; n++) streams[n % 90]!.append('e', BigInt(n) * 100_000_000n, { n, pad });
  writer.close();
  const entries = [...output.files].map(([name, content]) => ({ name: `t/${name}`, content }));
  const blob = new Blob([makeTar(entries) as BlobPart]);
  const trace = await openTrace(blob);
  expect(trace.streams.length).toBe(90);
  let next = 0;
  for await (const event of trace) expect(event.fields['n']).toBe(next++);
  expect(next).toBe(count);
  const late: unknown[] = [];
  for await (const event of trace.events({ begin: BigInt(count - 5) * 100_000_000n }))
    late.push(event.fields['n']);
  expect(late).toEqual([count - 5, count - 4, count - 3, count - 2, count - 1]);
  expect(trace.warnings).toEqual([]);
  await expect(openTrace(new Blob(['hello']))).rejects.toMatchObject({ code: 'trace/none-found' });
});

import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../testing/memory-trace.ts';

test('batches grow: the first events come soon, and all of them come', () => {
  const output = new MemoryTrace();
  const traceClass = describeTrace({ streams: [{ events: [{ name: 'e', fields: { n: 'u32' } }] }] });
  const writer = createTraceWriter(traceClass, output, { packetSizeBytes: 1 << 20 });
  const stream = writer.stream();
  const total = 30_000;
  for (let n = 0; n < total; n++) stream.append('e', n + 1, { n });
  writer.close();
  const flow = output.open(false).read();
  const counts: number[] = [];
  while (flow.next()) counts.push(flow.batch.count);
  expect(counts).toEqual([256, 2048, 16_384, total - 256 - 2048 - 16_384]);
});

// Numbers of packets in what is written of filtered events: a gap in them says that packets were lost.
import { createTraceWriter, describeTrace, readPacketIndex } from '@spoor/ctf';
import { OutputPort, type FilterComponent } from '@spoor/graph';
import { expect, test } from 'vitest';
import type { EventFlow } from '../event-flow.ts';
import { DebugInfoFilter } from '../filter-lttng-utils-debug-info/debug-info-filter.ts';
import { EventsFilter } from '../filter-utils-events/events-filter.ts';
import { MemoryTrace } from '../testing/memory-trace.ts';
import { CtfSinkComponent } from './ctf-sink.ts';

const traceClass = describeTrace({
  uuid: '01234567-89ab-cdef-0123-456789abcdef',
  streams: [
    { eventContext: { vpid: 'i32', ip: 'u64' }, events: [{ name: 'e', fields: { n: 'u32', s: 'string' } }] },
  ],
});
const packetCount = 12;
const eventsOfPacket = 3;
/** Its events are so large that the sink makes several packets of it. */
const largePacket = 5;
const largeText = 'x'.repeat(40_000);

/**
 * A trace of one stream.
 * @param lost the packets that its file lacks.
 * @param empty a packet behind which there is one without events, which is not counted in the numbers of packets here.
 */
function source(lost: readonly number[], empty = -1): MemoryTrace {
  const output = new MemoryTrace();
  const writer = createTraceWriter(traceClass, output, { index: true, packetSizeBytes: 1 << 18 });
  const stream = writer.stream({ name: 's' });
  for (let n = 0; n < packetCount * eventsOfPacket; n++) {
    const packet = Math.floor(n / eventsOfPacket);
    const s = packet === largePacket ? largeText : '';
    stream.append('e', 100 * n, { n, s }, { commonContext: { vpid: 1, ip: 4096n } });
    if (n % eventsOfPacket !== eventsOfPacket - 1) continue;
    stream.endPacket();
    if (packet !== empty) continue;
    stream.beginPacket(100 * n + 50);
    stream.endPacket();
  }
  writer.close();
  const bytes = output.files.get('s')!;
  const packets = readPacketIndex(output.files.get('index/s.idx')!, bytes.length)!;
  const kept = packets.filter((_, number) => !lost.includes(number));
  const parts = kept.map(({ offsetBytes, sizeBytes }) =>
    bytes.subarray(offsetBytes, offsetBytes + sizeBytes),
  );
  output.files.set('s', Buffer.concat(parts));
  output.files.delete('index/s.idx');
  return output;
}

/** What is written of a trace behind a filter. */
function written(
  trace: MemoryTrace,
  filter: FilterComponent<EventFlow, EventFlow>,
  ignoreDiscardedPackets = false,
): { readonly numbers: number[]; readonly losses: (bigint | undefined)[] } {
  const output = new MemoryTrace();
  const sink = new CtfSinkComponent({
    options: {
      assumeSingleTrace: true,
      ignoreDiscardedEvents: false,
      ignoreDiscardedPackets,
      quiet: true,
      ctfVersion: '1.8',
    },
    places: { make: () => ({ path: 'memory', output }) },
    messages: () => {},
  });
  filter.inputs[0]!.connect(new OutputPort('out', () => trace.open().read()));
  sink.input.connect(filter.output);
  while (sink.consume());
  sink.finish();
  const set = output.open();
  const numbers = Array.from(set.events(), (event) => Number(event.field('n')));
  const packets = set.losses.filter(({ kind }) => kind === 'packets');
  return { numbers, losses: packets.map(({ count }) => count) };
}

const files = { openElf: () => undefined, openDwarf: () => undefined, crc32: () => undefined };
const debugInfo = (): DebugInfoFilter => new DebugInfoFilter({ debugInfoDir: '/nowhere' }, files, () => {});
const all = Array.from({ length: packetCount * eventsOfPacket }, (_, n) => n);

test('packets that become several, and those without events, say nothing of losses', () => {
  expect(written(source([], 7), debugInfo())).toEqual({ numbers: all, losses: [] });
});

test('packets of which a filter takes nothing were not lost', () => {
  const filter = (): EventsFilter => new EventsFilter({ filter: 'n < 4 || n == 10 || n > 30' });
  const numbers = all.filter((n) => n < 4 || n === 10 || n > 30);
  expect(written(source([]), filter())).toEqual({ numbers, losses: [] });
});

test.each([
  ['several in what is written', debugInfo, () => true],
  ['left out', () => new EventsFilter({ filter: 'n < 4 || n > 14' }), (n: number) => n < 4 || n > 14],
] as const)('where packets are %s, those that the trace lacks are still told of', (_, filter, takes) => {
  const lost = [2, 3, 8];
  const numbers = all.filter((n) => takes(n) && !lost.includes(Math.floor(n / eventsOfPacket)));
  const told = written(source(lost), filter());
  expect(told.numbers).toEqual(numbers);
  expect(told.losses).toEqual([2n, 1n]);
  expect(written(source(lost), filter(), true)).toEqual({ numbers, losses: [] });
});

// Traces of field classes that only CTF 2 has, written as CTF 1.8.
import { createTraceWriter, EnumValue, FlagsValue, type FieldValue } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomTraces } from '../../ctf/src/testing/random-trace.ts';
import { MemoryTrace } from './testing/memory-trace.ts';

/** A value in the form that both versions have: without the tags of variants that were made, and the boxes around them. */
function common(value: FieldValue): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof EnumValue || value instanceof FlagsValue) return value.value;
  if (value === null) return {};
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(common);
  if (typeof value !== 'object') return value;
  const members = Object.entries(value as { readonly [member: string]: FieldValue });
  if (members.length === 2 && members[0]![0] === '_content_tag') return common(members[1]![1]);
  return Object.fromEntries(
    members.filter(([name]) => !/^_.*_tag$/.test(name)).map(([name, member]) => [name, common(member)]),
  );
}

test('random traces of CTF 2 are read back from CTF 1.8 as what comes next to them', () => {
  fc.assert(
    fc.property(randomTraces(30, true), fc.boolean(), (trace, compile) => {
      const output = new MemoryTrace();
      const writer = createTraceWriter(trace.traceClass, output, {
        packetSizeBytes: trace.packetSizeBytes,
        compile,
      });
      const streams = Array.from({ length: trace.streamCount }, () => writer.stream());
      for (const { stream, name, ticks, payload, commonContext } of trace.events) {
        streams[stream]!.append(name, ticks, payload, { commonContext });
      }
      writer.close();
      const text = new TextDecoder().decode(output.files.get('metadata'));
      expect(text.startsWith('/* CTF 1.8 */')).toBe(true);
      const set = output.open();
      const read = Array.from(set.events(), (event) => ({
        stream: event.stream.id,
        name: event.name,
        payload: common(event.payload()),
      }));
      expect(set.warnings).toEqual([]);
      const written = trace.events.map(({ stream, name, payload }) => ({
        stream,
        name,
        payload: common(payload),
      }));
      for (const id of streams.keys()) {
        expect(read.filter(({ stream }) => stream === id)).toEqual(
          written.filter(({ stream }) => stream === id),
        );
      }
    }),
    { numRuns: 150 },
  );
});

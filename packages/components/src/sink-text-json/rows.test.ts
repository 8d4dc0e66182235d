import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { OutputPort, parseParameters } from '@spoor/graph';
import { expect, test } from 'vitest';
import { csvSink } from '../sink-text-csv/csv-component.ts';
import { MemoryTrace } from '../testing/memory-trace.ts';
import type { TextRows } from '../text-rows.ts';
import { jsonSink } from './json-component.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';

const traceClass = describeTrace({
  clock: { offsetSeconds: 1_700_000_000n },
  streams: [
    {
      packetContext: { cpu_id: 'u32' },
      eventContext: { vpid: 'i32' },
      events: [
        {
          name: 'shop:order, "big"',
          fields: {
            great: 'u64',
            note: 'string',
            state: {
              kind: 'integer',
              signed: false,
              lengthBits: 8,
              byteOrder: 'le',
              alignmentBits: 8,
              displayBase: 10,
              roles: [],
              mappings: [
                { label: 'new', ranges: [{ lower: 1n, upper: 1n }] },
                { label: 'low', ranges: [{ lower: 0n, upper: 3n }] },
              ],
            },
            place: {
              kind: 'structure',
              alignmentBits: 8,
              members: [{ name: 'city', fieldClass: { kind: 'string', encoding: 'utf-8' } }],
            },
          },
        },
      ],
    },
  ],
});

function textOf(make: (output: TextOutput) => TextRows): string {
  const trace = new MemoryTrace();
  const writer = createTraceWriter(traceClass, trace);
  const stream = writer.stream({ packet: { context: { cpu_id: 3 } } });
  const common = { commonContext: { vpid: -7 } };
  const name = 'shop:order, "big"';
  const great = 0xffff_ffff_ffff_fffen;
  stream.append(name, 1n, { great, note: 'a\n"b",', state: 1, place: { city: 'Köln' } }, common);
  stream.append(name, 2n, { great: 5, note: '', state: 9, place: { city: '' } }, common);
  writer.close();
  const chunks: Uint8Array[] = [];
  const sink = make({ write: (bytes, length) => void chunks.push(bytes.slice(0, length)) });
  const set = trace.open();
  sink.input.connect(new OutputPort('events', () => set.read()));
  while (sink.consume());
  sink.finish();
  return chunks.map((chunk) => new TextDecoder().decode(chunk)).join('');
}

test('JSON leaves out what packets say for readers, and has all else', () => {
  const [first = '', second = '', ...rest] = textOf((output) => jsonSink(output)).split('\n');
  expect(rest).toEqual(['']);
  expect(JSON.parse(first)).toEqual({
    timeNs: '1700000000000000001',
    name: 'shop:order, "big"',
    trace: '',
    stream: 0,
    packetContext: { cpu_id: 3 },
    commonContext: { vpid: -7 },
    payload: {
      great: '18446744073709551614',
      note: 'a\n"b",',
      state: { value: 1, labels: ['new', 'low'] },
      place: { city: 'Köln' },
    },
  });
  expect(JSON.parse(second)).toMatchObject({ payload: { great: 5, state: { value: 9, labels: [] } } });
});

test('JSON has whole numbers and labels alone where these are wanted', () => {
  const text = textOf((output) => jsonSink(output, parseParameters('integers=number,enums=label')));
  expect(text).toContain('{"timeNs":1700000000000000001,');
  expect(text).toContain('"great":18446744073709551614,');
  expect(text).toContain('"state":"new|low"');
  expect(text).toContain('"state":"9"');
});

test('columns of a table lead into fields and contexts', () => {
  const fields = 'fields=["great", "state", "place.city", "$ctx.vpid", "cpu_id", "note", "none", "place.x"]';
  expect(textOf((output) => csvSink(output, parseParameters(fields)))).toBe(
    'timeNs,name,trace,stream,great,state,place.city,$ctx.vpid,cpu_id,note,none,place.x\n' +
      '1700000000000000001,"shop:order, ""big""",,0,18446744073709551614,new|low,Köln,-7,3,"a\n""b"",",,\n' +
      '1700000000000000002,"shop:order, ""big""",,0,5,9,,-7,3,,,\n',
  );
});

// Random classes of events and random values: generated code and interpreter fill the same columns, and what Arrow and
// Parquet files of them hold is what was encoded.
import { makePlan, packetPaddingBytes, type FieldValue, type StructureFieldClass } from '@spoor/ctf';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRandom } from '../../../ctf/src/testing/encode-random.ts';
import { payloadsWithOrder } from '../../../ctf/src/testing/random-model.ts';
import { ArrowOutputs } from '../sink-columns-arrow/arrow-outputs.ts';
import { ParquetOutputs } from '../sink-columns-parquet/parquet-outputs.ts';
import { arrowRows, isSame, MemoryFiles, parquetRows, type Row } from '../testing/read-tables.ts';
import { makeAppend } from './append-fields.ts';
import type { TableOutputs } from './columns-sink.ts';
import { EventTable } from './event-table.ts';

interface Encoded {
  readonly bytes: Uint8Array;
  readonly value: { readonly [member: string]: FieldValue };
}

function encode(fieldClass: StructureFieldClass, seed: number, littleEndian: boolean): Encoded {
  const { bytes: content, value } = encodeRandom(fieldClass, seed, littleEndian);
  const bytes = new Uint8Array(content.length + packetPaddingBytes);
  bytes.set(content);
  return { bytes, value: value as Encoded['value'] };
}

/** Writes events of one class; in a sparse table every other row has no payload. */
function write(
  fieldClass: StructureFieldClass,
  events: readonly Encoded[],
  outputs: TableOutputs,
  compile: boolean,
  sparse: boolean,
  rowLimit: number,
): void {
  const table = new EventTable({ traces: { texts: ['t'] }, untimed: true }, sparse);
  const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 8);
  const wanted = new Map(plan.scopes.map(({ scope, node }) => [scope, node.members]));
  const columns = sparse ? table.columnsBelow('test', wanted) : table.columnsOf(wanted);
  const append = makeAppend(plan, [], columns, table.row, compile);
  const output = outputs.open('t', table.row, new Map([['fact', 'ä']]));
  const endRow = (index: number): void => {
    table.time.put(index, -index);
    table.timeNs.skip(1);
    table.trace.put(0);
    table.stream.put(index);
    table.cpuId.skip(1);
    table.row.length += 1;
    if (table.row.length < rowLimit) return;
    table.settle();
    output.write(table.row);
    table.row.reset();
  };
  for (const [index, { bytes }] of events.entries()) {
    append(bytes, new DataView(bytes.buffer), 0, new Float64Array(0));
    endRow(index);
    if (sparse) endRow(index);
  }
  table.settle();
  if (table.row.length > 0) output.write(table.row);
  output.close();
}

const snappy = { codec: 'SNAPPY', compress: snappyCompress } as const;

function check(
  rows: readonly Row[],
  fieldClass: StructureFieldClass,
  events: readonly Encoded[],
  sparse: boolean,
): void {
  expect(rows.length).toBe(events.length * (sparse ? 2 : 1));
  for (const [index, { value }] of events.entries()) {
    if (fieldClass.members.length === 0) continue;
    const row = rows[sparse ? index * 2 : index]!;
    const payload = row['payload'] as Row;
    const found = sparse ? payload['test'] : payload;
    if (!isSame(fieldClass, value, found)) expect(found).toEqual(value);
    if (sparse) expect((rows[index * 2 + 1]!['payload'] as Row)['test'] ?? null).toBeNull();
  }
}

test.each([
  ['1.8', false],
  ['2', true],
])(
  'random events of CTF %s are read back',
  async (_version, withNew) => {
    await fc.assert(
      fc.asyncProperty(
        payloadsWithOrder(withNew),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        fc.constantFrom(1, 3, 100),
        async ({ fieldClass, order }, seeds, sparse, rowLimit) => {
          const events = seeds.map((seed) => encode(fieldClass, seed, order === 'le'));
          const written = [true, false].map((compile) => {
            const files = new MemoryFiles();
            write(fieldClass, events, new ArrowOutputs(files, 'file'), compile, sparse, rowLimit);
            write(fieldClass, events, new ArrowOutputs(files, 'stream'), compile, sparse, rowLimit);
            write(fieldClass, events, new ParquetOutputs(files, snappy), compile, sparse, rowLimit);
            return files.files;
          });
          expect(written[0]).toEqual(written[1]);
          for (const [name, bytes] of written[0]!) {
            const rows = name.endsWith('.parquet') ? await parquetRows(bytes) : arrowRows(bytes);
            check(rows, fieldClass, events, sparse);
          }
        },
      ),
      { numRuns: 40 },
    );
  },
  120_000,
);

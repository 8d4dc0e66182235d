// Tables of the corpus' traces, read back by apache-arrow and hyparquet, against the values that the library reads; and
// by DuckDB, the way a person would.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrowSink } from '@spoor/components/arrow';
import { parquetSink } from '@spoor/components/parquet';
import { nodeCompressors, openTrace, type TraceSet } from '@spoor/components/node';
import { OutputPort, run, type Parameters } from '@spoor/graph';
import {
  arrowRows,
  isSame,
  MemoryFiles,
  parquetRows,
  type Row,
} from '../../packages/components/src/testing/read-tables.ts';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

/** Traces of more events are left to the test of one large trace. */
const mostEvents = 3000;

const wide: Parameters = new Map([['layout', 'wide']]);

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Compares the rows of a wide table with the events of the trace, one by one. */
function compare(set: TraceSet, rows: readonly Row[]): void {
  let index = 0;
  for (const event of set.events()) {
    const row = rows[index++]!;
    const { eventClass, stream } = event;
    const where = `row ${index} of ${rows.length}, ${event.name}`;
    expect(row, where).toBeDefined();
    const timed = stream.streamClass.clockClass !== undefined;
    expect(row['time_ns'] ?? null, where).toBe(timed ? set.baseNs + BigInt(event.timeNs) : null);
    expect([row['name'], row['trace'], row['stream']], where).toEqual([
      event.name,
      stream.trace.name,
      stream.index,
    ]);
    const { payload, specificContext } = eventClass;
    const scopes = [
      [payload, event.payload(), Object.values((row['payload'] ?? {}) as Row).filter((one) => !isEmpty(one))],
      [specificContext, event.specificContext(), [row['specific_context']]],
      [stream.streamClass.eventCommonContext, event.commonContext(), [row['common_context']]],
    ] as const;
    for (const [fieldClass, value, found] of scopes) {
      if (fieldClass === undefined || fieldClass.members.length === 0) continue;
      expect(found.length, where).toBe(1);
      if (!isSame(fieldClass, value, found[0])) expect(found[0], where).toEqual(value);
    }
    const { packetContext } = stream.streamClass;
    const shown = (row['packet_context'] ?? {}) as Row;
    for (const { name, fieldClass } of packetContext?.members ?? []) {
      if (isEmpty(shown[name])) continue;
      expect(isSame(fieldClass, event.packetContext()[name]!, shown[name]), `${where}: ${name}`).toBe(true);
    }
  }
  expect(rows.length).toBe(index);
}

function write(path: string, sink: ReturnType<typeof arrowSink>): TraceSet {
  const set = openTrace(path);
  sink.input.connect(new OutputPort('events', () => set.read()));
  run([sink]);
  return set;
}

function ignore(): void {}

describeNeeding(corpusNeeds('babeltrace-tests', 'tracecompass'), 'tables of the corpus', () => {
  const small = corpusTraces().filter(
    ({ family, bt204, bt21, eventCount, eventCount21, trace }) =>
      (family === 'babeltrace-tests' || family === 'tracecompass') &&
      !trace.includes('exp/') &&
      (bt21 === 'ok' || (bt21 === '' && bt204 === 'ok')) &&
      Math.max(eventCount, eventCount21) <= mostEvents,
  );
  test('there are such traces', () => expect(small.length).toBeGreaterThan(30));

  test.each(small.map((trace) => [`${trace.family}/${trace.trace}`, trace] as const))(
    '%s',
    async (_name, trace) => {
      const path = corpusTrace(trace);
      const files = new MemoryFiles();
      write(path, arrowSink(files, wide, false, ignore));
      const set = write(
        path,
        parquetSink(files, new Map([...wide, ['compression', 'gzip']]), nodeCompressors(), ignore),
      );
      compare(set, arrowRows(files.files.get('events.arrow')!));
      compare(openTrace(path), await parquetRows(files.files.get('events.parquet')!));
    },
  );

  test('a table a class', async () => {
    const path = corpusTrace({ family: 'tracecompass', trace: 'synctraces/scp_src' });
    const files = new MemoryFiles();
    const set = write(path, parquetSink(files, new Map(), nodeCompressors(), ignore));
    const rowsOf = new Map<string, Row[]>();
    for (const [file, bytes] of files.files) rowsOf.set(file, await parquetRows(bytes));
    for (const event of set.events()) {
      const row = rowsOf.get(`${event.name}.parquet`)!.shift()!;
      expect(row['time_ns']).toBe(set.baseNs + BigInt(event.timeNs));
      const { payload } = event.eventClass;
      if (payload === undefined || payload.members.length === 0) continue;
      if (!isSame(payload, event.payload(), row['payload'])) expect(row['payload']).toEqual(event.payload());
    }
    for (const [file, rows] of rowsOf) expect(rows, file).toEqual([]);
  });
});

/** The part of DuckDB's module that is used here. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRowsJson(): unknown[] }> }>;
    }>;
  };
}

// Not a dependency, for its programs are large and there for some platforms only.
const duckdbModule = '@duckdb/node-api';
const duckdb = await (import(duckdbModule) as Promise<DuckDb>).catch(() => undefined);
const duckdbNeed: Need = {
  group: 'duckdb',
  met: duckdb !== undefined,
  lack: 'no DuckDB (npm install --no-save @duckdb/node-api)',
};

describeNeeding(corpusNeeds('tracecompass'), 'the command writes tables', () => {
  const path = (): string =>
    corpusTrace({ family: 'tracecompass', trace: 'context-switches/context-switches-ust' });
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'spoor-columns-'));
  });
  afterAll(() => removeTree(dir));

  test.each(['parquet', 'arrow'])('-o %s', async (format) => {
    const out = join(dir, format);
    expect(spoor(['-o', format, '-w', out, '--event', 'lttng_ust*', path()])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const counts = new Map<string, number>();
    for (const { name } of openTrace(path()).events()) {
      const file = `${name.replace(':', '.')}.${format}`;
      if (name.startsWith('lttng_ust')) counts.set(file, (counts.get(file) ?? 0) + 1);
    }
    expect(counts.size).toBeGreaterThan(2);
    expect(readdirSync(out).sort()).toEqual([...counts.keys()].sort());
    for (const [file, count] of counts) {
      const bytes = new Uint8Array(readFileSync(join(out, file)));
      const rows = format === 'arrow' ? arrowRows(bytes) : await parquetRows(bytes);
      expect(rows.length, file).toBe(count);
    }
    const again = spoor(['-o', format, '-w', out, '--event', 'lttng_ust*', path()]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('is there already');
  });

  test('a stream on standard output, and what cannot be', () => {
    const file = join(dir, 'x.arrows');
    const words = [process.execPath, spoorProgram, '-o', 'arrow', path()];
    const done = spawnSync('sh', ['-c', '"$@" > "$0"', file, ...words], { encoding: 'utf8' });
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(arrowRows(readFileSync(file)).map((row) => row['name'])).toEqual(
      Array.from(openTrace(path()).events(), ({ name }) => name),
    );
    expect(spoor(['-o', 'parquet', path()]).stderr).toContain('tables are written to a directory');
    expect(spoor(['-c', 'sink.columns.arrow', '-p', 'layout=classes', path()]).stderr).toContain(
      'standard output takes one table only',
    );
    expect(
      spoor(['-c', 'sink.columns.parquet', '-p', 'rows=0', '-w', join(dir, 'no'), path()]).stderr,
    ).toContain('parameter "rows" is 0');
  });
});

describeNeeding(corpusNeeds('tracecompass'), 'tables of events that a filter makes', () => {
  test.each(['classes', 'wide'])('layout=%s', async (layout) => {
    const path = corpusTrace({ family: 'tracecompass', trace: 'synctraces/scp_src' });
    const dir = mkdtempSync(join(tmpdir(), 'spoor-columns-'));
    try {
      const spans = ['-c', 'filter.utils.spans', '-p', 'presets=["irqs"]', path];
      const sink = ['-c', 'sink.columns.parquet', '-p', `layout=${layout}`, '-w', join(dir, 'out')];
      expect(spoor([...sink, ...spans])).toMatchObject({ status: 0, stderr: '' });
      const times = spoor(['-o', 'json', ...spans])
        .stdout.trimEnd()
        .split('\n')
        .map((line) => BigInt((JSON.parse(line) as { timeNs: string }).timeNs));
      const [file = ''] = readdirSync(join(dir, 'out'));
      const rows = await parquetRows(new Uint8Array(readFileSync(join(dir, 'out', file))));
      expect(rows.map((row) => row['time_ns'])).toEqual(times);
    } finally {
      removeTree(dir);
    }
  });
});

describeNeeding([duckdbNeed, ...corpusNeeds('tracecompass')], 'DuckDB reads', () => {
  const path = (): string => corpusTrace({ family: 'tracecompass', trace: 'many-threads' });
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'spoor-columns-'));
    expect(spoor(['-o', 'parquet', '-w', join(dir, 'classes'), path()])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(
      spoor(['-c', 'sink.columns.parquet', '-p', 'layout=wide,rows=5000', '-w', join(dir, 'wide'), path()])
        .status,
    ).toBe(0);
  });
  afterAll(() => removeTree(dir));

  async function ask(sql: string): Promise<unknown[]> {
    const instance = await duckdb!.DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const answer = await connection.runAndReadAll(sql.replaceAll('DIR', dir));
    return answer.getRowsJson();
  }

  test('a kernel trace of 1,181 classes, a table a class', async () => {
    const set = openTrace(path());
    const expected = new Map<string, { count: number; sum: bigint }>();
    for (const event of set.events()) {
      const entry = expected.get(event.name) ?? { count: 0, sum: 0n };
      expected.set(event.name, entry);
      entry.count += 1;
      entry.sum += set.baseNs + BigInt(event.timeNs);
    }
    expect(readdirSync(join(dir, 'classes')).sort()).toEqual(
      [...expected.keys()].map((name) => `${name}.parquet`).sort(),
    );
    const found = await ask(
      `select parse_filename(filename, true), count(*)::varchar, sum(time_ns)::varchar
       from read_parquet('DIR/classes/*.parquet', filename = true, union_by_name = true) group by 1 order by 1`,
    );
    expect(found).toEqual(
      [...expected]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, { count, sum }]) => [name, String(count), String(sum)]),
    );
  });

  test('values by name, in both layouts', async () => {
    const expected: unknown[] = [];
    for (const event of openTrace(path()).events({})) {
      if (event.name !== 'sched_switch') continue;
      expected.push([event.field('prev_comm'), event.field('next_tid'), event.stream.cpuId]);
    }
    for (const sql of [
      `select payload.prev_comm, payload.next_tid, cpu_id from 'DIR/classes/sched_switch.parquet'`,
      `select payload.sched_switch.prev_comm, payload.sched_switch.next_tid, cpu_id from 'DIR/wide/events.parquet'
       where name = 'sched_switch'`,
    ]) {
      expect(await ask(sql)).toEqual(expected);
    }
  });
});

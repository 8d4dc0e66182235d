// Outputs that the test suite of babeltrace2 expects, of those of its traces that the corpus has, and of those that can
// be made again from what it has of them.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpusFolder, corpusTrace } from '../support/corpus.ts';
import { writeField, writeHeartbeat, writeParts, writeReal, writeSimple } from '../support/rebuilt-traces.ts';
import { spoor } from '../support/spoor.ts';
import type { ConformanceCase } from './cases.ts';
import { firstDifference } from './first-difference.ts';
import { removeTree } from '../support/removal.ts';

const family = 'babeltrace-tests';

function read(...path: readonly string[]): string {
  return readFileSync(join(corpusFolder(family), ...path), 'utf8');
}

function expected(component: string, name: string): string {
  return read('expect', component, name);
}

function folderOf(trace: string): string {
  return corpusTrace({ family, trace });
}

function make(trace: string, run: () => string | undefined): ConformanceCase {
  return { kind: 'reference', family, trace, run };
}

/** Does something in a folder of its own. */
function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-conformance-'));
  try {
    return work(folder);
  } finally {
    removeTree(folder);
  }
}

/** What `sink.text.details` prints without the names that hold paths. */
function detailsOf(path: string, parameters = ''): string {
  const names = 'with-trace-name=no,with-stream-name=no';
  return spoor(['-c', 'sink.text.details', '-p', `${names}${parameters}`, path]).stdout;
}

/** Clock classes as 2.0 prints them, of which 2.1 says the same in other words and another order. */
function inWordsOf20(text: string): string {
  return text.replaceAll(
    /^(?: +(UUID: .+)\n)?((?: +(?:Description|Frequency|Precision).*\n)+) +Offset from origin \(s\): (.*)\n +Offset from origin \(cycles\): (.*)\n( +Origin: Unix epoch\n)?/gm,
    (
      _,
      uuid: string | undefined,
      middle: string,
      seconds: string,
      cycles: string,
      origin: string | undefined,
    ) => {
      const indent = /^ */.exec(middle)![0];
      const more = [
        `Offset (s): ${seconds}`,
        `Offset (cycles): ${cycles}`,
        `Origin is Unix epoch: ${origin === undefined ? 'No' : 'Yes'}`,
        ...(uuid === undefined ? [] : [uuid]),
      ];
      return middle + more.map((line) => `${indent}${line}\n`).join('');
    },
  );
}

/** Live streams have names and numbers of their own, and messages that only say that time went on. */
function asOfFiles(text: string): string {
  const unnamed = text
    .replaceAll(/^\[.*\]\nMessage iterator inactivity:\n(?: .*\n)+\n?/gm, '')
    .replaceAll(/^ +Name: stream-\d+\n/gm, '');
  const numbers = new Map<string, Map<string, number>>();
  const blocks = inWordsOf20(unnamed)
    .split('\n\n')
    .map((block) => {
      // Identifiers of a relay daemon's streams are counted over all traces.
      const trace = /^\{Trace (\d+),/m.exec(block)?.[1] ?? '';
      const known = numbers.get(trace) ?? new Map<string, number>();
      numbers.set(trace, known);
      const number = (id: string): number => {
        if (!known.has(id)) known.set(id, known.size);
        return known.get(id)!;
      };
      return block.replaceAll(
        /(Stream ID |Stream \(ID )(\d+)/g,
        (_, words: string, id: string) => words + number(id),
      );
    });
  // The files that are kept have lost the space behind the name of an empty value.
  return blocks.join('\n\n').replaceAll(/ +$/gm, '').trimEnd();
}

function detailsCases(): ConformanceCase[] {
  const details = (trace: string, name: string): ConformanceCase =>
    make(`expect/src.ctf.fs/${name} of ${trace}`, () =>
      firstDifference(detailsOf(folderOf(trace)), inWordsOf20(expected('src.ctf.fs', name))),
    );
  const packetEnds = (trace: string, name: string): ConformanceCase =>
    make(`expect/src.ctf.fs/${name} of ${trace}`, () => {
      const text = detailsOf(folderOf(trace), ',with-metadata=no,compact=yes');
      const ends = text.split('\n').filter((line) => line.includes('Packet end'));
      return firstDifference(`${ends.join('\n')}\n`, expected('src.ctf.fs', name));
    });
  return [
    ...['1', '2'].flatMap((version) => [
      details(`${version}/succeed/array-align-elem`, 'trace-array-align-elem.expect'),
      details(`${version}/succeed/struct-array-align-elem`, 'trace-struct-array-align-elem.expect'),
      packetEnds(`${version}/succeed/lttng-crash`, 'trace-lttng-crash.expect'),
      packetEnds(`${version}/succeed/lttng-event-after-packet`, 'trace-lttng-event-after-packet.expect'),
    ]),
    make('expect/src.ctf.fs/trace-simple.expect', () =>
      inFolder((folder) => {
        const wanted = expected('src.ctf.fs', 'trace-simple.expect');
        writeSimple(wanted, folder);
        return firstDifference(detailsOf(folder), inWordsOf20(wanted));
      }),
    ),
    details('2/succeed/meta-clk-cls-before-trace-cls', 'trace-meta-clk-cls-before-trace-cls.expect'),
    ...['session-rotation', 'lttng-tracefile-rotation'].flatMap((name) => [
      details(`1/succeed/${name}`, `trace-${name}-ctf1-mip0.expect`),
      details(`1/succeed/${name}`, `trace-${name}-ctf1-mip1.expect`),
      details(`2/succeed/${name}`, `trace-${name}-ctf2-mip1.expect`),
    ]),
  ];
}

function queryCases(): ConformanceCase[] {
  return ['succeed1', 'lf-metadata'].map((name) =>
    make(`expect/src.ctf.fs/metadata-info-${name}.expect of 1/succeed/${name}`, () => {
      const args = [
        'query',
        'source.ctf.fs',
        'metadata-info',
        '-p',
        `path="${folderOf(`1/succeed/${name}`)}"`,
      ];
      return firstDifference(spoor(args).stdout, expected('src.ctf.fs', `metadata-info-${name}.expect`));
    }),
  );
}

/** What the tests of \`sink.text.details\` say to it, by the beginning of the name of the output. */
const styles: readonly (readonly [name: string, parameters: string])[] = [
  ['default', ''],
  ['default-compact', ',compact=yes'],
  ['default-compact-without-metadata', ',compact=yes,with-metadata=no'],
  ['default-compact-without-time', ',compact=yes,with-time=no'],
  ['default-without-data', ',with-data=no'],
  ['default-without-data-without-metadata', ',with-data=no,with-metadata=no'],
  ['default-without-metadata', ',with-metadata=no'],
  ['default-without-names', ',with-trace-name=no,with-stream-class-name=no'],
  ['default-without-time', ',with-time=no'],
  ['default-without-trace-name', ',with-trace-name=no'],
  ['default-without-uuid', ',with-uuid=no'],
];

/** All outputs of one trace, which is made again from the full one. */
function styleCases(): ConformanceCase[] {
  const full = 'default-ctf1-mip0.expect';
  return readdirSync(join(corpusFolder(family), 'expect/sink.text.details'))
    .sort()
    .map((name) => {
      const style = name.replace(/(?:-ctf[12])?(?:-mip[01])?\.expect$/, '');
      const parameters = styles.find(([known]) => known === style)?.[1];
      return make(`expect/sink.text.details/${name}`, () =>
        inFolder((folder) => {
          if (parameters === undefined) return 'nobody knows how it was made';
          let trace = join(folder, 'trace');
          writeHeartbeat(expected('sink.text.details', full), trace);
          if (name.includes('-ctf2-')) {
            const made = spoor(['-o', 'ctf', '--ctf-version', '2', '-w', join(folder, 'two'), trace]);
            if (made.status !== 0) return made.stderr;
            trace = join(folder, 'two');
          }
          const source = ['-c', 'source.ctf.fs', '-p', `inputs=["${trace}"],trace-name="the-trace"`];
          const sink = ['-c', 'sink.text.details', '-p', `with-stream-name=no${parameters}`];
          const text = spoor([...source, ...sink]).stdout;
          const wanted = inWordsOf20(expected('sink.text.details', name));
          return firstDifference(text, wanted);
        }),
      );
    });
}

/**
 * What is the same of a trace that was written again: babeltrace2 gives each packet that it writes a sequence number, from
 * which losses could be told, where we copy packets as they are; and 2.1 names selectors in place of numbering them.
 */
function asWritten(text: string): string {
  return text
    .replaceAll(/^ +(?:Supports discarded packets|Discarded packets have .*): .*\n/gm, '')
    .replaceAll(/Selector field (?:path|location) \[[^\]]*\]/g, 'Selector field');
}

/** Traces that were written again and read back. */
function writtenCases(): ConformanceCase[] {
  const parameters = ',with-uuid=no';
  const written = (name: string, from: (folder: string) => string): ConformanceCase =>
    make(`expect/sink.ctf.fs/trace-${name}.expect`, () =>
      inFolder((folder) => {
        const out = join(folder, 'out');
        const made = spoor(['-o', 'ctf', '-w', out, from(join(folder, 'in'))]);
        if (made.status !== 0) return made.stderr;
        const wanted = inWordsOf20(expected('sink.ctf.fs', `trace-${name}.expect`));
        return firstDifference(asWritten(detailsOf(out, parameters)), asWritten(wanted));
      }),
    );
  const real = (name: string, value: number, field: 'flt' | 'dbl'): ConformanceCase =>
    written(name, (folder) => {
      writeReal(value, field, folder);
      return folder;
    });
  const variants = [
    'no-underscore',
    'one-underscore',
    'reserved-keywords',
    'same-with-underscore',
    'two-underscores',
  ];
  return [
    real('float', -28.4751, 'flt'),
    real('double', 17_283.3881, 'dbl'),
    ...variants.map((name) =>
      written(`meta-variant-${name}`, () => folderOf(`1/succeed/meta-variant-${name}`)),
    ),
  ];
}

/** Sessions that a relay daemon served: what is in them is compared, read from files. */
function liveCases(): ConformanceCase[] {
  const live = (
    name: string,
    traceOf: (folder: string) => string,
    ordered: (text: string) => string = (text) => text,
  ): ConformanceCase =>
    make(`lttng-live/${name}`, () =>
      inFolder((folder) => {
        const ours = asOfFiles(detailsOf(traceOf(folder)));
        return firstDifference(ordered(ours), ordered(asOfFiles(read('lttng-live', name))));
      }),
    );
  /** A trace that came up later in its session stands at the beginning where it is read from files. */
  const inAnyOrder = (text: string): string => text.split('\n\n').sort().join('\n\n');
  const parts = (folder: string, ...names: readonly string[]): string => {
    for (const name of names) {
      writeParts(read('live-mctf', name), join(folder, name.replace(/^.*\/|\.mctf$/g, '')));
    }
    return folder;
  };
  return [
    live('cli-multi-domains.expect', () => folderOf('1/succeed/multi-domains')),
    live('split-metadata.expect', () => folderOf('1/live/split-metadata')),
    live('inactivity-discarded-packet.expect', () =>
      folderOf('1/packet-seq-num/7-lost-between-2-with-index'),
    ),
    live('stored-values.expect', (folder) => parts(folder, 'stored-values.mctf')),
    live(
      'new-streams.expect',
      (folder) => parts(folder, 'new-streams/first-trace.mctf', 'new-streams/second-trace.mctf'),
      inAnyOrder,
    ),
    make('lttng-live/cli-list-sessions.expect', () => {
      const done = spoor(['-i', 'lttng-live', 'net://localhost:1']);
      return done.status === 0 ? undefined : done.stderr;
    }),
  ];
}

/** A value in the notation of the fields' files. */
function fieldText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  // Floats alone have fractions here, and six digits of them.
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(6);
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  return entries.length === 0
    ? '{}'
    : entries.map(([name, item]) => `${name}: ${fieldText(item)}`).join('\n');
}

/** Single fields: class, bytes and value. */
function fieldCases(): ConformanceCase[] {
  const folder = join(corpusFolder(family), 'field-mp/ctf-1');
  return readdirSync(folder)
    .sort()
    .map((name) =>
      make(`field-mp/ctf-1/${name}`, () =>
        inFolder((trace) => {
          const { expected: wanted } = writeField(readFileSync(join(folder, name), 'utf8'), trace);
          const done = spoor(['-o', 'json', trace]);
          if (done.status !== 0) return done.stderr;
          const { payload } = JSON.parse(done.stdout) as { readonly payload: { readonly it: unknown } };
          return firstDifference(fieldText(payload.it), wanted);
        }),
      ),
    );
}

/** Outputs that no case can give, and why. */
const withoutTrace: ReadonlyMap<string, string> = new Map([
  ['lttng-live/cli-base.expect', 'the trace of the session is not in the corpus'],
]);

/** Expected outputs of the corpus that no case names. */
export function unusedOutputs(): readonly string[] {
  const root = corpusFolder(family);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.expect'),
  );
  const used = referenceCases().map(({ trace }) => trace.replace(/ of .*$/, ''));
  return names.filter((name) => !used.includes(name) && !withoutTrace.has(name));
}

/** All of them. */
export function referenceCases(): ConformanceCase[] {
  return [
    ...detailsCases(),
    ...queryCases(),
    ...styleCases(),
    ...writtenCases(),
    ...liveCases(),
    ...fieldCases(),
  ];
}

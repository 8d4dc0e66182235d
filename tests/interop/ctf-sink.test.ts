// `spoor convert -o ctf`: what is written is read by the real babeltrace2 without a word, and prints as the original.
import { openTrace } from '@spoor/components/node';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-ctf-sink-'));
afterAll(() => removeTree(scratch));

let count = 0;
function fresh(): string {
  return join(scratch, `out-${count++}`);
}

function written(args: readonly string[]): string {
  const out = fresh();
  const done = spoor(['-o', 'ctf', '-w', out, ...args]);
  expect(done, args.join(' ')).toMatchObject({ status: 0, stderr: '' });
  expect(done.stdout).toMatch(/^(?:Created CTF trace `.*`\.\n)+$/);
  return out;
}

/** Files below a directory. */
function filesOf(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

function textOf(args: readonly string[]): string {
  const done = babeltrace2(['--clock-gmt', ...args]);
  expect(done.status, done.stderr).toBe(0);
  return done.stdout;
}

/** The time since the line before is unknown at the start of a text, so the first line's differs. */
function withoutDeltas(text: string): string {
  return text.replaceAll(/\(\+[\d.?]+\)/g, '');
}

const families = ['babeltrace-tests', 'ctf-testsuite', 'tracecompass'] as const;

describeNeeding([command('babeltrace2'), ...corpusNeeds(...families, 'own-ust')], 'a copied trace', () => {
  // What the peer reads, of every tracer; the large ones would take long.
  const traces = corpusTraces().filter(
    ({ ctf, bt204, eventCount, trace }) =>
      ctf === '1.8' && bt204 === 'ok' && eventCount > 0 && eventCount < 120_000 && !trace.includes('/fail/'),
  );

  for (const trace of traces) {
    test(`${trace.family}/${trace.trace}`, { timeout: 120_000 }, () => {
      const original = corpusTrace(trace);
      const set = openTrace(original);
      const out = fresh();
      const done = spoor(['-o', 'ctf', '-w', out, original]);
      expect(done.status, done.stderr).toBe(set.warnings.length === 0 ? 0 : 1);
      const before = babeltrace2(['--clock-gmt', original]);
      const after = babeltrace2(['--clock-gmt', out]);
      expect(after.status, after.stderr).toBe(0);
      // No warning of the reader itself, and the same ones about what the tracer lost.
      expect(after.stderr).not.toMatch(/^\d\d-\d\d .* [WEF] /m);
      expect(after.stderr.split('WARNING').length).toBe(before.stderr.split('WARNING').length);
      expectSameText(after.stdout, before.stdout, trace.trace);
    });
  }

  const oneProcess = (): string => join(corpusFolder('tracecompass'), 'exp/testTrace-21482-20140324-160700');

  test('has the layout that the peer makes', () => {
    for (const original of [
      oneProcess(),
      join(corpusFolder('babeltrace-tests'), '1/succeed/multi-domains'),
    ]) {
      const theirs = fresh();
      expect(babeltrace2([original, '-o', 'ctf', '-w', theirs]).status).toBe(0);
      const ours = written([original]);
      expect(filesOf(ours)).toEqual(filesOf(theirs));
      // A second time nothing is written over.
      expect(spoor(['-o', 'ctf', '-w', ours, original]).status).toBe(0);
      expect(babeltrace2([original, '-o', 'ctf', '-w', theirs]).status).toBe(0);
      expect(filesOf(ours)).toEqual(filesOf(theirs));
    }
  });

  test('has its packets byte for byte', () => {
    const out = written([oneProcess()]);
    const [trace = ''] = readdirSync(out);
    for (const name of readdirSync(join(out, trace))) {
      if (name === 'metadata') continue;
      expect(readFileSync(join(out, trace, name)).equals(readFileSync(join(oneProcess(), name)))).toBe(true);
    }
  });

  test.each([
    ['exp/testTrace-21482-20140324-160700', ['--begin', '1395691626.386', '--end', '1395691626.390']],
    ['exp/testTrace-21482-20140324-160700', ['--begin', '1395691626.39']],
    ['exp/testTrace-21482-20140324-160700', ['--end', '1395691626.384612808']],
    ['exp/testTrace-21482-20140324-160700', ['--end', '0']],
    ['bug446190', ['--begin', '1412670961.9', '--end', '1412670963']],
    ['flipping-endianness', ['--begin', '1']],
    ['context-switches/context-switches-ust', ['--begin', '1']],
  ])('%s cut by %j', { timeout: 120_000 }, (name, options) => {
    const original = join(corpusFolder('tracecompass'), name);
    const out = written(['--clock-gmt', ...options, original]);
    const after = babeltrace2(['--clock-gmt', out]);
    expect(after).toMatchObject({ status: 0 });
    expect(withoutDeltas(after.stdout)).toBe(withoutDeltas(textOf([...options, original])));
  });

  test('of a clock that is not of 1 GHz, cut', () => {
    // The peer's trimmer crashes on this trace, so its whole text is what a cut at the epoch is held against.
    const original = join(corpusFolder('tracecompass'), 'dpdk_service_cores');
    expectSameText(textOf([written(['--begin', '1', original])]), textOf([original]), 'dpdk');
  });

  test('of a million events, whole and cut in the middle', { timeout: 120_000 }, () => {
    const original = join(corpusFolder('own-ust'), 'ust1m');
    const out = written([original]);
    expectSameText(textOf([out]), textOf([original]), 'ust1m');
    const set = openTrace(original);
    const times: number[] = [];
    for (const batch of set.batches()) times.push(batch.timeNs[0]!);
    const at = (index: number): string => {
      const ns = BigInt(times[index]!) + set.baseNs;
      return `${ns / 1_000_000_000n}.${`${ns % 1_000_000_000n}`.padStart(9, '0')}`;
    };
    const options = ['--begin', at(times.length >> 2), '--end', at((times.length * 3) >> 2)];
    const cut = written(['--clock-gmt', ...options, original]);
    const lines = withoutDeltas(textOf([cut]));
    expect(lines.length).toBeGreaterThan(10_000_000);
    expect(lines === withoutDeltas(textOf([...options, original]))).toBe(true);
  });

  test("of Spoor's own recording, whole and cut", { timeout: 60_000 }, () => {
    const folder = join(scratch, 'own');
    const program = `import { tracepoint, sequence } from '@spoor/tracer';
const sample = tracepoint('own:sample', { n: 'u32', text: 'string', values: sequence('u16'), x: 'f64' });
for (let n = 0; n < 5000; n++) sample(n, 'é' + n, [n & 255, 7], n / 3);
`;
    mkdirSync(folder);
    writeFileSync(join(repoRoot, '.cache', 'ctf-sink-program.mjs'), program);
    const original = join(folder, 'trace');
    const recorded = spoor([
      'record',
      '-o',
      original,
      '--',
      process.execPath,
      join(repoRoot, '.cache', 'ctf-sink-program.mjs'),
    ]);
    expect(recorded.status, recorded.stderr).toBe(0);
    expectSameText(textOf([written([original])]), textOf([original]), 'own');
    const cut = written(['--begin', '1', original]);
    const text = textOf([cut]);
    expectSameText(text, textOf([original]), 'own, cut');
    expect(text.split('own:sample').length - 1).toBe(5000);
  });

  test('parameters do what they do at the peer', () => {
    const out = fresh();
    const quiet = spoor([
      '-c',
      'sink.ctf.fs',
      '-p',
      `path="${out}",assume-single-trace=yes,quiet=yes`,
      oneProcess(),
    ]);
    expect(quiet).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(out)).toContain('metadata');
    expectSameText(textOf([out]), textOf([oneProcess()]), 'single');
    const again = spoor(['-c', 'sink.ctf.fs', '-p', `path="${out}",assume-single-trace=yes`, oneProcess()]);
    expect(again.status).toBe(1);
    expect(again.stderr).toMatch(/^spoor: .*metadata exists already \(name a new directory\)\n$/);
    const many = join(corpusFolder('babeltrace-tests'), '1/succeed/multi-domains');
    const several = spoor(['-c', 'sink.ctf.fs', '-p', `path="${fresh()}",assume-single-trace=yes`, many]);
    expect(several.stderr).toMatch(/^spoor: there are \d traces, not a single one/);

    const lossy = join(corpusFolder('babeltrace-tests'), '1/packet-seq-num/7-lost-between-2-with-index');
    expect(spoor([lossy]).stderr).toContain('lost');
    const silent = fresh();
    const ignoring = `path="${silent}",ignore-discarded-packets=yes,ignore-discarded-events=yes`;
    expect(spoor(['-c', 'sink.ctf.fs', '-p', ignoring, lossy]).status).toBe(0);
    const read = babeltrace2(['--clock-gmt', silent]);
    expect(read).toMatchObject({ status: 0, stderr: '' });
    expectSameText(read.stdout, textOf([lossy]), 'ignoring');
  });

  test('of a damaged trace has what could be read', () => {
    const copy = join(scratch, 'damaged');
    cpSync(oneProcess(), copy, { recursive: true });
    const stream = join(copy, 'channel_0');
    truncateSync(stream, statSync(stream).size - 9000);
    const out = fresh();
    const done = spoor(['-o', 'ctf', '-w', out, copy]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/channel_0: packet at byte \d+: the file ends inside the packet/);
    const ours = spoor(['--clock-gmt', copy]);
    expectSameText(textOf([out]), ours.stdout, 'damaged');
  });

  test('output that cannot be written is said in one line', () => {
    const needsPath = spoor(['-o', 'ctf', oneProcess()]);
    expect(needsPath).toMatchObject({
      status: 1,
      stderr: 'spoor: traces are written to a directory (name it with --output)\n',
    });
    // A limit of the file size stands for a disk that fills up.
    const limited = spawnSync(
      'bash',
      [
        '-c',
        'ulimit -f 2000; exec "$0" "$1" -o ctf -w "$2" "$3"',
        process.execPath,
        spoorProgram,
        fresh(),
        join(corpusFolder('own-ust'), 'ust1m'),
      ],
      { encoding: 'utf8' },
    );
    expect(limited.status).toBe(1);
    expect(limited.stderr).toMatch(/^spoor: writing .* failed: EFBIG: .*\n$/);
    const file = spoor(['-o', 'ctf', '-w', '/dev/null', oneProcess()]);
    expect(file.status).toBe(1);
    expect(file.stderr).toMatch(/^spoor: cannot make the directory \/dev\/null: .*\n$/);
  });
});

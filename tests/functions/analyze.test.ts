// What `spoor analyze` says of functions: of a program recorded by `--functions`, and of C programs whose calls LTTng's own
// libraries recorded.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cygProfileLibraries, cygProfileNeeds } from '../support/cyg-profile.ts';
import { runUnderLttng } from '../support/lttng.ts';
import { describeNeeding, repoRoot } from '../support/needs.ts';
import { summaryOf } from '../support/recording.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

interface Figures {
  readonly name: string;
  readonly source: string;
  readonly kind: string;
  readonly calls: number;
  readonly threw: number;
  readonly unfinished: number;
  readonly total_ns: number;
  readonly self_ns: number;
  readonly waiting_ns: number;
  readonly min_ns: number;
  readonly mean_ns: number;
  readonly p50_ns: number;
  readonly max_ns: number;
}

const folder = mkdtempSync(join(tmpdir(), 'spoor-functions-'));
afterAll(() => removeTree(folder));

function analyze(trace: string): ReadonlyMap<string, Figures> {
  const done = spoor(['analyze', '--json', trace]);
  expect(done.status, done.stderr).toBe(0);
  const { functions } = JSON.parse(done.stdout) as { readonly functions: readonly Figures[] };
  for (const one of functions) {
    expect(one.self_ns).toBeGreaterThanOrEqual(0);
    expect(one.total_ns).toBeGreaterThanOrEqual(one.self_ns);
    expect(one.min_ns).toBeLessThanOrEqual(one.p50_ns);
    expect(one.p50_ns).toBeLessThanOrEqual(one.max_ns);
  }
  const byName = new Map(functions.map((one) => [one.name, one]));
  expect(byName.size).toBe(functions.length);
  return byName;
}

const program = `import { setTimeout as sleep } from 'node:timers/promises';
function leaf(n) { if (n === 3) throw new Error('three'); return n; }
function branch(n) { try { return leaf(n) + leaf(n + 10); } catch { return 0; } }
function deep(n) { return n === 0 ? 0 : deep(n - 1); }
async function wait() { await sleep(20); branch(1); await sleep(20); }
function* numbers() { for (let n = 1; n < 5; n += 1) yield n; }
for (const n of numbers()) branch(n);
deep(6);
await Promise.all([wait(), wait()]);
`;

describe('functions of a program', () => {
  const trace = join(folder, 'js');
  beforeAll(() => {
    writeFileSync(join(folder, 'app.mjs'), program);
    const options = ['record', '--no-auto', '-o', trace, '--functions', 'app.mjs'];
    const done = spoor([...options, '--', process.execPath, 'app.mjs'], { cwd: folder });
    expect(done.status, done.stderr).toBe(0);
  });

  test('are counted and measured', () => {
    const functions = analyze(trace);
    const shown = [...functions.values()].map(
      ({ name, source, kind, calls, threw, unfinished }) =>
        `${kind} ${name} ${source}: ${calls} calls, ${threw} threw, ${unfinished} unfinished`,
    );
    expect(shown.sort()).toEqual([
      'coroutine numbers app.mjs:6:1: 1 calls, 0 threw, 0 unfinished',
      'coroutine wait app.mjs:5:1: 2 calls, 0 threw, 0 unfinished',
      'function branch app.mjs:3:1: 6 calls, 0 threw, 0 unfinished',
      'function deep app.mjs:4:1: 7 calls, 0 threw, 0 unfinished',
      'function leaf app.mjs:2:1: 11 calls, 1 threw, 0 unfinished',
    ]);
    const [wait, branch, leaf, deep] = ['wait', 'branch', 'leaf', 'deep'].map((name) => functions.get(name)!);
    // What a run does not wait it is on the stack.
    expect(wait!.waiting_ns).toBeGreaterThan(0);
    expect(wait!.waiting_ns + wait!.total_ns).toBeCloseTo(wait!.mean_ns * wait!.calls, 0);
    expect(branch!.total_ns - branch!.self_ns).toBe(leaf!.total_ns);
    // What recursion does is counted once: it takes as long as its outermost call.
    expect(deep!.total_ns).toBe(deep!.max_ns);
    expect(deep!.self_ns).toBe(deep!.total_ns);
  });

  test('stand in the report', () => {
    const { stdout } = spoor(['analyze', trace]);
    expect(stdout).toMatch(/^Functions, most time of their own first$/m);
    expect(stdout).toMatch(/^ {2}leaf app\.mjs:2 +11 /m);
    expect(stdout).toMatch(/^ {2}1 call threw$/m);
  });
});

test('an error whose stack throws loses nothing', () => {
  const own = join(folder, 'throwing');
  mkdirSync(own);
  writeFileSync(join(own, 'app.cjs'), "Promise.reject({ get stack() { throw 1; }, message: 'm' });");
  const options = ['record', '-o', 'trace', '--functions', 'app.cjs', '--', process.execPath, 'app.cjs'];
  const done = spoor(options, { cwd: own });
  expect(done.status, done.stderr).toBe(1);
  expect(summaryOf(done.stderr).lostCount).toBe(0);
  const report = JSON.parse(spoor(['analyze', '--json', join(own, 'trace')]).stdout) as {
    readonly functions: readonly Figures[];
    readonly unmatched_exits: number;
  };
  expect(report.unmatched_exits).toBe(0);
  expect(report.functions).toMatchObject([{ name: 'get stack', source: 'app.cjs:1:18', unfinished: 0 }]);
  // Node.js reads it, to no avail.
  expect(report.functions[0]!.threw).toBe(report.functions[0]!.calls);
});

describeNeeding(cygProfileNeeds(), 'functions of C programs', () => {
  const calls = join(folder, 'calls');
  const counts: Readonly<Record<string, number>> = { main: 1, outer: 2, inner: 12, deep: 5 };
  beforeAll(() => {
    const source = join(repoRoot, 'tests/support/ust/calls.c');
    const built = spawnSync('gcc', ['-g', '-O1', '-finstrument-functions', source, '-o', calls]);
    expect(built.status, String(built.stderr)).toBe(0);
  });

  test.each(cygProfileLibraries)('by %s', async (library) => {
    const trace = join(folder, library);
    mkdirSync(trace);
    await runUnderLttng({ dir: trace, contexts: ['vpid', 'vtid'] }, [
      ['env', `LD_PRELOAD=${library}`, calls],
    ]);
    const functions = analyze(trace);
    for (const [name, count] of Object.entries(counts)) {
      expect(functions.get(name), name).toMatchObject({ calls: count, unfinished: 0 });
      expect(functions.get(name)!.source).toMatch(/^calls\.c:\d+$/);
    }
  });

  test('have addresses for names where nothing tells what lies there', async () => {
    const trace = join(folder, 'raw');
    mkdirSync(trace);
    await runUnderLttng({ dir: trace, enable: ['lttng_ust_cyg_profile_fast:*'] }, [
      ['env', `LD_PRELOAD=${cygProfileLibraries[1]}`, calls],
    ]);
    const functions = [...analyze(trace).values()];
    for (const { name, source } of functions)
      expect([name, source]).toEqual([expect.stringMatching(/^0x[0-9a-f]+$/), '']);
    const found = functions.map((one) => one.calls).sort((a, b) => a - b);
    expect(found).toEqual(Object.values(counts).sort((a, b) => a - b));
  });
});

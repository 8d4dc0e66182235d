// Functions in the viewer: the spans that it draws of a recorded program, and of a C program whose calls LTTng recorded.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileBinaries, openTrace } from '@spoor/components/node';
import { TraceView, traceSetSource } from '@spoor/server';
import { cygProfileLibraries, cygProfileNeeds } from '../support/cyg-profile.ts';
import { runUnderLttng } from '../support/lttng.ts';
import { describeNeeding, repoRoot } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-functions-view-'));
afterAll(() => removeTree(folder));

async function viewOf(trace: string): Promise<TraceView> {
  const view = new TraceView(traceSetSource(openTrace(trace), [trace], new FileBinaries()));
  await view.index();
  expect(view.summary().failure).toBeUndefined();
  return view;
}

/** The calls of the only lane that has any, each as the names from the outermost to itself. */
function callsOf(view: TraceView, trackName = 'functions'): readonly string[] {
  const { tracks, firstNs, lastNs } = view.summary();
  const track = tracks.findIndex(({ name }) => name === trackName);
  const rows = Array.from({ length: tracks[track]!.depth }, (_, depth) => ({
    kind: 'depth' as const,
    track,
    depth,
  }));
  const { spans } = view.marks(rows, firstNs, lastNs + 1, 0);
  return spans
    .toSorted((a, b) => a.startNs - b.startNs || a.beginEvent - b.beginEvent)
    .map((span) => {
      const depth = Number(span.row.split('.')[1]);
      const around = spans.filter((other) => {
        const isHigher = Number(other.row.split('.')[1]) < depth;
        return (
          isHigher && other.beginEvent < span.beginEvent && (other.endEvent ?? Infinity) > span.endEvent!
        );
      });
      expect(around).toHaveLength(depth);
      expect(span.endNs).toBe(view.detail(span.endEvent!)!.timeNs);
      return [...around.toSorted((a, b) => a.beginEvent - b.beginEvent), span]
        .map(({ label }) => label.replace(/ \(.*/, ''))
        .join(' › ');
    });
}

const program = `function leaf(n) { if (n === 2) throw new Error('two'); return n; }
function branch(n) { try { return leaf(n); } catch { return leaf(0); } }
async function later() { leaf(5); await null; branch(2); await null; }
branch(1);
await Promise.all([later(), later()]);
`;

describe('functions of a program', () => {
  const trace = join(folder, 'js');
  beforeAll(() => {
    writeFileSync(join(folder, 'app.mjs'), program);
    const options = ['record', '--no-auto', '-o', trace, '--functions', 'app.mjs'];
    const done = spoor([...options, '--', process.execPath, 'app.mjs'], { cwd: folder });
    expect(done.status, done.stderr).toBe(0);
  });

  test('lie in each other as they were called', async () => {
    const view = await viewOf(trace);
    const once = ['later', 'later › branch', 'later › branch › leaf', 'later › branch › leaf', 'later'];
    expect(callsOf(view).toSorted()).toEqual(
      [
        'branch',
        'branch › leaf',
        ...[once, once].flat(),
        'later › leaf',
        'later › leaf',
        'later',
        'later',
      ].toSorted(),
    );
    const runs = view.summary().tracks.find(({ name }) => name === 'async functions')!;
    expect(runs).toMatchObject({ isCalls: false, spanCount: 2, openCount: 0, depth: 2 });
  });

  test('are found by their events, and have the hues of their functions', async () => {
    const view = await viewOf(trace);
    const { types, eventCount } = view.summary();
    const hues = new Map<string, Set<number | undefined>>();
    for (let event = 0; event < eventCount; event++) {
      const { span, type } = view.detail(event)!;
      const { name } = types[type]!;
      expect([span?.beginEvent, span?.endEvent]).toContain(event);
      if (!name.startsWith('js:func_')) continue;
      const own = hues.get(span!.label) ?? new Set();
      hues.set(span!.label, own.add(span!.hue));
    }
    expect([...hues.keys()].toSorted()).toEqual(['branch (app.mjs:2:1)', 'leaf (app.mjs:1:1)']);
    for (const own of hues.values()) expect([own.size, own.has(undefined)]).toEqual([1, false]);
  });
});

describeNeeding(cygProfileNeeds(), 'functions of a C program', () => {
  test.each(cygProfileLibraries)('by %s', async (library) => {
    const calls = join(folder, 'calls');
    const source = join(repoRoot, 'tests/support/ust/calls.c');
    const built = spawnSync('gcc', ['-g', '-O1', '-finstrument-functions', source, '-o', calls]);
    expect(built.status, String(built.stderr)).toBe(0);
    const trace = join(folder, library);
    mkdirSync(trace);
    await runUnderLttng({ dir: trace, contexts: ['vpid', 'vtid'] }, [
      ['env', `LD_PRELOAD=${library}`, calls],
    ]);
    const deep = Array.from({ length: 5 }, (_, at) => [
      'main',
      ...Array.from({ length: at + 1 }, () => 'deep'),
    ]);
    expect(callsOf(await viewOf(trace))).toEqual([
      'main',
      ...Array.from({ length: 8 }, () => 'main › inner'),
      ...[1, 2].flatMap(() => ['main › outer', 'main › outer › inner', 'main › outer › inner']),
      ...deep.map((names) => names.join(' › ')),
    ]);
  });
});

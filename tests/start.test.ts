// `npm start` without its bootstrap, on a short load: the whole way from the tracepoints to the report.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { babeltrace2 } from './support/lttng.ts';
import { repoRoot } from './support/machine.ts';
import { command, describeNeeding } from './support/needs.ts';
import { expectSameText } from './support/same-text.ts';
import { spoor, spoorProgram } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

interface JsonReport {
  readonly events: number;
  readonly event_counts: readonly { readonly name: string; readonly count: number }[];
  readonly processes: readonly unknown[];
  readonly threads: readonly { readonly name: string }[];
  readonly lost: readonly { readonly stream: string; readonly events: number }[];
  readonly warnings: readonly string[];
  readonly requests: {
    readonly count: number;
    readonly slowest: readonly {
      readonly duration_ns: number;
      readonly parts: readonly { readonly kind: string; readonly duration_ns: number }[];
    }[];
  };
  readonly unmatched: { readonly ends: number };
}

describe('npm start', () => {
  let folder: string;
  let output: string;
  let run: ReturnType<typeof start>;

  function start(args: readonly string[]) {
    return spawnSync(process.execPath, [join(repoRoot, 'scripts/start.mjs'), ...args], {
      encoding: 'utf8',
      timeout: 110_000,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    });
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'spoor-start-'));
    output = join(folder, 'trace');
    run = start(['--requests', '1500', '--output', output]);
  });
  afterAll(() => removeTree(folder));

  test('records the shop, and tells what the trace shows', () => {
    expect(run.stderr).toContain('recording examples/shop while it serves 1,500 requests');
    expect(run.status).toBe(0);
    expect(existsSync(output)).toBe(true);
    for (const title of [
      'Trace',
      'Events',
      'HTTP requests served',
      'Slowest requests',
      'Garbage collection',
      'Event loops',
    ]) {
      expect(run.stdout).toMatch(new RegExp(`^${title}`, 'm'));
    }
    expect(run.stdout).toContain('none lost');
    expect(run.stdout).toContain('main of shop.mjs');
    expect(run.stdout).toContain(`spoor view --open ${output}`);
    // Progress is not in the answer.
    expect(run.stdout).not.toContain('recording');
    for (const line of run.stdout.split('\n')) {
      if (!line.includes(output)) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  test('the trace has the many types of events that it is meant to have, and the parts of requests add up', () => {
    const analyzed = spoor(['analyze', '--json', output]);
    expect(analyzed.stderr).toBe('');
    expect(analyzed.status).toBe(0);
    const report = JSON.parse(analyzed.stdout) as JsonReport;
    expect(report.events).toBeGreaterThan(15_000);
    expect(report.event_counts.length).toBeGreaterThanOrEqual(25);
    expect(report.event_counts.reduce((sum, one) => sum + one.count, 0)).toBe(report.events);
    expect(report.processes.length).toBe(3);
    expect(report.threads.length).toBe(4);
    expect(report.warnings).toEqual([]);
    expect(report.lost).toEqual([]);
    expect(report.unmatched.ends).toBe(0);
    // The shop's requests, and the payment service's.
    expect(report.requests.count).toBeGreaterThan(1500);
    expect(report.requests.slowest.length).toBe(5);
    for (const { duration_ns: durationNs, parts } of report.requests.slowest) {
      expect(parts.reduce((sum, part) => sum + part.duration_ns, 0)).toBeCloseTo(durationNs, 0);
    }
  });

  describeNeeding([command('babeltrace2')], 'and babeltrace2', () => {
    test('reads as many events, without a warning', () => {
      const peer = babeltrace2([output, '--component', 'sink.utils.counter', '--params', 'step=+0']);
      expect(peer.stderr).toBe('');
      const counted = Number(/(\d+) Event messages/.exec(peer.stdout)?.[1]);
      const analyzed = JSON.parse(spoor(['analyze', '--json', output]).stdout) as JsonReport;
      expect(analyzed.events).toBe(counted);
    });

    test('prints the same text byte for byte: no automatic event and none of the shop carries an empty string', () => {
      const peer = babeltrace2([output]);
      const ours = spoor([output]);
      expect(peer.stderr + ours.stderr).toBe('');
      expect(ours.stdout).not.toContain('= ""');
      expectSameText(ours.stdout, peer.stdout, 'the shop');
    });
  });

  test('refuses options that it does not know', () => {
    for (const args of [['--nonsense'], ['--requests', 'many'], ['--requests', '0']]) {
      const refused = start(args);
      expect(refused.status).toBe(2);
      expect(refused.stderr).toMatch(/^spoor: .*usage: npm start/);
      expect(refused.stdout).toBe('');
    }
    expect(readdirSync(folder)).toEqual(['trace']);
  });
});

describe('spoor analyze', () => {
  test('tells of events that were lost, and of a stream that is cut short', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-lost-'));
    try {
      const program = join(folder, 'burst.mjs');
      const trace = join(folder, 'trace');
      const url = pathToFileURL(join(repoRoot, 'packages/tracer/dist/index.js')).href;
      writeFileSync(
        program,
        `import { tracepoint } from '${url}';
        const tick = tracepoint('burst:tick', { number: 'u32', text: 'string' });
        for (let number = 0; number < 300_000; number += 1) tick(number, 'a text that fills the ring');`,
      );
      const small = ['--subbuf-size', '4k', '--num-subbuf', '2', '--no-auto'];
      const recorded = spoor(['record', ...small, '-o', trace, '--', process.execPath, program]);
      expect(recorded.status).toBe(0);
      const report = JSON.parse(spoor(['analyze', '--json', trace]).stdout) as JsonReport;
      const lost = report.lost.reduce((sum, one) => sum + one.events, 0);
      expect(lost).toBeGreaterThan(0);
      expect(report.events + lost).toBe(300_000);
      expect(spoor(['analyze', trace]).stdout).toMatch(/[\d,]+ lost$/m);

      const stream = report.lost[0]!.stream;
      truncateSync(stream, statSync(stream).size - 100);
      const cut = spoor(['analyze', trace]);
      expect(cut.status).toBe(1);
      expect(cut.stdout).toContain(stream);
      expect(cut.stdout).toMatch(/^Notes$/m);
    } finally {
      removeTree(folder);
    }
  });

  test('ends quietly when its reader has gone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-pipe-'));
    try {
      const trace = join(folder, 'trace');
      spoor(['record', '-o', trace, '--', process.execPath, '-e', 'console.log(1)']);
      const script = '"$0" "$1" analyze "$2" | true; echo "${PIPESTATUS[0]}"';
      const piped = spawnSync('bash', ['-c', script, process.execPath, spoorProgram, trace], {
        encoding: 'utf8',
      });
      expect(piped.stderr).toBe('');
      expect(piped.stdout).toBe('0\n');
    } finally {
      removeTree(folder);
    }
  });

  test('says in a line what is wrong with its argument', () => {
    const missing = spoor(['analyze', '/does/not/exist']);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^spoor: [^\n]*\/does\/not\/exist[^\n]*\n$/);
    expect(missing.stdout).toBe('');
    const empty = mkdtempSync(join(tmpdir(), 'spoor-empty-'));
    try {
      const none = spoor(['analyze', empty]);
      expect(none.status).toBe(1);
      expect(none.stderr).toMatch(/^spoor: no trace in [^\n]*\n$/);
    } finally {
      removeTree(empty);
    }
    expect(spoor(['analyze', '--slowest', 'x', '/tmp']).status).not.toBe(0);
    expect(spoor(['analyze']).status).not.toBe(0);
  });
});

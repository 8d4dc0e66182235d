// `--tracefile-size` and `--tracefile-count` beside the real `lttng`: the same files, and traces that babeltrace2 reads.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patientlyMs, steps, withDaemon } from '../support/daemon.ts';
import { babeltrace2, buildUstProgram, lttngNeeds } from '../support/lttng.ts';
import { runLttngSteps } from '../support/lttng-steps.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { registerUrl } from '../support/session.ts';
import { spoor } from '../support/spoor.ts';
import { tracerUrl } from '../support/traced.ts';

/** A ring of three files, files without end, and one file. */
const channels: readonly string[] = [
  'ring --tracefile-size 8192 --tracefile-count 3',
  'open --tracefile-size 4096',
  'one',
];

/** Names of the first stream's files of a channel, without the number of the stream: `_0`, `index/_0.idx` … */
function namesOf(tree: readonly string[], channel: string): readonly string[] {
  const names = tree.flatMap((path) => {
    const found = new RegExp(`/(index/)?${channel}_0(_\\d+)?(\\.idx)?$`).exec(path);
    return found === null ? [] : `${found[1] ?? ''}${found[2] ?? ''}${found[3] ?? ''}`;
  });
  return [...new Set(names)].sort();
}

/** The numbers that follow on another from 0; how many there are differs with the sizes of events. */
function isRow(names: readonly string[]): boolean {
  const rows = ['_', 'index/_'].map((prefix) =>
    names
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .sort((a, b) => a - b),
  );
  return rows.every((row) => row.length > 4 && row.every((number, at) => number === at));
}

describeNeeding([...lttngNeeds(), command('babeltrace2')], 'trace files of limited size and number', () => {
  test(
    'have the names that LTTng gives them, and are read by babeltrace2',
    withDaemon(async (daemon) => {
      const generator = buildUstProgram(join(repoRoot, 'tests/support/ust/gen.c'));
      const options = '--subbuf-size 4096 --num-subbuf 64';
      const verbs = (event: string, buffers: string): string[] => [
        'create s',
        ...channels.map((channel) => `enable-channel -u ${channel} ${options} ${buffers}`),
        ...channels.map((channel) => `enable-event -u -c ${channel.split(' ')[0]} ${event}`),
        'start',
      ];
      const { steps: theirs } = runLttngSteps(
        [
          ...verbs("'gen:*'", '--buffers-pid').map((line) => `lttng ${line}`),
          `taskset -c 0 ${generator} 4000 1 0 1`,
          'lttng stop',
        ],
        'true',
      );
      for (const line of verbs('test:step', '')) {
        expect(
          spoor(
            line.split(' ').filter((word) => word !== ''),
            { env: daemon.environment },
          ).status,
        ).toBe(0);
      }
      const program = join(daemon.home, 'emit.mjs');
      writeFileSync(
        program,
        `import { setTimeout as pause } from 'node:timers/promises';
         import { tracepoint } from ${JSON.stringify(tracerUrl)};
         const step = tracepoint('test:step', { n: 'u32' });
         for (let n = 0; n < 4000; n += 1) {
           step(n);
           // Sub-buffers of several lengths.
           if (n % 700 === 0) await pause(150);
         }`,
      );
      const env = daemon.environment as NodeJS.ProcessEnv;
      const ran = spawnSync(process.execPath, ['--import', registerUrl, program], { env, timeout: 60_000 });
      expect(ran.status).toBe(0);
      const client = await daemon.connect();
      const { losses } = await client.call('stop-session', { session: 's' });
      expect(losses).toMatchObject({ eventCount: 12_000 });
      const traces = join(daemon.home, 'lttng-traces');
      const ours = readdirSync(traces, { recursive: true, encoding: 'utf8' });
      const tree = theirs.at(-1)!.tree;
      // Streams are numbered through all channels of a process here, and by processor there.
      const own = (channel: string, ring: number): readonly string[] =>
        namesOf(
          ours.map((path) => path.replace(new RegExp(`/${channel}_${ring}(?=_|\\.|$)`), `/${channel}_0`)),
          channel,
        );
      expect(own('ring', 0)).toEqual(namesOf(tree, 'ring'));
      expect(own('one', 2)).toEqual(namesOf(tree, 'one'));
      expect(isRow(namesOf(tree, 'open'))).toBe(true);
      expect(isRow(own('open', 1))).toBe(true);
      for (const path of ours.filter((name) => /\/(?:ring|open)_\d+_\d+$/.test(name))) {
        const limit = path.includes('/ring_') ? 8192 : 4096;
        expect(statSync(join(traces, path)).size).toBeLessThanOrEqual(limit);
      }
      const read = babeltrace2([
        join(
          traces,
          ours.find((path) => path.endsWith('metadata'))!,
          '..',
        ),
      ]);
      expect(read.stderr).toBe('');
      expect(read.status).toBe(0);
      // Each file is a stream of its own to babeltrace2, and so to us.
      const numbers = steps(traces);
      expect(read.stdout.trim().split('\n')).toHaveLength(numbers.length);
      const counts = new Map<number, number>();
      for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
      // All are in two channels; in the third are the last ones.
      expect(counts.size).toBe(4000);
      const last = [...counts].filter(([, count]) => count === 3).map(([n]) => n);
      expect(last.length).toBeGreaterThan(0);
      expect(last.sort((a, b) => a - b)).toEqual(Array.from(last, (_, at) => 4000 - last.length + at));
    }),
    patientlyMs,
  );
});

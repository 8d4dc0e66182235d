// Shared memory as containers have it: 64 MiB for all threads and processes, read-only, none at all; and other users
// on the same machine.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, root } from '../support/needs.ts';
import { ownNode } from '../support/node-versions.ts';
import { RecordingPlace, program, readByPeer, summaryOf } from '../support/recording.ts';
import { spoorProgram } from '../support/spoor.ts';
import { TracedRun } from '../support/traced.ts';
import { tiersOf } from './tiers.ts';

const threads = join(repoRoot, 'tests/tiers/threads.mjs');
const noKoffi = { SPOOR_NO_KOFFI: '1' };

/** Runs `spoor record ARGS` after a script that arranges its mounts, which nobody else sees. */
function recordAfter(
  script: string,
  place: RecordingPlace,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const { SPOOR_RUN_DIR: _, ...usual } = place.environment;
  const words = [process.execPath, spoorProgram, 'record', '-o', place.traceDir, '--no-auto', ...args];
  return spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', `${script}\nexec "$@"`, 'sh', ...words],
    { encoding: 'utf8', env: { ...usual, ...environment }, timeout: 110_000, killSignal: 'SIGKILL' },
  );
}

const small = 'mount -t tmpfs -o size=64m none /dev/shm';

describeNeeding(
  [root(), command('unshare', 'root'), command('babeltrace2')],
  '64 MiB of shared memory',
  () => {
    test.each([{}, noKoffi])('are enough for 33 threads at the same time (%j)', (environment) => {
      using place = new RecordingPlace();
      const args = ['--blocking-timeout', 'inf', '--', 'node', threads, '32', '500'];
      const done = recordAfter(small, place, args, environment);
      expect(done.status, done.stderr).toBe(0);
      expect(summaryOf(done.stderr)).toEqual({
        eventCount: 33 * 500,
        lostCount: 0,
        processCount: 1,
        threadCount: 33,
      });
      // 33 rings of 4 MiB would be twice as much as there is: sizes adapt, and the user is told.
      expect(done.stderr).toMatch(
        /^spoor: note: little shared memory: rings of threads are smaller than asked for \(\d+ × \d+k\)$/m,
      );
      expect(readByPeer(place.traceDir)).toEqual({ eventCount: 33 * 500, stderr: '' });
    });

    test('are enough for a cluster of 8 workers', () => {
      using place = new RecordingPlace();
      const args = ['--blocking-timeout', 'inf', '--', 'node', program('cluster.mjs'), '8', '2000'];
      const done = recordAfter(small, place, args);
      expect(done.status, done.stderr).toBe(0);
      expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 16_000, lostCount: 0, processCount: 9 });
      expect(readByPeer(place.traceDir)).toEqual({ eventCount: 16_000, stderr: '' });
    });
  },
);

describeNeeding([root(), command('unshare', 'root')], 'shared memory that cannot be written', () => {
  const count = ['--', 'node', program('count.mjs'), '100'];
  const readOnly = 'mount -t tmpfs -o ro none /dev/shm';

  test('nothing starts, and the message says what to do', () => {
    using place = new RecordingPlace();
    const done = recordAfter(readOnly, place, count);
    expect(done).toMatchObject({ status: 1, stdout: '' });
    expect(done.stderr).toMatch(/^spoor: \/dev\/shm\/spoor-0: cannot make .*EROFS.*SPOOR_RUN_DIR.*\n$/);
    expect(existsSync(place.traceDir)).toBe(false);
  });

  test('another directory does', () => {
    using place = new RecordingPlace();
    const done = recordAfter(readOnly, place, count, { SPOOR_RUN_DIR: place.folder('run') });
    expect(done).toMatchObject({ status: 0, stdout: 'emitted 100\n' });
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 100, lostCount: 0 });
  });

  test('without /dev/shm it is made where there is a /dev', () => {
    using place = new RecordingPlace();
    const dev = place.folder('dev');
    const bind = ['null', 'urandom'].map(
      (name) => `touch ${dev}/${name}; mount --bind /dev/${name} ${dev}/${name}`,
    );
    const done = recordAfter([...bind, `mount --rbind ${dev} /dev`].join('\n'), place, count);
    expect(done).toMatchObject({ status: 0, stdout: 'emitted 100\n' });
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 100, lostCount: 0 });
  });

  test.each(tiersOf(ownNode).map((tier) => [tier.name, tier] as const))(
    'a program whose shared memory became read-only runs on untraced (%s)',
    (_, tier) => {
      using place = new RecordingPlace();
      const session = place.folder('session');
      // As a recorder would have left it for a program that is started late.
      using run = new TracedRun();
      const script = `mount --bind '${run.path}' '${session}'; mount -o remount,bind,ro '${session}'; exec "$@"`;
      const register = join(repoRoot, 'packages/tracer/dist/register.js');
      const node = [process.execPath, '--no-warnings', ...tier.nodeArgs, '--import', register];
      const done = spawnSync(
        'unshare',
        [
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-ec',
          script,
          'sh',
          ...node,
          program('count.mjs'),
          '100',
        ],
        {
          encoding: 'utf8',
          env: { ...process.env, ...tier.environment, SPOOR_SESSION: session },
          timeout: 60_000,
        },
      );
      expect(done).toMatchObject({ status: 0, stdout: 'emitted 100\n', stderr: '' });
    },
  );
});

describeNeeding([root()], 'other users', () => {
  const nobody = { uid: 65_534, gid: 65_534 };

  test.each(tiersOf(ownNode).map((tier) => [tier.name, tier] as const))(
    'can neither cut nor read nor remove what a program records into (%s)',
    async (_, tier) => {
      using run = new TracedRun({ mode: 'overwrite' });
      // Even where the directory of the recording is open to everybody, and the program has no mask.
      chmodSync(run.path, 0o777);
      const attempts: (number | null)[] = [];
      const ended = await run.run(
        `import { existsSync } from 'node:fs';
        process.umask(0);
        const tick = tracepoint('test:tick', { n: 'u32' });
        counter('test:count').add();
        tick(0);
        for (let n = 1; !existsSync(${JSON.stringify(join(run.path, 'go-on'))}); n += 1) {
          tick(n);
          await new Promise((done) => setTimeout(done, 5));
        }
        for (let n = 0; n < 100_000; n += 1) tick(n);
        console.log('unharmed');`,
        {
          nodeArgs: ['--no-warnings', ...tier.nodeArgs],
          env: tier.environment,
          whileRunning() {
            const [ring] = run.ringPaths();
            if (ring === undefined || attempts.length > 0) return;
            const folder = join(ring, '../..');
            const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) =>
              one.isFile(),
            );
            for (const file of files) {
              const path = join(file.parentPath, file.name);
              // What is being replaced at this moment is gone.
              const stat = statSync(path, { throwIfNoEntry: false });
              if (stat !== undefined) expect(stat.mode & 0o077, path).toBe(0);
              for (const words of [
                ['truncate', '-s', '0', path],
                ['cat', path],
                ['rm', '-f', path],
                ['mv', path, `${path}.moved`],
              ]) {
                attempts.push(spawnSync(words[0]!, words.slice(1), nobody).status);
              }
            }
            mkdirSync(join(run.path, 'go-on'));
          },
        },
      );
      expect(ended).toMatchObject({ status: 0, stdout: 'unharmed\n', stderr: '' });
      expect(attempts.length).toBeGreaterThan(12);
      expect(attempts.every((status) => status === 1)).toBe(true);
      const [ring] = run.drain();
      expect(ring!.state.lostEvents).toBe(0);
      expect(ring!.eventCount).toBeGreaterThan(10_000);
    },
  );
});

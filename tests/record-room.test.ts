// `spoor record` where disks or shared memory have no room, as namespaces of their own make them, and on programs in such.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, describeNeeding, root } from './support/needs.ts';
import {
  RecordingPlace,
  linesOf,
  lossesToldByPeer,
  program,
  readByPeer,
  summaryOf,
} from './support/recording.ts';
import { spoorProgram } from './support/spoor.ts';

describeNeeding([root(), command('unshare'), command('babeltrace2')], 'spoor record in namespaces', () => {
  /** Runs `spoor record` in a mount namespace with a tmpfs of `sizeKiB` at `mountPoint`, then a command there. */
  function onSmallTmpfs(
    place: RecordingPlace,
    sizeKiB: number,
    mountPoint: string,
    args: readonly string[],
    after: string,
  ) {
    const words = [process.execPath, spoorProgram, 'record', ...args].map((word) => `'${word}'`).join(' ');
    const script = `mount -t tmpfs -o size=${sizeKiB}k,mode=700 none '${mountPoint}' && { ${words}; status=$?; ${after}; exit $status; }`;
    return spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      encoding: 'utf8',
      env: { ...place.environment, ...(mountPoint.includes('run') ? { SPOOR_RUN_DIR: mountPoint } : {}) },
      timeout: 100_000,
    });
  }

  test.each([
    ['PID', ['--pid', '--fork', '--kill-child', '--mount-proc']],
    ['PID (with the /proc of another)', ['--pid', '--fork', '--kill-child']],
    ['time', ['--time', '--boottime', '100000', '--monotonic', '100000']],
    ['time (which began before the machine)', ['--time', '--boottime', '-100']],
  ])('a program in a namespace of its own is recorded to its end: %s', (_, namespaces) => {
    using place = new RecordingPlace();
    const inside = ['unshare', ...namespaces];
    const done = place.record([
      '--no-auto',
      '--',
      ...inside,
      'node',
      program('count.mjs'),
      '150000',
      '400000',
    ]);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 150_000, lostCount: 0, processCount: 1 });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 150_000, stderr: '' });
  });

  test('a process that /proc does not show to others is not taken for ended', () => {
    const script =
      'mount -t proc -o hidepid=2 none /proc && setpriv --reuid=65534 --regid=65534 --clear-groups "$0" -e \'import(process.argv[1]).then(({ runsSince }) => console.log([1, process.pid, 4_000_000].map((pid) => runsSince(undefined, pid))))\' "$1"; exit $?';
    const words = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, process.execPath];
    const module = new URL('../packages/ringbuffer/dist/index.js', import.meta.url).href;
    const done = spawnSync('unshare', [...words, module], { encoding: 'utf8', timeout: 60_000 });
    expect(done.stderr).toBe('');
    expect(done.stdout).toBe('[ true, true, false ]\n');
  });

  test('the disk is full: the program runs on, what fits is readable, the status says that it is not all', () => {
    using place = new RecordingPlace();
    const disk = place.folder('disk');
    const copy = place.folder('copy');
    const args = [
      '-o',
      `${disk}/trace`,
      '--no-auto',
      '--',
      'node',
      program('count.mjs'),
      '1000000',
      '1000000',
    ];
    const done = onSmallTmpfs(place, 4096, disk, args, `cp -r '${disk}/trace' '${copy}'`);
    expect(done.status, done.stderr).toBe(1);
    expect(done.stdout).toBe('emitted 1000000\n');
    const lines = linesOf(done.stderr);
    expect(lines[0]).toMatch(/the disk is full \[ENOSPC\]/);
    expect(lines.filter((line) => line.includes('the disk is full'))).toHaveLength(1);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(eventCount + lostCount).toBe(1_000_000);
    expect(eventCount).toBeGreaterThan(100_000);
    expect(readByPeer(join(copy, 'trace')).eventCount).toBe(eventCount);
  });

  test('the disk is full when a flight recorder is written: the oldest packets fit', () => {
    using place = new RecordingPlace();
    const disk = place.folder('disk');
    const copy = place.folder('copy');
    const flags = ['-o', `${disk}/trace`, '--overwrite', '--no-auto'];
    const args = [...flags, '--', 'node', program('count.mjs'), '1000000'];
    const done = onSmallTmpfs(place, 2048, disk, args, `cp -r '${disk}/trace' '${copy}'`);
    expect(done.status, done.stderr).toBe(1);
    const overwritten = Number(
      /([\d,]+) older events overwritten/.exec(done.stderr)?.[1]?.replaceAll(',', ''),
    );
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(eventCount + lostCount + overwritten).toBe(1_000_000);
    expect(Math.min(eventCount, lostCount, overwritten)).toBeGreaterThan(10_000);
    expect(readByPeer(join(copy, 'trace'))).toEqual({ eventCount, stderr: '' });
  });

  test('the disk is full for a while only: the gap is told in the trace', () => {
    using place = new RecordingPlace();
    const disk = place.folder('disk');
    const copy = place.folder('copy');
    const turns = place.folder('turns');
    // The first portion is more than disk and ring hold; the ballast goes away after it, with room for the rest.
    const helper = join(place.root, 'helper.sh');
    writeFileSync(
      helper,
      `head -c 60000000 /dev/zero > '${disk}/ballast'
      touch '${turns}/go-0'
      (until [ -e '${turns}/done-0' ]; do sleep 0.05; done; rm '${disk}/ballast'; touch '${turns}/go-1') &
      exec "$@"
      `,
    );
    const command = ['node', program('in-portions.mjs'), turns, '700000', '100000'];
    const args = ['-o', `${disk}/trace`, '--no-auto', '--', 'sh', helper, ...command];
    const done = onSmallTmpfs(place, 62_000, disk, args, `cp -r '${disk}/trace' '${copy}'`);
    expect(done.status, done.stderr).toBe(0);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(eventCount + lostCount).toBe(800_000);
    expect(lostCount).toBeGreaterThan(0);
    const peer = readByPeer(join(copy, 'trace'));
    expect(peer.eventCount).toBe(eventCount);
    expect(lossesToldByPeer(join(copy, 'trace'))).toBe(lostCount);
  });

  test.each([0, 1])('no shared memory is left but %i pages: nothing starts', (freePages) => {
    using place = new RecordingPlace();
    const run = place.folder('run');
    const filled = `${run}/ballast`;
    const script = `mount -t tmpfs -o size=64k,mode=700 none '${run}' && head -c ${65_536 - 4096 * freePages} /dev/zero > '${filled}'; exec "$@"`;
    const args = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      spoorProgram,
    ];
    const done = spawnSync('unshare', [...args, 'record', '-o', place.traceDir, '--', 'echo', 'started'], {
      encoding: 'utf8',
      env: { ...place.environment, SPOOR_RUN_DIR: run },
    });
    expect(done.status, done.stderr).toBe(1);
    expect(done.stdout).toBe('');
    expect(linesOf(done.stderr)).toEqual([expect.stringMatching(/no shared memory is left.*SPOOR_RUN_DIR/)]);
    expect(existsSync(place.traceDir)).toBe(false);
  });

  test('little shared memory: smaller rings, said in the summary', () => {
    using place = new RecordingPlace();
    const run = place.folder('run');
    const args = ['-o', place.traceDir, '--no-auto', '--', 'node', program('count.mjs'), '20000', '20000'];
    const done = onSmallTmpfs(place, 1024, run, args, `ls '${run}'`);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toBe('emitted 20000\n');
    expect(done.stderr).toMatch(/note: .*(?:little shared memory|smaller)/);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(eventCount + lostCount).toBe(20_000);
    expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
  });

  test.each([8, 10, 12, 14, 16])(
    'shared memory for no process at all (%i KiB): the summary says why',
    (sizeKiB) => {
      using place = new RecordingPlace();
      const run = place.folder('run');
      const args = ['-o', place.traceDir, '--no-auto', '--', 'node', program('count.mjs'), '1000'];
      const done = onSmallTmpfs(place, sizeKiB, run, args, 'true');
      expect(done.stdout).toBe('emitted 1000\n');
      expect(done.stderr).toMatch(/no shared memory is left.*SPOOR_RUN_DIR/);
      expect(done.status).toBe(1);
    },
  );

  test('shared memory for rings, but not for a class that comes later: its events are counted', () => {
    using place = new RecordingPlace();
    const run = place.folder('run');
    const args = [
      '-o',
      place.traceDir,
      '--no-auto',
      '--',
      'node',
      program('late-class.mjs'),
      join(run, 'filler'),
    ];
    const done = onSmallTmpfs(place, 16 * 1024, run, args, 'true');
    expect(done.stderr).toMatch(/event t:late is not recorded: no shared memory is left/);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 100, lostCount: 100 });
    expect(done.status).toBe(1);
    expect(readByPeer(place.traceDir).eventCount).toBe(100);
  });

  test('shared memory for no ring at all: the program runs untraced and the summary says why', () => {
    using place = new RecordingPlace();
    const run = place.folder('run');
    const args = ['-o', place.traceDir, '--no-auto', '--', 'node', program('count.mjs'), '1000'];
    const done = onSmallTmpfs(place, 32, run, args, 'true');
    expect(done.stdout).toBe('emitted 1000\n');
    expect(done.stderr).toMatch(/no shared memory left for a ring/);
    expect(done.status).toBe(1);
  });
});

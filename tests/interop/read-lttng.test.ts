// What `spoor DIR` prints of traces that the real LTTng-UST has recorded a moment before equals what the real
// babeltrace2 prints, byte for byte, and so do the warnings on standard error.
// The recorded program emits no empty string: babeltrace2 2.0.4 prints an older string in its place.
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { babeltrace2, buildUstProgram, lttngNeeds, recordUst, runUnderLttng } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

/**
 * LTTng's count of discarded events can be lower in a later packet; the peer then warns of nearly 2^64 of them. We
 * take it as none.
 */
function withoutWrapped(warnings: string): string {
  return warnings.replace(/^WARNING: Tracer discarded 18446744073\d{9} events .*\n/gm, '');
}

/** Both readers on one trace: equal text, equal warnings, success. Returns the number of events. */
function expectSameReading(args: string | readonly string[], timeZone = 'UTC'): number {
  const words = typeof args === 'string' ? [args] : args;
  const peer = babeltrace2(words, { env: { TZ: timeZone } });
  expect(peer.status, peer.stderr.slice(0, 2000)).toBe(0);
  const own = spoor(words, { env: { TZ: timeZone } });
  expect(own.status, own.stderr.slice(0, 2000)).toBe(0);
  expectSameText(own.stdout, peer.stdout, 'standard output');
  expectSameText(own.stderr, withoutWrapped(peer.stderr), 'standard error');
  return peer.stdout.split('\n').length - 1;
}

describeNeeding([...lttngNeeds(), command('babeltrace2')], 'text of LTTng-UST traces', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-interop-'));
  afterAll(() => removeTree(scratch));

  test('per user, with context fields, several threads', async () => {
    const contexts = ['vpid', 'vtid', 'procname', 'pthread_id', 'ip'];
    const dir = join(scratch, 'uid');
    await recordUst({ dir, events: 60_000, contexts });
    expect(expectSameReading(dir)).toBe(60_000);
    expect(expectSameReading(dir, 'Asia/Kathmandu')).toBe(60_000);
  });

  test('per process, two processes', async () => {
    const dir = join(scratch, 'pid');
    await recordUst({ dir, events: 20_000, buffers: 'pid', runs: 2, contexts: ['vtid'] });
    expect(readdirSync(join(dir, 'ust/pid'))).toHaveLength(2);
    expect(expectSameReading(dir)).toBe(40_000);
  });

  test('small packets, a pause over the wrap of the 27-bit clock, one thread', async () => {
    const dir = join(scratch, 'wrap');
    await recordUst({
      dir,
      events: 6_000,
      threads: 1,
      pauseUs: 200_000,
      subBufferSizeBytes: 4096,
      subBufferCount: 64,
      buffers: 'pid',
    });
    expect(expectSameReading(dir)).toBe(6_000);
  });

  test('discarded events', async () => {
    const dir = join(scratch, 'discarded');
    await recordUst({ dir, events: 200_000, pauseUs: 0, subBufferSizeBytes: 4096, subBufferCount: 2 });
    expect(babeltrace2([dir]).stderr).toContain('Tracer discarded');
    expect(expectSameReading(dir)).toBeLessThan(200_000);
  });

  test('overwritten packets', async () => {
    const dir = join(scratch, 'overwritten');
    await recordUst({
      dir,
      events: 100_000,
      pauseUs: 0,
      subBufferSizeBytes: 4096,
      subBufferCount: 2,
      buffers: 'pid',
      runs: 2,
      mode: 'overwrite',
    });
    expect(babeltrace2([dir]).stderr).toMatch(/discarded \d+ packet/);
    expect(expectSameReading(dir)).toBeLessThan(200_000);
  });

  test('a snapshot', async () => {
    const dir = join(scratch, 'snapshot');
    await recordUst({ dir, events: 100_000, mode: 'snapshot', subBufferSizeBytes: 65536, subBufferCount: 4 });
    expect(expectSameReading(dir)).toBeGreaterThan(1000);
  });

  test('the index files are not needed', async () => {
    const dir = join(scratch, 'no-index');
    cpSync(join(scratch, 'uid'), dir, { recursive: true });
    rmSync(join(dir, 'ust/uid/0/64-bit/index'), { recursive: true });
    expect(expectSameReading(dir)).toBe(60_000);
  });

  test.each([
    '--clock-seconds',
    '--clock-date --clock-gmt',
    '--clock-cycles --no-delta',
    '--names all --fields all',
    '--names none',
    '--names payload --fields trace:hostname,loglevel',
    '--fields trace',
  ])('options %s', (options) => {
    const words = [...options.split(' '), join(scratch, 'pid')];
    expect(expectSameReading(words, 'America/St_Johns')).toBe(40_000);
  });

  test('a part of the time', () => {
    const dir = join(scratch, 'pid');
    const times = babeltrace2([dir]).stdout.split('\n').slice(0, -1);
    const time = (index: number): string => times[index]!.slice(1, 19);
    const words = [`--begin=${time(10_000)}`, `--end=${time(30_000)}`, dir];
    expect(expectSameReading(words)).toBeGreaterThanOrEqual(20_001);
  });

  test('together with a trace of our own, on one time line', async () => {
    const dir = join(scratch, 'both');
    const lttng = join(dir, 'lttng');
    const own = join(dir, 'spoor');
    const gen = buildUstProgram(join(repoRoot, 'tests/support/ust/gen.c'));
    const program = join(import.meta.dirname, 'programs/every-type.mjs');
    const record = [process.execPath, spoorProgram, 'record', '--no-auto', '-o', own, '--'];
    const emit = [gen, '2000', '2', '1500', '7'];
    const node = [...record, process.execPath, program, '100'];
    await runUnderLttng({ dir: lttng, enable: ['gen:*'] }, [emit, node, emit]);
    expect(expectSameReading([own, lttng])).toBe(2 * 2000 + 1800);
    expect(expectSameReading(dir)).toBe(2 * 2000 + 1800);
    const lines = spoor([dir]).stdout.split('\n');
    const first = lines.findIndex((line) => line.includes(' types:'));
    const last = lines.findLastIndex((line) => line.includes(' types:'));
    // What ran between two runs of the LTTng program lies between their events.
    expect([first, last]).toEqual([2000, 2000 + 1800 - 1]);
  });

  test('a stream cut short keeps the events before the cut', () => {
    const dir = join(scratch, 'cut');
    cpSync(join(scratch, 'uid'), dir, { recursive: true });
    const folder = join(dir, 'ust/uid/0/64-bit');
    rmSync(join(folder, 'index'), { recursive: true });
    const whole = spoor([dir]).stdout;
    // The largest stream, cut well before the padding that ends its packet.
    const sizes = readdirSync(folder)
      .filter((name) => name.startsWith('ch0_'))
      .map((name) => ({ path: join(folder, name), size: statSync(join(folder, name)).size }));
    const { path, size } = sizes.reduce((most, stream) => (stream.size > most.size ? stream : most));
    truncateSync(path, Math.trunc(size * 0.6) | 1);
    const own = spoor([dir]);
    expect(own.stderr).not.toBe('');
    expect(own.stderr).not.toMatch(/\n\s+at /);
    const lines = own.stdout.split('\n').filter(Boolean);
    expect(lines.length).toBeGreaterThan(0);
    // Deltas differ where events before are missing: compare what follows them.
    const bodies = new Set(whole.split('\n').map((line) => line.slice(line.indexOf(')'))));
    expect(lines.every((line) => bodies.has(line.slice(line.indexOf(')'))))).toBe(true);
  });

  test('metadata cut short is a clear error', () => {
    const dir = join(scratch, 'no-metadata');
    cpSync(join(scratch, 'uid'), dir, { recursive: true });
    const metadata = join(dir, 'ust/uid/0/64-bit/metadata');
    writeFileSync(metadata, readFileSync(metadata).subarray(0, 3000));
    const own = spoor([dir]);
    expect(own.status).not.toBe(0);
    expect(own.stdout).toBe('');
    expect(own.stderr).toMatch(/^spoor: .*metadata/);
    expect(own.stderr).not.toMatch(/\n\s+at /);
  });
});

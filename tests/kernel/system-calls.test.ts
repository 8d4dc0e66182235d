// What `spoor analyze` says of system calls in recordings of the kernel: checked against what the program knows that it called, and
// against filter.utils.spans, which pairs their events in another way.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { patientlyMs } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const sleepNs = 50_000_000;
const source = `
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
static char bytes[1 << 24];
int main(void) {
  struct timespec time = {0, ${sleepNs}};
  for (int n = 0; n < 3; n++) clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
  for (int n = 0; n < 7; n++) if (truncate("/nowhere/at/all", 0) == 0) return 1;
  for (int n = 0; n < 50; n++) getpgid(0);
  if (getrandom(bytes, sizeof bytes, 0) <= 0) return 1;
  printf("%d", getpid());
  return 0;
}
`;

interface Call {
  readonly name: string;
  readonly waiting_ns: number | null;
}

interface Analysis {
  readonly system_calls: {
    readonly calls: readonly (Call & {
      readonly count: number;
      readonly failed: number;
      readonly total_ns: number;
      readonly max_ns: number;
    })[];
    readonly slowest: readonly (Call & {
      readonly tid: number | null;
      readonly thread_name: string;
      readonly duration_ns: number;
      readonly result: number | null;
    })[];
  };
}

describeNeeding([tracefs(), command('gcc')], 'system calls of a recording', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-calls-'));
  const program = join(folder, 'caller');
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(program, source);
  });

  /** What is recorded and told of the program, and its number. */
  function analysisOf(path: string, ...options: readonly string[]) {
    const done = spoor(['record', '--no-auto', ...options, '-o', path, '--', program]);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stderr).toContain('none lost');
    const analysed = spoor(['analyze', '--json', '--slowest', '1000', path]);
    expect(analysed.status, analysed.stderr).toBe(0);
    const { system_calls: found } = JSON.parse(analysed.stdout) as Analysis;
    return { pid: Number(done.stdout), ...found };
  }

  test(
    'are those of the program, with what they waited for and whether they failed',
    () => {
      const path = join(folder, 'usual');
      // Not every kernel records who comes to run behind an idle task (some virtual machines): the context tells whose calls they are.
      const { pid, calls, slowest } = analysisOf(path, '-k', '--kernel-context', 'tid');
      const of = (name: string) => calls.find((call) => call.name === name)!;
      expect(of('getpgid')).toMatchObject({ count: 50, failed: 0 });
      expect(of('truncate')).toMatchObject({ count: 7, failed: 7 });
      const sleeps = slowest.filter(({ name }) => name === 'clock_nanosleep');
      expect(of('clock_nanosleep').count).toBe(3);
      expect(sleeps).toHaveLength(3);
      for (const call of sleeps) {
        expect(call).toMatchObject({ tid: pid, thread_name: 'caller', result: 0 });
        expect(call.duration_ns).toBeGreaterThanOrEqual(sleepNs);
        expect(call.waiting_ns).toBeLessThanOrEqual(call.duration_ns);
        // It runs until it sleeps, and once it is woken.
        expect(call.waiting_ns).toBeGreaterThan(sleepNs / 2);
      }
      // To make so much of it takes milliseconds of processor time.
      const made = slowest.find(({ name, result }) => name === 'getrandom' && result === 1 << 24)!;
      expect(made.duration_ns - made.waiting_ns!).toBeGreaterThan(1_000_000);

      const report = spoor(['analyze', '--slowest', '1000', path]).stdout;
      expect(report).toMatch(/^System calls, most time first$/m);
      expect(report).toMatch(/^ {2}clock_nanosleep +3 +\d/m);
      expect(report).toMatch(new RegExp(`^ {2}clock_nanosleep +caller ${pid} .* 0$`, 'm'));
    },
    patientlyMs,
  );

  test(
    'are as many and take as long as the spans of their events',
    () => {
      const path = join(folder, 'context');
      const { calls } = analysisOf(path, '--kernel-events', 'syscall_*', '--kernel-context', 'tid');
      const told = new Map(calls.map(({ name, count, total_ns: ns }) => [name, [count, ns]]));
      expect(calls.every(({ waiting_ns: waitingNs }) => waitingNs === null)).toBe(true);
      const sink = ['-c', 'sink.text.csv', '-p', 'fields=["span", "duration_ns", "state"]'];
      const rule = ['-c', 'filter.utils.spans', '-p', 'presets=["syscalls"],finished-only=true'];
      const spans = spoor([...rule, ...sink, path]);
      expect(spans.status, spans.stderr).toBe(0);
      const sums = new Map<string, [count: number, ns: number]>();
      for (const line of spans.stdout.trim().split('\n').slice(1)) {
        const [name, durationNs] = line.split(',').slice(-3);
        const [count, ns] = sums.get(name!) ?? [0, 0];
        sums.set(name!, [count + 1, ns + Number(durationNs)]);
      }
      expect(sums.get('getpgid')![0]).toBe(50);
      // Its exit has no name of its own.
      told.delete('rt_sigreturn');
      expect(told).toEqual(sums);
    },
    patientlyMs,
  );
});

// `spoor record -k --syscall-strings`: paths that programs give to system calls, held against what the program says it gave.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { command, describeNeeding, tracefs, type Need } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/**
 * On one processor, where nothing is lost on the way from a probe to its call. Each thread opens its own names from one buffer, in every way that the C library has; one call is made by hand.
 */
const source = `
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *work(void *argument) {
  int thread = (int)(long)argument;
  char path[64];
  for (int n = 0; n < 50; n++) {
    sprintf(path, "/nowhere/%d/%d", thread, n);
    switch (n % 4) {
      case 0: open(path, O_RDONLY); break;
      case 1: openat(3000, path, O_RDONLY); break;
      case 2: fopen(path, "r"); break;
      default: opendir(path);
    }
  }
  return 0;
}
int main(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return 1;
  pthread_t threads[4];
  for (long n = 0; n < 4; n++) pthread_create(&threads[n], 0, work, (void *)n);
  for (int n = 0; n < 4; n++) pthread_join(threads[n], 0);
  rename("/nowhere/old", "/nowhere/new");
  long ret;
  register const char *path __asm__("rsi") = "/nowhere/hand";
  __asm__ volatile("movl $257, %%ecx; movl %%ecx, %%eax; syscall" : "=a"(ret) : "D"(-100L), "r"(path), "d"(0L) : "rcx", "r11", "memory");
  open("/nowhere/last", O_RDONLY);
  return 0;
}
`;

const x86: Need = {
  group: 'interop',
  met: process.arch === 'x64',
  lack: 'the program is written for x86-64',
};

describeNeeding([x86, tracefs(), command('gcc'), command('babeltrace2')], 'texts of system calls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-strings-'));
  const program = join(folder, 'strings');
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(program, source, '-O1', '-pthread');
  });

  function record(
    name: string,
    ...options: readonly string[]
  ): { readonly trace: string; readonly stderr: string } {
    const trace = join(folder, name);
    const done = spoor(['record', '--no-auto', '--syscall-strings', ...options, '-o', trace, '--', program]);
    expect(done.status, done.stderr).toBe(0);
    expect(readFileSync('/sys/kernel/tracing/uprobe_events', 'utf8')).not.toContain('_record/call_text');
    return { trace, stderr: done.stderr };
  }

  /** Events whose name is one of these, with their fields. */
  const eventsOf = (trace: string, pattern: RegExp): readonly Record<string, unknown>[] =>
    Array.from(openTrace(trace).events(), (event) =>
      pattern.test(event.name)
        ? { event: event.name, ...event.commonContext(), ...event.payload() }
        : undefined,
    ).filter((event) => event !== undefined);

  test('every text is that of its call, thread by thread and in order', () => {
    const { trace, stderr } = record(
      'all',
      '--kernel-events',
      'syscall_*,sched_process_exec',
      '--kernel-context',
      'tid',
    );
    const opened = new Map<unknown, string[]>();
    let empty = 0;
    for (const { tid, filename } of eventsOf(trace, /^syscall_entry_openat$/)) {
      const path = filename as string;
      if (path === '') empty += 1;
      else if (path.startsWith('/nowhere')) opened.set(tid, [...(opened.get(tid) ?? []), path]);
    }
    const expected = [0, 1, 2, 3].map((thread) =>
      Array.from({ length: 50 }, (_, n) => `/nowhere/${thread}/${n}`),
    );
    const lists = [...opened.values()].sort((left, right) => (left[0]! < right[0]! ? -1 : 1));
    // By hand no library was asked; before the program, what began it may have changed processors.
    expect(lists).toEqual([...expected, ['/nowhere/last']]);
    const told = Number(/(\d+) texts? of system calls could not be read/.exec(stderr)?.[1]);
    expect(empty).toBeGreaterThanOrEqual(1);
    expect(told).toBeGreaterThanOrEqual(empty);
    const executed = eventsOf(trace, /^(?:sched_process_exec|syscall_entry_execve)$/).map(
      ({ filename }) => filename,
    );
    // What was executed is what the last attempt named, unless that changed processors just then.
    expect(executed.at(-1)).toBe(program);
    expect([program, '']).toContain(executed.at(-2));
    expect(eventsOf(trace, /^syscall_entry_rename$/)).toMatchObject([
      { oldname: '/nowhere/old', newname: '/nowhere/new' },
    ]);
    const read = spawnSync('timeout', ['60', 'babeltrace2', trace], { encoding: 'utf8', maxBuffer: 1 << 28 });
    expect(read.stderr).toBe('');
    expect(read.stdout).toContain('oldname = "/nowhere/old", newname = "/nowhere/new"');
    expect(read.stdout).toMatch(/syscall_entry_openat: .*filename = "\/nowhere\/last", flags = /);
  });

  test('single calls, and a filter over paths; a dry run tells what is probed', () => {
    const options = [
      '--kernel-events',
      'syscall_entry_rename,syscall_entry_openat',
      '--kernel-filter',
      'filename == "*/last"',
    ];
    const { trace } = record('filtered', ...options);
    expect(eventsOf(trace, /^syscall_/).map(({ filename }) => filename)).toEqual(['/nowhere/last']);
    const dry = spoor(['record', '--syscall-strings', ...options, '--dry-run', '--', program]);
    expect(dry.stdout).toContain('reader: filename == "*/last"\n');
    expect(dry.stdout).toMatch(/Texts of system calls are read at [1-9]\d* places of C libraries\.\n/);
  });
});

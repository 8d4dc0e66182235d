// Call stacks of events, held against the kernel's symbols and those of a program: the stack of an event begins in the
// function that recorded it, that of a program in the one that made the call.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { openElfFile } from '@spoor/elf/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { command, describeNeeding, tracefs, type Need } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** Frame pointers are what the kernel goes along in programs. */
const source = `
__attribute__((noinline)) long inner(const char *text) {
  long done;
  // A function that calls none has no frame otherwise.
  __asm__ volatile("" : : "r"(__builtin_frame_address(0)));
  __asm__ volatile("syscall" : "=a"(done) : "a"(1L), "D"(1L), "S"(text), "d"(4L) : "rcx", "r11", "memory");
  return done;
}
__attribute__((noinline)) long middle(const char *text) { long done = inner(text); __asm__ volatile(""); return done + 1; }
__attribute__((noinline)) long outer(const char *text) { long done = middle(text); __asm__ volatile(""); return done + 1; }
int main(void) {
  long total = 0;
  for (int n = 0; n < 20; n++) total += outer("abc\\n");
  return total == 120 ? 0 : 1;
}
`;

const x86: Need = {
  group: 'interop',
  met: process.arch === 'x64',
  lack: 'the program is written for x86-64',
};

interface Stacked {
  readonly name: string;
  readonly tid: number | undefined;
  readonly kernel: readonly bigint[];
  readonly user: readonly bigint[];
}

function eventsOf(trace: string): readonly Stacked[] {
  const events: Stacked[] = [];
  for (const event of openTrace(trace).events()) {
    if (event.name.startsWith('lttng_')) continue;
    const {
      callstack_kernel: kernel = [],
      callstack_user: user = [],
      tid,
    } = (event.commonContext() ?? {}) as {
      readonly tid?: number;
      readonly callstack_kernel?: readonly bigint[];
      readonly callstack_user?: readonly bigint[];
    };
    events.push({ name: event.name, tid, kernel: kernel.map(BigInt), user: user.map(BigInt) });
  }
  return events;
}

/** Names of addresses, by the greatest symbol that is not beyond. */
function nameFinder(
  symbols: readonly { readonly address: bigint; readonly name: string }[],
): (address: bigint) => string {
  const sorted = [...symbols].sort((left, right) => (left.address < right.address ? -1 : 1));
  return (address) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return sorted[low - 1]?.name ?? '';
  };
}

describeNeeding([x86, tracefs(), command('gcc'), command('babeltrace2')], 'call stacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-stacks-'));
  const program = join(folder, 'stacks');
  let kernelName: (address: bigint) => string;
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(program, source, '-O1', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-no-pie');
    kernelName = nameFinder(
      Array.from(
        readFileSync('/proc/kallsyms', 'latin1').matchAll(/^([\da-f]+) [tTwW] (\S+)/gm),
        ([, address = '', name = '']) => ({
          address: BigInt(`0x${address}`),
          name,
        }),
      ),
    );
  });

  function record(name: string, ...options: readonly string[]): string {
    const trace = join(folder, name);
    const done = spoor(['record', '--no-auto', ...options, '-o', trace, '--', program]);
    expect(done.status, done.stderr).toBe(0);
    const read = spawnSync('timeout', ['60', 'babeltrace2', '-c', 'sink.utils.counter', trace], {
      encoding: 'utf8',
    });
    expect(read.stderr).toBe('');
    return trace;
  }

  /** What records an event, by its name: calls of the tracepoint's own function. */
  const recorders: readonly (readonly [RegExp, RegExp])[] = [
    [/^sched_switch$/, /sched_switch/],
    [/^sched_(?:waking|wakeup|wakeup_new)$/, /sched_wak|try_to_wake_up|ttwu|wake_up/],
    [/^syscall_entry_/, /sys_enter|syscall/],
    [/^syscall_exit_/, /sys_exit|syscall/],
  ];

  test('of every event, in the kernel and in programs: each its own', () => {
    const trace = record(
      'all',
      '--kernel-events',
      'sched_switch,sched_wak*,syscall_*',
      '--kernel-context',
      'callstack-kernel,callstack-user,tid',
    );
    // Of the interrupt that wakes an idle processor for the command the kernel itself writes no stack at times.
    const events = eventsOf(trace).filter(({ tid, kernel }) => tid !== 0 || kernel.length > 0);
    expect(events.length).toBeGreaterThan(40);
    for (const { name, kernel } of events) {
      // Short stacks come of the process that is being made or ends.
      expect(kernel.length, name).toBeGreaterThan(0);
      const [, recorder] = recorders.find(([pattern]) => pattern.test(name))!;
      // What the kernel leaves off differs by its version, so it is one of the first.
      expect(kernel.slice(0, 3).map(kernelName).join(' '), name).toMatch(recorder);
    }
    const elf = openElfFile(program);
    const own = elf.symbols().filter(({ type }) => type === 2);
    const ownName = nameFinder(own);
    const ends = own.reduce(
      (end, { address, sizeBytes }) => (address + sizeBytes > end ? address + sizeBytes : end),
      0n,
    );
    const writes = events.filter(
      ({ name, user }) => name === 'syscall_entry_write' && user.some((address) => address < ends),
    );
    expect(writes.length).toBe(20);
    for (const { user } of writes) {
      expect(user.slice(0, 4).map(ownName)).toEqual(['inner', 'middle', 'outer', 'main']);
    }
    const { stdout } = spawnSync('timeout', ['60', 'babeltrace2', trace], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const frames = writes[0]!.user.map(
      (address, index) => `[${index}] = 0x${address.toString(16).toUpperCase()}`,
    );
    expect(stdout).toContain(
      `_callstack_user_length = ${frames.length}, callstack_user = [ ${frames.join(', ')} ]`,
    );
  });

  test('of some events alone, in the kernel; a dry run tells which', () => {
    const options = [
      '--kernel-events',
      'sched_switch,syscall_entry_write',
      '--kernel-stacks',
      'syscall_entry_write',
    ];
    const events = eventsOf(record('some', ...options));
    for (const { name, kernel } of events) {
      if (name === 'syscall_entry_write')
        expect(kernel.slice(0, 3).map(kernelName).join(' ')).toMatch(/sys_enter|syscall/);
      else expect(kernel).toEqual([]);
    }
    expect(events.filter(({ name }) => name === 'syscall_entry_write').length).toBeGreaterThanOrEqual(20);
    const dry = spoor(['record', ...options, '--dry-run', '--', program]).stdout;
    expect(dry).toContain(
      'syscall_entry_write (syscalls:sys_enter_write)\n    with the stack of the kernel\n',
    );
    expect(dry.match(/with the stack/g)).toHaveLength(1);
  });

  test.each([
    [['--kernel-stacks', 'irq_*'], 'nothing is recorded'],
    [
      ['--kernel-stacks', 'sched_switch', '--kernel-context', 'callstack_kernel'],
      'either the context or events',
    ],
    [['--kernel-filter', '$ctx.callstack_kernel[0] == 1'], 'fits none'],
  ])('refused: %j', (options, message) => {
    const done = spoor([
      'record',
      '--kernel-events',
      'sched_switch',
      ...options,
      '-o',
      join(folder, 'none'),
      '--',
      program,
    ]);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
  });
});

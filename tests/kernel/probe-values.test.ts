// Values at places in programs: arguments, results, texts, those of sys/sdt.h; in sessions as in `spoor record`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** `shop:order` is written as sys/sdt.h writes it: in registers, on the stack, in a variable, as a constant. */
const source = String.raw`
#include <stdio.h>
#include <setjmp.h>
__attribute__((section(".probes"))) volatile unsigned short shop_order_semaphore = 0;
volatile long stock = 42;
struct item { long a; char name[16]; const char *label; };
__attribute__((noinline)) long work(int n, const char *text, struct item *item, int d, int e, int f, long seventh) {
  long total = n + item->a;
  if (shop_order_semaphore) printf("listened\n");
  __asm__ volatile("990: nop\n"
    ".pushsection .note.stapsdt,\"\",\"note\"\n"
    ".balign 4\n .4byte 992f-991f,994f-993f,3\n"
    "991: .asciz \"stapsdt\"\n 992: .balign 4\n"
    "993: .8byte 990b\n .8byte _.stapsdt.base\n .8byte shop_order_semaphore\n"
    ".asciz \"shop\"\n .asciz \"order\"\n .asciz \"-4@%k0 8@%1 8@%2 8@stock(%%rip) -8@$-7\"\n"
    "994: .balign 4\n .popsection\n"
    ".ifndef _.stapsdt.base\n .pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
    ".weak _.stapsdt.base\n .hidden _.stapsdt.base\n _.stapsdt.base: .space 1\n"
    ".size _.stapsdt.base, 1\n .popsection\n .endif\n"
    :: "r"(n), "r"(text), "r"(total));
  stock -= 1;
  return total * 2 + seventh + d + e + f;
}
int main(void) {
  struct item item = { 100, "thing", "far" };
  long total = 0;
  for (int n = 0; n < 5; n++) total += work(n, n == 3 ? "three" : "other", &item, 0, 0, 0, -9);
  return total == 0;
}
`;

const throwing = `
#include <stdexcept>
int main() {
  int caught = 0;
  for (int n = 0; n < 7; n++) try { throw std::runtime_error("n"); } catch (const std::exception &) { caught++; }
  return caught == 7 ? 0 : 1;
}
`;

function eventsOf(trace: string): readonly Record<string, unknown>[] {
  return Array.from(openTrace(trace).events(), (event) => ({ event: event.name, ...event.payload() }));
}

describeNeeding([tracefs(), command('gcc'), command('babeltrace2')], 'values at places in programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-values-'));
  const program = join(folder, 'values');
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(program, source, '-O1', '-g');
  });

  /** The fields of all events of the program, by babeltrace2, without their address. */
  function readByPeer(trace: string): readonly string[] {
    const done = spawnSync('timeout', ['60', 'babeltrace2', '--no-delta', trace], {
      encoding: 'utf8',
      // The state dump of a machine with many processes takes megabytes.
      maxBuffer: 1 << 28,
    });
    expect(done.stderr).toBe('');
    return done.stdout.split('\n').flatMap((line) => {
      const [, name, fields] = / (\S+): \{ cpu_id = \d+ \}, \{ ip = 0x[0-9A-F]+(.*) \}$/.exec(line) ?? [];
      return name === undefined ? [] : [`${name}${fields}`];
    });
  }

  function record(name: string, places: readonly string[], what: readonly string[]): string {
    const trace = join(folder, name);
    const options = places.flatMap((place) => ['--userspace-probe', place]);
    const done = spoor(['record', '--no-auto', ...options, '-o', trace, '--', ...what]);
    expect(done.status, done.stderr).toBe(0);
    expect(readFileSync('/sys/kernel/tracing/uprobe_events', 'utf8')).not.toContain(folder);
    return trace;
  }

  test('arguments of functions, members, texts, and what functions return', () => {
    const values =
      'n=arg1:s32, text=arg2:string, a=+0(arg3):s64, name=+8(arg3):string, label=+0(+24(arg3)):string';
    const trace = record(
      'functions',
      [`w=elf:${program}:work(${values}, bytes=+8(arg3):u8[2], seventh=arg7:s64)`, `${program}:work%return`],
      [program],
    );
    const expected = [0, 1, 2, 3, 4].flatMap((n) => [
      `w, n = ${n}, text = "${n === 3 ? 'three' : 'other'}", a = 100, name = "thing", label = "far", bytes = [ [0] = 116, [1] = 104 ], seventh = -9`,
      expect.stringMatching(
        new RegExp(`^work_return, parent_ip = 0x[0-9A-F]+, ret = ${(n + 100) * 2 - 9}$`),
      ) as string,
    ]);
    expect(readByPeer(trace)).toEqual(expected);
    const own = eventsOf(trace);
    expect(own.find((event) => event['event'] === 'w')).toMatchObject({
      n: 0,
      text: 'other',
      label: 'far',
      seventh: -9,
    });
  });

  test('values of sys/sdt.h: all of them, or those that are chosen; the program knows that it is listened to', () => {
    const trace = record(
      'sdt',
      [
        `all=sdt:${program}:shop:order`,
        `some=sdt:${program}:shop:order(n=arg1, text=arg2:string, left=arg4:s32)`,
      ],
      [program],
    );
    const lines = readByPeer(trace).map((line) => line.replace(/arg2 = \d+, /, ''));
    expect(lines.filter((line) => line.startsWith('all'))).toEqual(
      [0, 1, 2, 3, 4].map((n) => `all, arg1 = ${n}, arg3 = ${100 + n}, arg4 = ${42 - n}, arg5 = -7`),
    );
    expect(lines.filter((line) => line.startsWith('some'))).toEqual(
      [0, 1, 2, 3, 4].map((n) => `some, n = ${n}, text = "${n === 3 ? 'three' : 'other'}", left = ${42 - n}`),
    );
  });

  test('functions of Node.js itself, and a filter over what they are given', () => {
    const trace = record(
      'node',
      [
        `turn=elf:${process.execPath}:uv_run(loop=arg1:x64, mode=arg2:s32)`,
        `${process.execPath}:uv_run%return(more=retval:s32)`,
      ],
      [process.execPath, '-e', 'setTimeout(() => {}, 1)'],
    );
    const events = eventsOf(trace);
    const turns = events.filter((event) => event['event'] === 'turn') as unknown as {
      mode: number;
      loop: unknown;
    }[];
    expect(turns.length).toBeGreaterThan(0);
    // UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT.
    for (const { mode, loop } of turns) {
      expect([0, 1, 2]).toContain(mode);
      expect(Number(loop)).toBeGreaterThan(0);
    }
    expect(events.filter((event) => event['event'] === 'uv_run_return').length).toBeGreaterThan(0);
  });

  test('a dry run tells fields, lines of the source, and what the kernel evaluates', () => {
    const done = spoor([
      'record',
      '--userspace-probe',
      `w=elf:${program}:work(n=arg1:s32)`,
      '--userspace-probe',
      `sdt:${program}:shop:order(n=arg1,text=arg2:string)`,
      '--kernel-filter',
      'n == 3',
      '--dry-run',
      '--',
      program,
    ]);
    expect(done.stdout.replaceAll(/\.c:\d+/g, '.c:N'))
      .toBe(`Of the command and all that comes of it (the kernel chooses them):
  w (a probe, ${program}.c:N)
    fields: n:s32
    kernel: (n == 3)
    reader: leaves out nothing more
  shop:order (a probe, ${program}.c:N)
    fields: n:s32, text:string
    kernel: (n == 3)
    reader: leaves out nothing more
`);
    expect(done.stdout).toContain(`${program}.c:7)`);
  });

  test.each([
    ['work(a=arg1:float)', 'is no type', 1],
    ['work%return(arg1)', 'gone when the function returns', 1],
    ['work(+8(arg1))', 'needs a name', 1],
    ['work(', 'did you mean work?', 1],
    ['work(a b)', 'is no argument', 2],
    ['work(a=%xmm0)', 'no register', 1],
  ])('%s is refused before the command runs', (place, message, status) => {
    const none = join(folder, 'none');
    const done = spoor([
      'record',
      '--userspace-probe',
      `elf:${program}:${place}`,
      '-o',
      none,
      '--',
      'touch',
      none,
    ]);
    expect(done.status).toBe(status);
    expect(done.stderr).toContain(message);
    expect(readdirSync(folder)).not.toContain('none');
  });
});

describeNeeding([tracefs(), command('g++')], 'probes that libraries were built with', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-values-'));
  afterAll(() => removeTree(folder));

  test('each exception that is thrown, by libstdc++', () => {
    const program = join(folder, 'throwing');
    writeFileSync(`${program}.cc`, throwing);
    const made = spawnSync('g++', ['-o', program, `${program}.cc`], { encoding: 'utf8' });
    expect(made.status, made.stderr).toBe(0);
    const library = /libstdc\+\+\S* => (\S+)/.exec(
      spawnSync('ldd', [program], { encoding: 'utf8' }).stdout,
    )?.[1];
    const trace = join(folder, 'trace');
    const place = `thrown=sdt:${library}:libstdcxx:throw(object=arg1,type=arg2,type_name=+0(+8(arg2)):string)`;
    const done = spoor(['record', '--userspace-probe', place, '-o', trace, '--', program]);
    expect(done.status, done.stderr).toBe(0);
    const names = eventsOf(trace);
    expect(names.filter((event) => event['event'] === 'thrown')).toMatchObject(
      Array.from({ length: 7 }, () => ({ type_name: 'St13runtime_error' })),
    );
  });
});

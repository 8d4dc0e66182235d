// Probes in programs: by the names of their functions, and those that they were built with.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openElfFile } from '@spoor/elf/node';
import { functionOffset, findSdtProbe, sdtProbeArguments } from '@spoor/kernel';
import { findTracefs, ProbeGroup, sweepProbes, TracefsInstance } from '@spoor/kernel/node';
import { compileC } from '../support/c-program.ts';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

const prefix = 'spoortest';

/** A probe with a semaphore and three values, written by hand as sys/sdt.h writes it. */
const program = `
#include <stdio.h>
__attribute__((section(".probes"))) volatile unsigned short shop_order_semaphore = 0;
struct item { long a; char name[16]; };
__attribute__((noinline)) long work(int n, const char *text, struct item *item) {
  long total = n + item->a;
  if (shop_order_semaphore) printf("listened\\n");
  __asm__ volatile("990: nop\\n"
    ".pushsection .note.stapsdt,\\"\\",\\"note\\"\\n"
    ".balign 4\\n .4byte 992f-991f,994f-993f,3\\n"
    "991: .asciz \\"stapsdt\\"\\n 992: .balign 4\\n"
    "993: .8byte 990b\\n .8byte _.stapsdt.base\\n .8byte shop_order_semaphore\\n"
    ".asciz \\"shop\\"\\n .asciz \\"order\\"\\n .asciz \\"-4@%k0 8@%1 8@%2\\"\\n"
    "994: .balign 4\\n .popsection\\n"
    ".ifndef _.stapsdt.base\\n .pushsection .stapsdt.base,\\"aG\\",\\"progbits\\",.stapsdt.base,comdat\\n"
    ".weak _.stapsdt.base\\n .hidden _.stapsdt.base\\n _.stapsdt.base: .space 1\\n"
    ".size _.stapsdt.base, 1\\n .popsection\\n .endif\\n"
    :: "r"(n), "r"(text), "r"(total));
  return total * 2;
}
int main(void) {
  struct item item = { 100, "thing" };
  for (int n = 0; n < 5; n++) work(n, n == 3 ? "three" : "other", &item);
  return 0;
}
`;

describeNeeding([tracefs(), command('gcc'), command('strip')], 'probes in programs', () => {
  const root = findTracefs();
  const folder = mkdtempSync(join(tmpdir(), 'spoor-probes-'));
  const path = join(folder, 'program');
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(path, program, '-O1', '-g');
  });

  /** What the kernel wrote of the events of a group while the program ran, and what that printed. */
  function record(
    label: string,
    put: (group: ProbeGroup) => readonly string[],
    filter?: string,
  ): { readonly lines: string[]; readonly printed: string } {
    using group = new ProbeGroup(root, label, prefix);
    const events = put(group);
    // Behind the group, so that it is gone before the probes are removed.
    using instance = TracefsInstance.create(root, label, prefix);
    instance.enable(events);
    if (filter !== undefined) instance.setFilter(events[0]!, filter);
    instance.start();
    const { status, stdout: printed } = spawnSync(path, { encoding: 'utf8' });
    expect(status).toBe(0);
    instance.stop();
    const text = readFileSync(join(instance.path, 'trace'), 'utf8');
    const lines = text.split('\n').flatMap((line) => /\d: (\w+: .*)$/.exec(line)?.[1] ?? []);
    return { lines, printed };
  }

  test('a function by its name, with arguments, text, a member and what it returns', () => {
    const offsetBytes = functionOffset(openElfFile(path), 'work');
    const place = { kind: 'file', path, offsetBytes } as const;
    const { lines } = record('functions', (group) => [
      group.add({
        name: 'work',
        place,
        arguments: [
          { name: 'n', fetch: '%di', type: 's32' },
          { name: 'text', fetch: '+0(%si)', type: 'ustring' },
          { name: 'a', fetch: '+0(%dx)', type: 's64' },
        ],
      }),
      group.add({
        name: 'work_return',
        place,
        onReturn: true,
        arguments: [{ name: 'result', fetch: '$retval', type: 's64' }],
      }),
    ]);
    expect(lines.length).toBe(10);
    expect(lines[6]).toMatch(/^work: \(0x[\da-f]+\) n=3 text="three" a=100$/);
    expect(lines[7]).toMatch(/^work_return: \(.*\) result=206$/);
  });

  test('a probe of sys/sdt.h, whose semaphore is raised while it is listened to', () => {
    const elf = openElfFile(path);
    const [probe] = findSdtProbe(elf, 'shop', 'order');
    expect(probe!.semaphoreOffset).toBeDefined();
    const { offsetBytes, semaphoreOffset } = probe!;
    const { lines, printed } = record(
      'sdt',
      (group) => [
        group.add({
          name: 'shop_order',
          place: { kind: 'file', path, offsetBytes, semaphoreOffset: semaphoreOffset! },
          arguments: sdtProbeArguments(elf, probe!),
        }),
      ],
      'arg1 >= 3',
    );
    expect(lines.map((line) => line.replace(/ arg2=\d+/, ''))).toEqual([
      expect.stringMatching(/^shop_order: \(.*\) arg1=3 arg3=103$/),
      expect.stringMatching(/^shop_order: \(.*\) arg1=4 arg3=104$/),
    ]);
    expect(printed).toBe('listened\n'.repeat(5));
    expect(spawnSync(path, { encoding: 'utf8' }).stdout).toBe('');
  });

  test('what is not there is told with what was meant', () => {
    const elf = openElfFile(path);
    expect(() => functionOffset(elf, 'wrok')).toThrow(
      expect.objectContaining({ code: 'kernel/no-function', hint: 'did you mean work?' }),
    );
    const stripped = `${path}-stripped`;
    expect(spawnSync('strip', ['-o', stripped, path], { encoding: 'utf8' }).stderr).toBe('');
    expect(() => functionOffset(openElfFile(stripped), 'work')).toThrow(
      expect.objectContaining({
        message: 'it has no function "work" that it exports, and the names of others were stripped',
        hint: 'take a build that was not stripped (file PATH tells it)',
      }),
    );
    expect(() => findSdtProbe(elf, 'shop', 'ordre')).toThrow(
      expect.objectContaining({ hint: 'did you mean shop:order?' }),
    );
    using group = new ProbeGroup(root, 'wrong', prefix);
    expect(() =>
      group.add({
        name: 'x',
        place: { kind: 'file', path, offsetBytes: 0x10n },
        arguments: [{ name: 'a', fetch: '%nosuch', type: 's32' }],
      }),
    ).toThrow(expect.objectContaining({ code: 'kernel/probe' }));
  });

  test("nothing stays behind: one's own are removed, those of a killed process swept", () => {
    const code = `import { findTracefs, ProbeGroup } from '@spoor/kernel/node';
      const group = new ProbeGroup(findTracefs(), 'left', '${prefix}');
      console.log(group.add({ name: 'left', place: { kind: 'file', path: ${JSON.stringify(path)}, offsetBytes: ${functionOffset(openElfFile(path), 'work')}n }, arguments: [] }));
      process.kill(process.pid, 'SIGKILL');`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: repoRoot,
      encoding: 'utf8',
    });
    const left = done.stdout.trim();
    expect(left, done.stderr).toMatch(/^spoortest_.*:left$/);
    expect(readFileSync(join(root, 'uprobe_events'), 'utf8')).toContain(left.replace(':', '/'));
    expect(sweepProbes(root, prefix)).toContain(left);
    expect(readFileSync(join(root, 'uprobe_events'), 'utf8')).not.toContain(left.replace(':', '/'));
  });
});

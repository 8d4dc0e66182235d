import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openElf } from '@spoor/elf';
import { openElfFile } from '@spoor/elf/node';
import { command, describeNeeding } from '../../../../tests/support/needs.ts';
import { syscallSites } from './syscall-sites.ts';
import { instructionBytes } from './x86-instructions.ts';

const x86 = 62;
const arm = 183;
/** Where the code of {@link elfOf} lies in memory and in the file. */
const codeAddress = 0x40_1000;
const codeOffset = 0x200;

/** An ELF file of 64 bits with nothing but code, and functions at these places of it. */
function elfOf(machine: number, code: readonly number[]): ReturnType<typeof openElf> {
  const names = '\0.text\0.shstrtab\0';
  const namesOffset = codeOffset + code.length;
  const sectionsOffset = (namesOffset + names.length + 7) & ~7;
  const bytes = new Uint8Array(sectionsOffset + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sectionsOffset), true);
  [64, 56, 1, 64, 3, 2].forEach((value, index) => view.setUint16(52 + index * 2, value, true));
  // One segment: PT_LOAD, readable and executable.
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  const segment = [codeOffset, codeAddress, codeAddress, code.length, code.length, 0x1000];
  segment.forEach((value, index) => view.setBigUint64(72 + index * 8, BigInt(value), true));
  bytes.set(code, codeOffset);
  bytes.set(new TextEncoder().encode(names), namesOffset);
  const section = (
    index: number,
    name: number,
    type: number,
    flags: number,
    rest: readonly number[],
  ): void => {
    const at = sectionsOffset + index * 64;
    view.setUint32(at, name, true);
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 8, BigInt(flags), true);
    rest.forEach((value, word) => view.setBigUint64(at + 16 + word * 8, BigInt(value), true));
  };
  section(1, 1, 1, 6, [codeAddress, codeOffset, code.length]);
  section(2, 7, 3, 0, [0, namesOffset, names.length]);
  return openElf(bytes);
}

/** Places in the code, with where the first two arguments are. */
function found(machine: number, code: readonly number[], numbers: readonly number[]): unknown[] {
  return syscallSites(elfOf(machine, code), new Set(numbers)).map(
    ({ number, offsetBytes, arguments: [first, second] }) => [
      number,
      Number(offsetBytes) - codeOffset,
      first,
      second,
    ],
  );
}

const setNumber = [0xb8, 0x01, 0x01, 0x00, 0x00];
const call = [0x0f, 0x05];

describe('places before system calls of x86-64', () => {
  test.each([
    ['right before it', [...setNumber, ...call], [[257, 0, '%di', '%si']]],
    ['behind other code', [0x90, 0x31, 0xc0, ...setNumber, ...call, 0xc3], [[257, 3, '%di', '%si']]],
    // mov %rdi,%rsi; mov $-100,%edi
    [
      'moved arguments',
      [...setNumber, 0x48, 0x89, 0xfe, 0xbf, 0x9c, 0xff, 0xff, 0xff, ...call],
      [[257, 0, undefined, '%di']],
    ],
    // mov 0x10(%rsp),%rsi; mov %r12,%rdi
    [
      'from the stack',
      [...setNumber, 0x48, 0x8b, 0x74, 0x24, 0x10, 0x4c, 0x89, 0xe7, ...call],
      [[257, 0, '%r12', '+16(%sp)']],
    ],
    // mov %rdi,%rbx; mov -8(%rbx),%rsi; lea (%rsp),%rdi
    [
      'from where another points',
      [...setNumber, 0x48, 0x89, 0xfb, 0x48, 0x8b, 0x73, 0xf8, 0x48, 0x8d, 0x3c, 0x24, ...call],
      [[257, 0, undefined, '-8(%di)']],
    ],
    // xor %esi,%esi; mov %edx,%edi
    [
      'numbers are no addresses',
      [...setNumber, 0x31, 0xf6, 0x89, 0xd7, ...call],
      [[257, 0, undefined, undefined]],
    ],
    // mov (%rsi,%rax,8),%rsi
    ['an index', [...setNumber, 0x48, 0x8b, 0x34, 0xc6, ...call], [[257, 0, '%di', undefined]]],
    ['another number', [0xb8, 2, 1, 0, 0, ...call], []],
    // jmp; xor %eax,%eax
    ['a jump between', [...setNumber, 0xeb, 0x00, ...call], []],
    ['a number that is set anew', [...setNumber, 0x31, 0xc0, ...call], []],
    // movabs $0x50f00000101b8..,%rdx: what looks like it lies in a constant.
    ['within another instruction', [0x48, 0xba, ...setNumber, ...call, 0x00, 0xc3], []],
    // mov $257,%r8d
    ['another register', [0x41, ...setNumber, ...call], []],
    ['at the end', [...setNumber, 0x0f], []],
  ] as const)('%s', (_, code, expected) => {
    expect(found(x86, code, [257])).toEqual(expected);
  });

  test('no length goes beyond what there is, and none is longer than an instruction can be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.nat(24), (bytes, at) => {
        const length = instructionBytes(bytes, at);
        expect(length).toBeGreaterThanOrEqual(0);
        expect(length).toBeLessThanOrEqual(Math.max(0, Math.min(15, bytes.length - at)));
      }),
    );
  });
});

test('places before system calls of ARM of 64 bits', () => {
  const words = (...all: readonly number[]): number[] =>
    all.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]);
  const svc = 0xd400_0001;
  // mov x8, #56
  const number = 0xd280_0708;
  expect(found(arm, words(0xd503_201f, number, svc), [56])).toEqual([[56, 4, '%x0', '%x1']]);
  // mov w8, #56; mov x1, x19; mov w0, #-100
  expect(found(arm, words(0x5280_0708, 0xaa13_03e1, 0x1280_0c60, svc), [56])).toEqual([
    [56, 0, undefined, '%x19'],
  ]);
  // mov x1, xzr; and a branch
  expect(found(arm, words(number, 0xaa1f_03e1, svc), [56])).toEqual([[56, 0, '%x0', undefined]]);
  expect(found(arm, words(number, 0x1400_0001, svc), [56])).toEqual([]);
  expect(found(arm, words(number, 0xaa13_03e8, svc), [56])).toEqual([]);
  expect(found(3, words(number, svc), [56])).toEqual([]);
});

const library = '/lib/x86_64-linux-gnu/libc.so.6';

describeNeeding([command('objdump')], 'the C library itself', () => {
  test('every instruction is as long as objdump says, and calls are found where it has them', ({ skip }) => {
    if (!existsSync(library)) skip(`there is no ${library}`);
    const path = realpathSync(library);
    const elf = openElfFile(path);
    const section = elf.section('.text')!;
    const code = elf.bytesOf(section);
    const listed = spawnSync('objdump', ['-d', '-j', '.text', '--no-show-raw-insn', path], {
      maxBuffer: 1 << 30,
      encoding: 'latin1',
    }).stdout;
    const begins = Array.from(listed.matchAll(/^ +([0-9a-f]+):\t(.*)$/gm), ([, at = '', text = '']) => ({
      at: Number.parseInt(at, 16) - Number(section.address),
      text,
    }));
    const wrong = begins.filter(
      ({ at }, index) =>
        index + 1 < begins.length && instructionBytes(code, at) !== begins[index + 1]!.at - at,
    );
    expect(begins.length).toBeGreaterThan(100_000);
    expect(wrong).toEqual([]);
    const texts = new Map(begins.map(({ at, text }) => [BigInt(at + section.offset), text]));
    const sites = syscallSites(elf, new Set([257, 59]));
    expect(sites.length).toBeGreaterThan(2);
    for (const { offsetBytes, number } of sites) {
      expect(texts.get(offsetBytes)).toMatch(new RegExp(`^mov +\\$0x${number.toString(16)},%eax`));
    }
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { parseProbeList, probeName, probeText } from './probe-text.ts';
import { sdtArguments } from './sdt-arguments.ts';

const file = { kind: 'file', path: '/usr/lib/libc.so.6', offsetBytes: 0x1234n } as const;

describe('definitions', () => {
  test.each([
    [{ place: file, arguments: [] }, 'p:g/n /usr/lib/libc.so.6:0x1234'],
    [
      {
        place: { ...file, semaphoreOffset: 0x40n },
        onReturn: true,
        arguments: [{ name: 'r', fetch: '$retval', type: 's32' }],
      },
      'r:g/n /usr/lib/libc.so.6:0x1234(0x40) r=$retval:s32',
    ],
    [
      {
        place: file,
        arguments: [
          { name: 'path', fetch: '+0(%si)', type: 'ustring' },
          { name: 'five', fetch: '\\5', type: 'x64' },
        ],
      },
      'p:g/n /usr/lib/libc.so.6:0x1234 path=+0(%si):ustring five=\\5:x64',
    ],
    [{ place: { kind: 'kernel', symbol: 'vfs_read', offsetBytes: 4 }, arguments: [] }, 'p:g/n vfs_read+4'],
    [
      { place: { kind: 'kernel', symbol: 'ext4:ext4_sync_fs' }, onReturn: true, arguments: [] },
      'r:g/n ext4:ext4_sync_fs',
    ],
  ] as const)('%#', (definition, text) => {
    expect(probeText({ group: 'g', name: 'n', ...definition })).toBe(text);
  });

  test.each([
    [{ name: 'a b' }, 'letters, digits'],
    [{ name: 'x'.repeat(64) }, 'letters, digits'],
    [{ place: { ...file, path: 'relative' } }, 'cannot be probed'],
    [{ place: { ...file, path: '/a b' } }, 'cannot be probed'],
    [{ place: { kind: 'kernel', symbol: 'a b' } }, 'no name of a function'],
    [{ arguments: [{ name: 'a', fetch: '%di x=1', type: 's32' }] }, 'cannot be fetched'],
    [{ arguments: [{ name: 'a', fetch: '%di', type: 's32\n-:all' }] }, 'cannot be fetched'],
    [{ arguments: [{ name: '1', fetch: '%di', type: 's32' }] }, 'no name of an argument'],
    [{ arguments: [1, 2].map(() => ({ name: 'a', fetch: '%di', type: 's32' })) }, 'one name'],
  ] as const)('refused: %#', (change, message) => {
    const attempt = (): unknown =>
      probeText({ group: 'g', name: 'n', place: file, arguments: [], ...change });
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(SpoorError);
  });

  test('any text becomes a name that is taken', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const name = probeName(text);
        expect(probeText({ group: name, name, place: file, arguments: [] })).toContain(`p:${name}/${name} `);
      }),
    );
  });

  test('are listed by the kernel', () => {
    const text =
      'p:spoor_1_2_3_x/uv_run /usr/bin/node:0x00000000012c2b30 a=%di:s32\nr4:g/n f\ne:other/e sched/sched_switch\n';
    expect(parseProbeList(text)).toEqual([
      { group: 'spoor_1_2_3_x', name: 'uv_run' },
      { group: 'g', name: 'n' },
      { group: 'other', name: 'e' },
    ]);
  });
});

describe('values of probes of sys/sdt.h', () => {
  const shown = (text: string, machine: number): string[] =>
    sdtArguments(text, machine).map(({ name, fetch, type }) => `${name}=${fetch}:${type}`);

  test.each([
    ['-4@%edi 8@%rsi', ['arg1=%di:s32', 'arg2=%si:u64']],
    [
      '8@-8(%rbp) 4@(%r8) 2@16(%rax) 1@%r9b 1@%al',
      ['arg1=-8(%bp):u64', 'arg2=+0(%r8):u32', 'arg3=+16(%ax):u16', 'arg4=%r9:u8', 'arg5=%ax:u8'],
    ],
    ['-4@$5 -4@$-5', ['arg1=\\5:s32', 'arg2=\\-5:s32']],
    ['8f@%xmm0 8@var(%rip) 8@(%rax,%rbx,8) 1@%ah -8@%r12', ['arg5=%r12:s64']],
    ['', []],
  ])('x86-64: %s', (text, expected) => {
    expect(shown(text, 62)).toEqual(expected);
  });

  test('ARM of 64 bits', () => {
    expect(shown('-4@w0 8@[sp, 16] 8@[x1] 4@[x2,#-4] -4@7', 183)).toEqual([
      'arg1=%x0:s32',
      'arg2=+16(%sp):u64',
      'arg3=+0(%x1):u64',
      'arg4=-4(%x2):u32',
      'arg5=\\7:s32',
    ]);
    expect(shown('8@%rdi', 3)).toEqual([]);
  });

  test('any text gives arguments that a definition takes', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[-0-9@%$a-z()[\], .#]{0,60}$/),
        fc.constantFrom(62, 183),
        (text, machine) => {
          probeText({ group: 'g', name: 'n', place: file, arguments: sdtArguments(text, machine) });
        },
      ),
    );
  });
});

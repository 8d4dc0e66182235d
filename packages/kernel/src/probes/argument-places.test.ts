import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { placeArguments } from './argument-places.ts';
import { probeText } from './probe-text.ts';
import { parseProgramPlace, programPlaceName, withProgramPath } from './program-place.ts';
import { sdtArguments } from './sdt-arguments.ts';

const x86 = 62;
const arm = 183;

describe('places in programs', () => {
  test.each([
    [
      '/bin/x:main',
      { kind: 'function', path: '/bin/x', symbol: 'main', isReturn: false, arguments: undefined },
    ],
    [
      'elf:/a:b/x:f%return',
      { kind: 'function', path: '/a:b/x', symbol: 'f', isReturn: true, arguments: undefined },
    ],
    [
      'elf:/bin/x:f(n=arg1:s32, +8(arg2):string,arg3)',
      {
        path: '/bin/x',
        symbol: 'f',
        arguments: [
          { name: 'n', fetch: 'arg1', type: 's32' },
          { name: undefined, fetch: '+8(arg2)', type: 'string' },
          { name: undefined, fetch: 'arg3', type: undefined },
        ],
      },
    ],
    ['sdt:/bin/x:shop:order()', { kind: 'sdt', provider: 'shop', name: 'order', arguments: [] }],
    ['elf:/bin/x(1):f', { path: '/bin/x(1)', symbol: 'f' }],
  ] as const)('%s', (text, expected) => {
    expect(parseProgramPlace(text)).toMatchObject(expected);
  });

  test.each(['', 'main', 'elf:/bin/x:', 'sdt:/bin/x:order', 'x:f)', 'x:f(a=)', 'x:f(a b)', 'x:f(1=arg1)'])(
    'no place: %j',
    (text) => {
      expect(() => parseProgramPlace(text)).toThrow(expect.objectContaining({ code: 'kernel/probe' }));
    },
  );

  test('their names, and the same places in other files', () => {
    expect(programPlaceName('elf:/bin/x:f%return(ret=retval:s32)')).toBe('f_return');
    expect(programPlaceName('sdt:/bin/x:shop:order(a=arg1)')).toBe('shop:order');
    expect(withProgramPath('sdt:x:shop:order(a=arg1)', (path) => `/bin/${path}`)).toBe(
      'sdt:/bin/x:shop:order(a=arg1)',
    );
    expect(withProgramPath('x:f', (path) => `/${path}`)).toBe('/x:f');
  });

  test('any text is a place or is refused', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[elfsdt:/x()=,+%a-c1-3 ]{0,40}$/), (text) => {
        try {
          parseProgramPlace(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SpoorError);
        }
      }),
    );
  });
});

/** What the kernel is told, and by the whole way of an option. */
function fetched(written: string, source: Parameters<typeof placeArguments>[1]): string[] {
  const { arguments: values = [] } = parseProgramPlace(`/x:f(${written})`);
  return placeArguments(values, source).map(({ name, fetch, type }) => `${name}=${fetch}:${type}`);
}

describe('arguments', () => {
  test.each([
    [
      'n=arg1:s32, text=arg2:string, inline=+16(arg3):string',
      ['n=%di:s32', 'text=+0(%si):string', 'inline=+16(%dx):string'],
    ],
    ['arg6, arg7:s32, arg8', ['arg6=%r9:u64', 'arg7=+8(%sp):s32', 'arg8=+16(%sp):u64']],
    ['name=+0(+8(arg1)):ustring, a=-8(%rbp):x32', ['name=+0(+8(%di)):ustring', 'a=-8(%bp):x32']],
    [
      'bytes=+0(arg1):u8[16], %eax, $stack2, five=\\5, $comm',
      ['bytes=+0(%di):u8[16]', 'eax=%ax:u64', 'stack2=$stack2:u64', 'five=\\5:u64', 'comm=$comm:string'],
    ],
    ['$arg1', ['arg1=%di:u64']],
  ])('where a function of x86-64 begins: %s', (written, expected) => {
    expect(fetched(written, { machine: x86, at: 'entry' })).toEqual(expected);
  });

  test('where a function of ARM of 64 bits begins, and where any returns', () => {
    expect(fetched('arg1:s32, text=arg8:string, arg9, %w3', { machine: arm, at: 'entry' })).toEqual([
      'arg1=%x0:s32',
      'text=+0(%x7):string',
      'arg9=+0(%sp):u64',
      'w3=%x3:u64',
    ]);
    expect(fetched('retval, text=retval:string, x=+8($retval):u8', { machine: x86, at: 'return' })).toEqual([
      'ret=$retval:s64',
      'text=+0($retval):string',
      'x=+8($retval):u8',
    ]);
  });

  test('of a probe of sys/sdt.h', () => {
    const values = sdtArguments(
      '-4@%edi 8@-8(%rbp) 8@total+4(%rip)',
      x86,
      (name, distance) => `@+0x${name.length + distance}`,
    );
    expect(
      fetched('n=arg1, text=arg2:string, arg3, low=arg3:s8', { machine: x86, at: 'sdt', values }),
    ).toEqual(['n=%di:s32', 'text=+0(-8(%bp)):string', 'arg3=@+0x9:u64', 'low=@+0x9:s8']);
  });

  test.each([
    ['arg1', 'return', x86, 'gone when the function returns'],
    ['retval', 'entry', x86, 'known when the function returns'],
    ['arg4', 'sdt', x86, 'has no arg4'],
    ['arg0', 'entry', x86, 'from arg1 on'],
    ['arg1', 'entry', 3, 'of this machine'],
    ['%nosuch', 'entry', x86, 'no register'],
    ['%x31', 'entry', arm, 'no register'],
    ['arg1:float', 'entry', x86, 'no type'],
    ['+8(arg1)', 'entry', x86, 'needs a name'],
    ['ip=arg1', 'entry', x86, 'is there anyway'],
    ['a=@symbol', 'entry', x86, 'nothing that can be fetched'],
  ] as const)('refused: %s at %s', (written, at, machine, message) => {
    expect(() => fetched(written, { machine, at, values: [] })).toThrow(message);
  });

  test('whatever is taken makes a definition, and nothing but that', () => {
    const source = { machine: x86, at: 'entry' } as const;
    fc.assert(
      fc.property(fc.stringMatching(/^[-+0-9arg%$x()\\:s,= \n]{0,40}$/), (written) => {
        let values: ReturnType<typeof placeArguments>;
        try {
          values = placeArguments(parseProgramPlace(`/x:f(${written})`).arguments ?? [], source);
        } catch (error) {
          expect(error).toBeInstanceOf(SpoorError);
          return;
        }
        const place = { kind: 'file', path: '/x', offsetBytes: 1n } as const;
        try {
          expect(probeText({ group: 'g', name: 'n', place, arguments: values }).split(/\s/).length).toBe(
            2 + values.length,
          );
        } catch (error) {
          // Two of one name.
          expect(error).toMatchObject({ code: 'kernel/probe' });
        }
      }),
    );
  });
});

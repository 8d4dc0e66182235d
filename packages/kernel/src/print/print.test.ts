import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { btfConstants } from '../formats/btf-constants.ts';
import { parseEventFormat } from '../formats/parse-format.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { layout64 } from '../testing/page-builder.ts';
import { parseExpressions } from './c-expression.ts';
import { fieldLabels, usedConstants } from './field-labels.ts';
import { ipv6Text } from './pointer-text.ts';
import { printFormatOf } from './print-format.ts';
import { recordText } from './render.ts';
import { KernelSymbols, parsePrintkFormats } from './symbols.ts';
import { contextLetters, parseCommands, secondsText, traceLine } from './trace-line.ts';
import type { RecordBytes } from './values.ts';

/** An event of fields that are given as `TYPE NAME:SIZE[:signed]`, one behind the other from byte 8 on. */
function eventOf(
  print: string,
  fields: readonly string[],
  system = 'test',
  name = 'event',
): KernelEventFormat {
  let offset = 8;
  const lines = fields.map((field) => {
    const [declaration = '', size = '4', signed] = field.split(':');
    const line = `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed === undefined ? 0 : 1};`;
    offset += Number(size);
    return line;
  });
  return parseEventFormat(
    `name: ${name}
ID: 9
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

${lines.join('\n')}

print fmt: ${print}
`,
    system,
  );
}

/** Numbers of 32 bits, bigints of 64, and bytes, one behind the other from byte 8 on. */
function recordOf(...values: readonly (number | bigint | Uint8Array)[]): RecordBytes {
  const bytes: number[] = [9, 0, 1, 0x12, 0xd2, 4, 0, 0];
  for (const value of values) {
    if (value instanceof Uint8Array) bytes.push(...value);
    else {
      const view = new DataView(new ArrayBuffer(8));
      if (typeof value === 'bigint') view.setBigUint64(0, BigInt.asUintN(64, value), true);
      else view.setUint32(0, value >>> 0, true);
      bytes.push(...new Uint8Array(view.buffer).subarray(0, typeof value === 'bigint' ? 8 : 4));
    }
  }
  return {
    view: new DataView(new Uint8Array(bytes).buffer),
    at: 0,
    lengthBytes: bytes.length,
    littleEndian: true,
  };
}

const bytes = (text: string, length = text.length): Uint8Array => {
  const result = new Uint8Array(length);
  result.set(new TextEncoder().encode(text));
  return result;
};

const symbols = KernelSymbols.parse(`0000000000000000 A fixed
ffffffff81000000 T first
ffffffff81000040 t alias_one
ffffffff81000040 t alias_two
ffffffff81000100 t in_module\t[ext4]
ffffffff81000200 T last
`);

const context = {
  layout: layout64,
  symbols,
  texts: parsePrintkFormats('0xffffffff82000000 : "Start\\tit"\n'),
  constants: new Map([['CLASS_BE', 2n]]),
};

const text = (
  print: string,
  fields: readonly string[],
  ...values: readonly (number | bigint | Uint8Array)[]
): string => recordText(eventOf(print, fields), recordOf(...values), context).replace(/^event: /, '');

describe('numbers, as the kernel writes them', () => {
  test.each([
    ['"%d %u", REC->a, REC->a', ['int a:4:s'], [-5], '-5 4294967291'],
    ['"%5d|%-5d|%05d|%+d", REC->a, REC->a, REC->a, REC->a', ['int a'], [42], '   42|42   |00042|+42'],
    ['"%#x %#010x %X %#o", REC->a, REC->a, REC->a, REC->a', ['u32 a'], [0xabc], '0xabc 0x00000abc ABC 05274'],
    ['"%#x %#o", REC->a, REC->a', ['u32 a'], [0], '0x0 0'],
    [
      '"%lx %llu %ld", REC->a, REC->a, REC->a',
      ['unsigned long a:8'],
      [-1n],
      'ffffffffffffffff 18446744073709551615 -1',
    ],
    ['"%hhu %hd", REC->a, REC->a', ['u32 a'], [0x1ffff], '255 -1'],
    ['"%c%c%%", REC->a, \'x\'', ['u32 a'], [0x41], 'Ax%'],
    ['"%.3d|%*d", REC->a, 4, REC->a', ['u32 a'], [7], '007|   7'],
    [
      '"%p|%px", REC->a, (void *)0',
      ['void * a:8'],
      [0xffff888000001000n],
      'ffff888000001000|0000000000000000',
    ],
  ])('%s', (print, fields, values, expected) => {
    expect(text(print, fields, ...values)).toBe(expected);
  });
});

describe('expressions, as C computes them', () => {
  test.each([
    ['REC->a - REC->b', [1, 2], '18446744073709551615', '4294967295'],
    ['(REC->a + 1) * 3 % 5', [7, 0], '4', '4'],
    ['REC->a >> 4 & 0xf | 1 << 8', [0xab, 0], '266', '266'],
    ['REC->a == 1 && REC->b != 2 || !REC->a', [1, 3], '1', '1'],
    ['REC->a ? REC->b ? 1 : 2 : 3', [1, 0], '2', '2'],
    ['~REC->a & 0xffUL', [0xf0, 0], '15', '15'],
    ['(u8)REC->a', [0x1ff, 0], '255', '255'],
    ['(s8)REC->a', [0xff, 0], '18446744073709551615', '4294967295'],
    ['(bool)REC->a', [5, 0], '1', '1'],
    ['-1 < 1U', [0, 0], '0', '0'],
    ['-1 < 1L', [0, 0], '1', '1'],
    ['REC->a / REC->b', [1, 0], '0', '0'],
    ['sizeof(u64) + sizeof(struct foo *)', [0, 0], '16', '16'],
    ['((unsigned int) ((REC->a) & ((1U << 20) - 1)))', [0x12345678, 0], String(0x45678), String(0x45678)],
    ['__builtin_expect(!!(REC->a), 0)', [9, 0], '1', '1'],
    ['(REC)->a', [9, 0], '9', '9'],
    ['CLASS_BE + 1', [0, 0], '3', '3'],
    ['NOT_KNOWN + 1', [0, 0], '?', '?'],
  ])('%s', (expression, values, long, int) => {
    // By the conversions of the whole: an int that is passed where long is read is the caller's mistake in C, too.
    const fields = ['u32 a', 'u32 b'];
    const isLong = long !== int;
    expect(text(`"%u", ${expression}`, fields, ...values)).toBe(int);
    if (isLong)
      expect(text(`"%llu", (unsigned long long)(long)(int)(${expression})`, fields, ...values)).toBe(long);
  });
});

describe('names of values', () => {
  const flags =
    '__print_flags(REC->a, "|", { 1, "ONE" }, { 6, "SIX" }, { UNKNOWN, "U" }, { 0x10UL, "TEN" }, { -1, ((void *)0) })';
  const symbolic = '__print_symbolic(REC->a, { 0, "ZERO" }, { CLASS_BE, "BE" }, { (1 << 4), "TEN" })';

  test.each([
    [flags, 0, ''],
    [flags, 7, 'ONE|SIX'],
    [flags, 0x32, 'TEN|0x22'],
    [symbolic, 0, 'ZERO'],
    [symbolic, 2, 'BE'],
    [symbolic, 3, '0x3'],
    ['REC->a ? "yes" : "no"', 1, 'yes'],
  ])('%s of %d', (expression, value, expected) => {
    expect(text(`"%s", ${expression}`, ['u32 a'], value)).toBe(expected);
  });

  test('are told by field', () => {
    const event = eventOf(
      `"%s %s %s", REC->b & 3 ? ${flags.replace('REC->a', '(unsigned long)REC->b & 0xff')} : "", ${symbolic}, REC->a`,
      ['u32 a', 'u32 b'],
    );
    expect([...fieldLabels(event, context)]).toEqual([
      [
        'b',
        {
          kind: 'flags',
          delimiter: '|',
          entries: [
            { value: 1n, label: 'ONE' },
            { value: 6n, label: 'SIX' },
            { value: 16n, label: 'TEN' },
          ],
        },
      ],
      [
        'a',
        {
          kind: 'symbols',
          delimiter: '',
          entries: [
            { value: 0n, label: 'ZERO' },
            { value: 2n, label: 'BE' },
            { value: 16n, label: 'TEN' },
          ],
        },
      ],
    ]);
    expect([...usedConstants([event])]).toEqual(['UNKNOWN', 'CLASS_BE']);
  });
});

describe('arrays and what is pointed to', () => {
  const location = (offset: number, length: number): number => offset | (length << 16);

  test.each([
    [
      '"%s|%.2s|%-6s|%6s", REC->a, REC->a, REC->a, REC->a',
      ['char a[8]:8'],
      [bytes('abc', 8)],
      'abc|ab|abc   |   abc',
    ],
    ['"%s", __get_str(a)', ['__data_loc char[] a'], [location(12, 4), bytes('xyz\0')], 'xyz'],
    ['"%s", __get_rel_str(a)', ['__rel_loc char[] a'], [location(0, 4), bytes('xyz\0')], 'xyz'],
    ['"%s", __get_str(a)', ['__data_loc char[] a'], [location(12, 400), bytes('xyz\0')], ''],
    ['"%lu %lx", REC->a[1], REC->a[9]', ['unsigned long a[2]:16'], [5n, 6n], '6 0'],
    [
      '"%s", __print_array(__get_dynamic_array(a), __get_dynamic_array_len(a) / sizeof(u32), sizeof(u32))',
      ['__data_loc u32[] a'],
      [location(12, 8), 1, 0xab],
      '{0x1,0xab}',
    ],
    [
      '"%s|%s", __print_hex(REC->a, 3), __print_hex_str(REC->a, 2)',
      ['u8 a[4]:4'],
      [bytes('\x01\x22~\x7f')],
      '01 22 7e|0122',
    ],
    [
      '"%pI4|%pi4|%pM|%pU", REC->a, REC->a, REC->a, REC->a',
      ['u8 a[16]:16'],
      [bytes('\x01\x02\x03\x04\x05\x06', 16)],
      '1.2.3.4|001.002.003.004|01:02:03:04:05:06|01020304-0506-0000-0000-000000000000',
    ],
    [
      '"%pUl|%pUB", REC->a, REC->a',
      ['u8 a[16]:16'],
      [bytes('\x01\x02\x03\x04\x05\x06\x07\x0a', 16)],
      '04030201-0605-0a07-0000-000000000000|01020304-0506-070A-0000-000000000000',
    ],
    ['"%pISpc", REC->a', ['u8 a[28]:28'], [bytes('\x02\0\x1f\x40\x7f\0\0\x01', 28)], '127.0.0.1:8000'],
    [
      '"%pISpc", REC->a',
      ['u8 a[28]:28'],
      [bytes(`\x0a\0\x1f\x40\0\0\0\0${'\0'.repeat(15)}\x01`, 28)],
      '[::1]:8000',
    ],
    ['"%*pbl|%*pb", 10, REC->a, 10, REC->a', ['unsigned long a[1]:8'], [0x32dn], '0,2-3,5,8-9|32d'],
    ['"%s", __get_cpumask(a)', ['__data_loc cpumask_t[] a'], [location(12, 8), 3n], '00000000,00000003'],
    [
      '"%pS %ps %ps %pS", REC->a, REC->a, (void *)0xffffffff81000105UL, (void *)5',
      ['unsigned long a:8'],
      [0xffffffff81000044n],
      'alias_one+0x4/0xc0 alias_one in_module [ext4] 0x5',
    ],
    ['"%s", REC->a', ['const char * a:8'], [0xffffffff82000000n], 'Start\tit'],
    ['"%s %d", REC->nosuch, REC->a', ['u32 a'], [1], '? 1'],
    ['"a\\tb\\n" "c %d", REC->a', ['u32 a'], [1], 'a\tb\nc 1'],
  ])('%s', (print, fields, values, expected) => {
    expect(text(print, fields, ...values)).toBe(expected);
  });

  test.each([
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000ffff7f000001', '::ffff:127.0.0.1'],
    ['00010000000200000003000000040005', '1:0:2:0:3:0:4:5'],
    ['00010000000000020000000000000003', '1:0:0:2::3'],
  ])('%%pI6c of %s', (digits, expected) => {
    const address = Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    expect(ipv6Text(address, 'I6c')).toBe(expected);
  });
});

describe('events that the kernel writes in a way of its own', () => {
  test('system calls', () => {
    const enter = eventOf(
      '"x"',
      ['int __syscall_nr:8', 'int fd:8', 'char * buf:8'],
      'syscalls',
      'sys_enter_read',
    );
    expect(recordText(enter, recordOf(0n, 3n, 0x7ffen), context)).toBe('sys_read(fd: 3, buf: 0x7ffe)');
    const exit = eventOf('"x"', ['int __syscall_nr:8', 'long ret:8:s'], 'syscalls', 'sys_exit_read');
    expect(recordText(exit, recordOf(0n, -2n), context)).toBe('sys_read -> 0xfffffffffffffffe');
  });

  test('markers and stacks', () => {
    const print = eventOf(
      '"%ps: %s", (void *)REC->ip, REC->buf',
      ['unsigned long ip:8', 'char buf[]:0'],
      'ftrace',
      'print',
    );
    expect(recordText(print, recordOf(0xffffffff81000000n, bytes('hello\n\0')), context)).toBe(
      'first: hello',
    );
    const stack = eventOf('"x"', ['int size:8', 'unsigned long caller[8]:64'], 'ftrace', 'kernel_stack');
    expect(recordText(stack, recordOf(2n, 0xffffffff81000001n, 0xffffffff81000300n, 5n), context)).toBe(
      '<stack trace>\n => first\n => last',
    );
  });

  test('what cannot be followed is told field by field', () => {
    const event = eventOf('"%s", ({ statements; })', ['u32 a', 'char b[4]:4', 'u16 c[2]:4', 'void * p:8']);
    expect(recordText(event, recordOf(1, bytes('xy', 4), 0x20001, 16n), context)).toBe(
      'event: a=1 b="xy" c=[1, 2] p=0x10',
    );
    expect(printFormatOf(event)).toMatchObject({ code: 'kernel/print-format' });
  });
});

test('the line of a record', () => {
  const event = eventOf('"a=%d", REC->a', ['u32 a']);
  const place = { cpu: 1, timeNs: 1_000_000_999_500n, commands: parseCommands('1234 some name\n') };
  expect(traceLine(event, recordOf(5), place, context)).toBe(
    '       some name-1234    [001] d..21  1000.001000: event: a=5',
  );
  expect(secondsText(499n)).toBe('    0.000000');
  expect(contextLetters(0, 0)).toBe('.....');
  expect(contextLetters(0x81 | 0x26 | 0x18, 0x3f)).toBe('DBHf3');
  expect(contextLetters(0x40 | 0x80 | 4, 0)).toBe('bnz..');
});

describe('constants of enumerations', () => {
  /** Types: an int, `enum { A = -1, B = 5 }`, `enum64 { BIG = 2^32 + 1 }`, a structure with a member. */
  function btf(littleEndian: boolean): Uint8Array {
    const names = '\0int\0A\0B\0BIG\0s\0m\0';
    const offset = (name: string): number => names.indexOf(`\0${name}\0`) + 1;
    const kind = (number: number, count: number, flag = 0): number =>
      ((flag << 31) | (number << 24) | count) >>> 0;
    const words = [
      [offset('s'), kind(4, 1), 4, offset('m'), 1, 0],
      [offset('int'), kind(1, 0), 4, 32],
      [0, kind(6, 2, 1), 4, offset('A'), -1, offset('B'), 5],
      [0, kind(19, 1), 8, offset('BIG'), 1, 1],
    ].flat();
    const result = new Uint8Array(24 + words.length * 4 + names.length);
    const view = new DataView(result.buffer);
    view.setUint16(0, 0xeb9f, littleEndian);
    view.setUint8(2, 1);
    [24, 0, words.length * 4, words.length * 4, names.length].forEach((word, index) =>
      view.setUint32(4 + index * 4, word, littleEndian),
    );
    words.forEach((word, index) => view.setUint32(24 + index * 4, word, littleEndian));
    result.set(new TextEncoder().encode(names), 24 + words.length * 4);
    return result;
  }

  test.each([true, false])('little endian: %s', (littleEndian) => {
    const wanted = new Set(['A', 'B', 'BIG', 'NONE', 's']);
    expect([...btfConstants(btf(littleEndian), wanted)]).toEqual([
      ['A', -1n],
      ['B', 5n],
      ['BIG', 0x1_0000_0001n],
    ]);
  });

  test('damaged ones end in a typed error, or in fewer names', () => {
    const whole = btf(true);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, value) => {
        const damaged = whole.slice(0, length);
        if (at < length) damaged[at] = value;
        try {
          btfConstants(damaged, new Set(['A', 'B']));
        } catch (error) {
          expect(error).toMatchObject({ code: 'kernel/btf' });
        }
      }),
    );
  });
});

test('any text is parsed or refused with a typed error', () => {
  const piece = fc.constantFrom(
    'REC->a',
    '"%s %d"',
    ',',
    '(',
    ')',
    '{',
    '}',
    '?',
    ':',
    '+',
    '<<',
    '-',
    '!',
    '0x1f',
    '07',
    '9',
    '__get_str(',
    'a',
    '*',
    '(unsigned long)',
    '[',
    ']',
    '&',
    'sizeof(',
    '.',
    '->',
    '\\',
    '"',
    "'x'",
    ';',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 30 }), (pieces) => {
      try {
        parseExpressions(pieces.join(' '));
      } catch (error) {
        expect(error).toBeInstanceOf(SpoorError);
      }
      const event = eventOf(`"%s %d %p", ${pieces.join(' ').replaceAll('\n', ' ')}`, ['u32 a']);
      expect(typeof recordText(event, recordOf(7), context)).toBe('string');
    }),
    { numRuns: 500 },
  );
  expect(() => parseExpressions('('.repeat(10_000))).toThrow(SpoorError);
  expect(() => parseExpressions('-'.repeat(10_000))).toThrow(SpoorError);
});

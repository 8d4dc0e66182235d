import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { parseEventFormat } from './parse-format.ts';
import { checkEventHeader, parsePageHeader } from './page-layout.ts';
import { shapeOf, splitDeclaration } from './field-type.ts';

const words = { longBytes: 8 } as const;

const common = `\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
`;

test('an event with its fields and its print format', () => {
  const format = parseEventFormat(
    `name: net_dev_queue\nID: 2304\nformat:\n${common}
\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:unsigned int len;\toffset:16;\tsize:4;\tsigned:0;
\tfield:__data_loc char[] name;\toffset:20;\tsize:4;\tsigned:0;

print fmt: "dev=%s skbaddr=%p len=%u", __get_str(name), REC->skbaddr, REC->len
`,
    'net',
  );
  expect(format).toMatchObject({ system: 'net', name: 'net_dev_queue', id: 2304 });
  expect(format.commonFields.map(({ name }) => name)).toEqual([
    'common_type',
    'common_flags',
    'common_preempt_count',
    'common_pid',
  ]);
  expect(format.fields.map(({ name, type, shape }) => [name, type, shape])).toEqual([
    ['skbaddr', 'void *', { kind: 'integer', sizeBytes: 8, signed: false, meaning: 'pointer' }],
    ['len', 'unsigned int', { kind: 'integer', sizeBytes: 4, signed: false, meaning: 'number' }],
    ['name', '__data_loc char[]', { kind: 'dynamic', relative: false, content: { kind: 'text' } }],
  ]);
  expect(format.printText).toBe('"dev=%s skbaddr=%p len=%u", __get_str(name), REC->skbaddr, REC->len');
});

const number = (sizeBytes: number, signed: boolean, meaning = 'number'): unknown => ({
  kind: 'integer',
  sizeBytes,
  signed,
  meaning,
});

describe('shapes of fields', () => {
  test.each([
    ['char prev_comm[16]', 16, false, { kind: 'text', sizeBytes: 16 }],
    ['char comm[TASK_COMM_LEN]', 16, true, { kind: 'text', sizeBytes: 16 }],
    ['unsigned char dst[6]', 6, false, { kind: 'array', element: number(1, false), count: 6 }],
    ['unsigned long args[6]', 48, false, { kind: 'array', element: number(8, false), count: 6 }],
    ['xfs_agblock_t blocks[4]', 16, false, { kind: 'array', element: number(4, false), count: 4 }],
    ['struct in_addr two[3]', 24, false, { kind: 'array', element: number(8, false), count: 3 }],
    ['struct pair two[1]', 12, false, { kind: 'bytes', sizeBytes: 12 }],
    ['int dfd', 8, false, number(8, false)],
    ['bool on', 1, false, number(1, false, 'boolean')],
    ['const void* at', 8, false, number(8, false, 'pointer')],
    ['const char *const * argv', 8, false, number(8, false, 'pointer')],
    ['void __seg_gs * base', 8, false, number(8, false, 'pointer')],
    ['struct timespec64 now', 16, false, { kind: 'bytes', sizeBytes: 16 }],
    [
      '__rel_loc u8[] raw',
      4,
      false,
      { kind: 'dynamic', relative: true, content: { kind: 'array', element: number(1, false) } },
    ],
    [
      '__data_loc long[] ids',
      4,
      false,
      { kind: 'dynamic', relative: false, content: { kind: 'array', element: number(8, true) } },
    ],
    [
      '__data_loc struct cell[] cells',
      4,
      false,
      { kind: 'dynamic', relative: false, content: { kind: 'bytes' } },
    ],
    [
      '__data_loc cpumask_t[] mask',
      4,
      false,
      { kind: 'dynamic', relative: false, content: { kind: 'cpumask', wordBytes: 8 } },
    ],
    [
      '__data_loc cpumask_t *[] mask',
      4,
      false,
      { kind: 'dynamic', relative: false, content: { kind: 'cpumask', wordBytes: 8 } },
    ],
    [
      'unsigned long caller[]',
      0,
      false,
      { kind: 'trailing', content: { kind: 'array', element: number(8, false) } },
    ],
    ['char buf[]', 0, false, { kind: 'trailing', content: { kind: 'text' } }],
  ])('%s', (text, sizeBytes, signed, shape) => {
    const declaration = splitDeclaration(text);
    expect(declaration).toBeDefined();
    expect(shapeOf(declaration!, { sizeBytes, signed }, words)).toEqual(shape);
  });
});

describe('what is refused, with its place', () => {
  test.each([
    ['', 'it has no name'],
    ['name: x\nformat:\n', 'it has no valid ID'],
    ['name: x\nID: 70000\nformat:\n', 'it has no valid ID'],
    ['name: x\nID: 3\nformat:\n', 'it has no field common_type'],
    ['name: x\nID: 3\nformat:\n\tfield:int;\toffset:0;\tsize:4;\tsigned:0;', 'cannot read the field'],
    ['name: x\nID: 3\nformat:\n\tfield:int a;\toffset:x;', 'cannot read the field'],
    ['name: x\nID: 3\nformat:\n\tfield:int a;\toffset:99999999;\tsize:4;\tsigned:0;', 'beyond any record'],
    ['name: x\nwhat\n', 'did not expect "what"'],
  ])('%j', (text, message) => {
    const attempt = (): unknown => parseEventFormat(text, 's');
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(SpoorError);
  });
});

test('any text is parsed or refused with a typed error', () => {
  const line = fc.oneof(
    fc.constantFrom('name: a', 'ID: 7', 'format:', '', 'print fmt: "x"', ...common.split('\n')),
    fc
      .tuple(fc.string(), fc.nat(), fc.nat(200))
      .map(([type, offset, size]) => `\tfield:${type};\toffset:${offset};\tsize:${size};\tsigned:1;`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      try {
        parseEventFormat(lines.join('\n'), 's');
      } catch (error) {
        expect(error).toBeInstanceOf(SpoorError);
      }
    }),
  );
});

const page64 = `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
`;

test('the layout of pages, of either width', () => {
  expect(parsePageHeader(page64, true)).toEqual({
    littleEndian: true,
    longBytes: 8,
    timestampOffsetBytes: 0,
    commitOffsetBytes: 8,
    dataOffsetBytes: 16,
    subBufferBytes: 4096,
  });
  const page32 = page64
    .replace('size:8;\tsigned:1', 'size:4;\tsigned:1')
    .replace('offset:16;\tsize:4080', 'offset:12;\tsize:4084');
  expect(parsePageHeader(page32, false, 65_536)).toMatchObject({
    littleEndian: false,
    longBytes: 4,
    dataOffsetBytes: 12,
    subBufferBytes: 65_536,
  });
  expect(() => parsePageHeader('', true)).toThrow('lacks one of');
  expect(() => parsePageHeader(page64.replace('offset:16', 'offset:17'), true)).toThrow('lie where none');
});

test('the header of events must be the known one', () => {
  const text = `# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\tdata max type_len  == 28
`;
  checkEventHeader(text);
  expect(() => checkEventHeader(text.replace('27 bits', '28 bits'))).toThrow('time_delta bits is 28, not 27');
});

import { expect, test } from 'vitest';
import { parseEventFormat } from '../formats/parse-format.ts';
import { layout64 } from '../testing/page-builder.ts';
import { changedEvents, listFields, listSyscalls } from './list-events.ts';

const format = (
  system: string,
  name: string,
  fields: string,
  print: string,
): ReturnType<typeof parseEventFormat> =>
  parseEventFormat(
    `name: ${name}
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

${fields}

print fmt: ${print}
`,
    system,
  );

const line = (declaration: string, size: number): string =>
  `\tfield:${declaration};\toffset:8;\tsize:${size};\tsigned:0;`;

const context = { layout: layout64 };

test('fields have their types as in C, and names of values', () => {
  const event = format(
    's',
    'e',
    [
      line('char comm[16]', 16),
      line('__data_loc u64[] list', 4),
      line('u32 kind', 4),
      line('unsigned long rest[]', 0),
    ].join('\n'),
    '"%s", __print_symbolic(REC->kind, { 1, "ONE" })',
  );
  const fields = listFields(event, context);
  expect(fields.map(({ name, type }) => `${type} ${name}`)).toEqual([
    'char [16] comm',
    'u64 [] list',
    'u32 kind',
    'unsigned long [] rest',
  ]);
  expect(fields[2]!.labels).toEqual({
    kind: 'symbols',
    delimiter: '',
    entries: [{ value: 1, label: 'ONE' }],
  });
});

test('values of any width can be told as JSON', () => {
  const event = format('s', 'e', line('u64 kind', 8), '"%s", __print_symbolic(REC->kind, { -1, "ALL" })');
  const [field] = JSON.parse(JSON.stringify(listFields(event, context))) as ReturnType<typeof listFields>;
  expect(field!.labels!.entries).toEqual([{ value: '18446744073709551615', label: 'ALL' }]);
});

test('system calls, sorted, with their arguments', () => {
  const calls = listSyscalls(
    [
      format(
        'syscalls',
        'sys_enter_write',
        [line('int __syscall_nr', 4), line('unsigned int fd', 8)].join('\n'),
        '"x"',
      ),
      format(
        'syscalls',
        'sys_enter_exit',
        [line('int __syscall_nr', 4), line('int error_code', 8)].join('\n'),
        '"x"',
      ),
      format('syscalls', 'sys_exit_exit', line('long ret', 8), '"x"'),
      format('raw_syscalls', 'sys_enter', line('long id', 8), '"x"'),
    ],
    context,
  );
  expect(calls.map(({ name, arguments: args }) => [name, args.map((argument) => argument.name)])).toEqual([
    ['exit', ['error_code']],
    ['write', ['fd']],
  ]);
});

test('what came and went', () => {
  expect(changedEvents(['a:x', 'b:y'], ['b:y', 'c:z'])).toEqual({ added: ['c:z'], removed: ['a:x'] });
});

import { array, assert, constantFrom, nat, property, string, stringMatching, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { parseLogRecord } from './log-record.ts';

test('a record of a driver, with its dictionary', () => {
  const text =
    '6,339,5140900,-,caller=T1;pci 0000:00:02.0: BAR 0 assigned\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:02.0\n';
  expect(parseLogRecord(text)).toEqual({
    level: 6,
    facility: 0,
    sequence: 339,
    timeUs: 5_140_900,
    caller: 'T1',
    text: 'pci 0000:00:02.0: BAR 0 assigned',
    dictionary: [
      ['SUBSYSTEM', 'pci'],
      ['DEVICE', '+pci:0000:00:02.0'],
    ],
  });
});

test('what a program wrote: its facility, and escaped bytes', () => {
  const record = parseLogRecord('11,516,8007,c;caf\\xc3\\xa9 \\x5c \\x00 a\\b = ;\n');
  expect(record).toMatchObject({ level: 3, facility: 1, text: 'café \\ ␀ a\\b = ;', caller: '' });
});

test('what is no record is none', () => {
  for (const text of ['', 'abc', '6,1;x', '6,1,2;x', '-1,1,2,-;x'])
    expect(parseLogRecord(text)).toBeUndefined();
});

/** As the kernel writes texts: printable ASCII but the backslash as it is, all else escaped. */
function escapedByKernel(text: string): string {
  let escaped = '';
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 32 && byte < 127 && byte !== 92;
    escaped += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

test('property: every record comes back as it was, and no text is too much', () => {
  const text = string({ unit: constantFrom('a', 'é', '☃', '\\', '\n', ';', '=', ' '), maxLength: 12 }).map(
    (value) => value.replaceAll('\0', ''),
  );
  const key = stringMatching(/^[A-Z_]{1,12}$/);
  assert(
    property(
      nat(7),
      nat(23),
      nat(2 ** 40),
      nat(2 ** 45),
      text,
      array(tuple(key, text), { maxLength: 4 }),
      (level, facility, sequence, timeUs, message, dictionary) => {
        const lines = dictionary.map(([name, value]) => ` ${name}=${escapedByKernel(value)}\n`).join('');
        const record = `${level + facility * 8},${sequence},${timeUs},-;${escapedByKernel(message)}\n${lines}`;
        expect(parseLogRecord(record)).toEqual({
          level,
          facility,
          sequence,
          timeUs,
          caller: '',
          text: message,
          dictionary,
        });
      },
    ),
  );
  assert(
    property(string(), (anything) => {
      parseLogRecord(anything);
    }),
  );
});

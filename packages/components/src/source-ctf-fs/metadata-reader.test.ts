import { describe, expect, test } from 'vitest';
import { MetadataReader } from './metadata-reader.ts';

/** Metadata of CTF 1.8; those of one digit are equally long and begin with the same bytes. */
function metadata(digit: number, uuid = true): Uint8Array {
  const text =
    `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le;` +
    `${uuid ? ' uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564";' : ''} }; env { number = ${digit}; }; stream {};`;
  return new TextEncoder().encode(text);
}
const silent = (): void => {};

describe('metadata that is read again', () => {
  test('is not parsed again, whatever the file is called', () => {
    const reader = new MetadataReader(10_000);
    const first = reader.read(metadata(1), 'one', silent);
    expect(reader.read(metadata(1), 'other', silent)).toBe(first);
  });

  test('is parsed when one byte differs, and where there is no UUID', () => {
    const reader = new MetadataReader(10_000);
    expect(reader.read(metadata(1), 'm', silent).environment.get('number')).toBe(1n);
    expect(reader.read(metadata(2), 'm', silent).environment.get('number')).toBe(2n);
    expect(reader.read(metadata(1, false), 'm', silent)).not.toBe(
      reader.read(metadata(1, false), 'm', silent),
    );
  });

  test('the bytes may change afterwards', () => {
    const reader = new MetadataReader(10_000);
    const bytes = metadata(1);
    const first = reader.read(bytes, 'm', silent);
    bytes.set(metadata(2));
    expect(reader.read(bytes, 'm', silent)).not.toBe(first);
  });

  test('what is cut short is told of each time', () => {
    const reader = new MetadataReader(10_000);
    const cut = new TextEncoder().encode(`${new TextDecoder().decode(metadata(1))} event { name = `);
    const told: string[] = [];
    reader.read(cut, 'm', (problem) => told.push(problem.code));
    reader.read(cut, 'm', (problem) => told.push(problem.code));
    expect(told).toHaveLength(2);
  });

  test('what was used last is kept, within the limit', () => {
    const long = (length: number): Uint8Array => {
      const text = new TextDecoder().decode(metadata(1));
      return new TextEncoder().encode(`${text}${' '.repeat(length - text.length)}`);
    };
    const reader = new MetadataReader(1000);
    const first = reader.read(long(300), 'm', silent);
    const second = reader.read(long(301), 'm', silent);
    reader.read(long(300), 'm', silent);
    reader.read(long(500), 'm', silent);
    expect(reader.read(long(300), 'm', silent)).toBe(first);
    expect(reader.read(long(301), 'm', silent)).not.toBe(second);
    const large = reader.read(long(1001), 'm', silent);
    expect(reader.read(long(1001), 'm', silent)).not.toBe(large);
  });
});

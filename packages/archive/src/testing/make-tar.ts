/** Writes tar archives for tests, wrong ones too. */

/** An entry; what is not given is that of a plain file. */
export interface TarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** Type byte; `0` by default. */
  readonly type?: string;
  readonly link?: string;
  /** In place of the content's length. */
  readonly sizeBytes?: number;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function header({ name, content, type, link, sizeBytes }: TarEntry): Uint8Array {
  const block = new Uint8Array(512);
  const put = (text: string, at: number): void => block.set(bytesOf(text), at);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  put(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(sizeBytes ?? content?.length ?? 0, 11), 124);
  put(octal(0, 11), 136);
  put('        ', 148);
  put(type ?? '0', 156);
  put(link ?? '', 157);
  put('ustar\u000000', 257);
  put(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  return block;
}

function padded(content: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(content.length / 512) * 512);
  whole.set(content);
  return whole;
}

/** A pax record, whose length counts its own digits. */
export function paxRecord(key: string, value: string): string {
  const body = bytesOf(` ${key}=${value}\n`).length;
  let length = body + 1;
  while (String(length).length + body !== length) length += 1;
  return `${length} ${key}=${value}\n`;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A tar archive; names that do not fit are told by pax headers, or as GNU does it. */
export function makeTar(entries: readonly TarEntry[], longNames: 'pax' | 'gnu' = 'pax'): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array(0);
    let { name } = entry;
    if (bytesOf(name).length > 100) {
      const long = bytesOf(longNames === 'pax' ? paxRecord('path', name) : `${name}\0`);
      const type = longNames === 'pax' ? 'x' : 'L';
      parts.push(header({ name: 'long', content: long, type }), padded(long));
      name = 'cut';
    }
    parts.push(header({ ...entry, name }), padded(content));
  }
  parts.push(new Uint8Array(1024));
  return joined(parts);
}

/** Bytes of a text. */
export const text: (content: string) => Uint8Array = bytesOf;

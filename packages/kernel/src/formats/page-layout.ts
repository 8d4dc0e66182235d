/** Layout of sub-buffers and of event headers: the files `events/header_page` and `events/header_event`. */
import { FormatError } from './format-error.ts';

/** Where things lie in a sub-buffer. */
export interface PageLayout {
  readonly littleEndian: boolean;
  /** Bytes of `long` on the machine that recorded; of the commit word, too. */
  readonly longBytes: 4 | 8;
  readonly timestampOffsetBytes: number;
  readonly commitOffsetBytes: number;
  /** Where the first event begins. */
  readonly dataOffsetBytes: number;
  /** Of the whole sub-buffer, its header included. */
  readonly subBufferBytes: number;
}

/** Values of `type_len` that are no lengths. */
export const eventTypes = { padding: 29, timeExtend: 30, timeStamp: 31, largestLength: 28 } as const;

const fieldPattern =
  /^\s*field:\s*(?<type>.*?)\s+(?<name>\w+);\s*offset:(?<offset>\d+);\s*size:(?<size>\d+);/;

/**
 * Parses `events/header_page`.
 * @param subBufferBytes the size of an instance's sub-buffers, where it was changed; what the file says otherwise.
 * @throws FormatError (`kernel/page-header`).
 */
export function parsePageHeader(text: string, littleEndian: boolean, subBufferBytes?: number): PageLayout {
  const where = 'events/header_page';
  const fields = new Map<string, { readonly offset: number; readonly size: number }>();
  for (const line of text.split('\n')) {
    const { name, offset, size } = fieldPattern.exec(line)?.groups ?? {};
    if (name !== undefined) fields.set(name, { offset: Number(offset), size: Number(size) });
  }
  const timestamp = fields.get('timestamp');
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (timestamp === undefined || commit === undefined || data === undefined) {
    throw new FormatError('kernel/page-header', 'it lacks one of timestamp, commit and data', where);
  }
  const longBytes = commit.size;
  const whole = subBufferBytes ?? data.offset + data.size;
  if (timestamp.size !== 8 || (longBytes !== 4 && longBytes !== 8)) {
    throw new FormatError(
      'kernel/page-header',
      `timestamps of ${timestamp.size} and commits of ${longBytes} bytes`,
      where,
    );
  }
  const heads = [timestamp.offset, commit.offset, data.offset];
  if (heads.some((offset) => offset % 4 !== 0 || offset > 64) || whole % 4 !== 0 || whole <= data.offset) {
    throw new FormatError('kernel/page-header', 'its fields lie where none can be', where);
  }
  return {
    littleEndian,
    longBytes,
    timestampOffsetBytes: timestamp.offset,
    commitOffsetBytes: commit.offset,
    dataOffsetBytes: data.offset,
    subBufferBytes: whole,
  };
}

/**
 * Checks that events have the header that this package knows: all kernels since 2.6.30 have had it.
 * @throws FormatError (`kernel/page-header`).
 */
export function checkEventHeader(text: string): void {
  const where = 'events/header_event';
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? -1);
  const found = {
    'type_len bits': number(/type_len\s*:\s*(\d+) bits/),
    'time_delta bits': number(/time_delta\s*:\s*(\d+) bits/),
    padding: number(/padding\s*:\s*type == (\d+)/),
    time_extend: number(/time_extend\s*:\s*type == (\d+)/),
    'largest length': number(/data max type_len\s*==\s*(\d+)/),
  };
  const wanted = {
    'type_len bits': 5,
    'time_delta bits': 27,
    padding: 29,
    time_extend: 30,
    'largest length': 28,
  };
  for (const [what, value] of Object.entries(wanted)) {
    const has = found[what as keyof typeof found];
    if (has !== value) throw new FormatError('kernel/page-header', `${what} is ${has}, not ${value}`, where);
  }
}

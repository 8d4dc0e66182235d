/** Lines of the kernel's ring buffer, as dmesg(1) prints them and as babeltrace2's `source.text.dmesg` reads them. */

/** A time in front of a line, and where the text begins. */
export interface LineTime {
  /** Nanoseconds since boot, or since the epoch where a date is printed: of any size, and before it negative. */
  readonly timeNs: bigint;
  /** Bytes before the text. */
  readonly textStart: number;
}

/** `[SECONDS.MICROSECONDS]`; the part behind the point is a number, not a fraction. */
const sinceBoot = /^\[\s*\+?(\d{1,20})\.\s*\+?(\d{1,20})/;
/** `[YEAR-MONTH-DAY HOUR:MINUTE:SECOND.MILLISECONDS]`. */
const dated =
  /^\[\s*(\d{1,5})-\s*(\d{1,5})-\s*(\d{1,5})\s*(\d{1,5}):\s*(\d{1,5}):\s*(\d{1,9})\.\s*(\d{1,20})/;

function timeOf(head: string): bigint | undefined {
  const boot = sinceBoot.exec(head);
  if (boot !== null) {
    return (BigInt(boot[1]!) * 1_000_000n + BigInt(boot[2]!)) * 1000n;
  }
  const date = dated.exec(head);
  if (date === null) return undefined;
  const [year, month, day, hour, minute, second] = date.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // The calendar goes on where a part is too great: minute 70 is in the next hour.
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute, second);
  return (BigInt(at.getTime()) + BigInt(date[7]!)) * 1_000_000n;
}

/**
 * The time in front of a line.
 * @param line without its line feed, up to its first NUL.
 * @returns undefined when there is none.
 */
export function lineTime(line: Uint8Array): LineTime | undefined {
  if (line[0] !== 0x5b) return undefined;
  const close = line.indexOf(0x5d);
  if (close < 0) return undefined;
  let head = '';
  for (const byte of line.subarray(0, Math.min(line.length, 256))) head += String.fromCharCode(byte);
  const timeNs = timeOf(head);
  if (timeNs === undefined) return undefined;
  return { timeNs, textStart: line[close + 1] === 0x20 ? close + 2 : close + 1 };
}

/** Whether a line has nothing but white space; such lines are passed over. */
export function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Cuts bytes that come in pieces into lines, without their line feeds and up to their first NUL. */
export class LineCutter {
  /** What a line that has not ended yet began with; it doubles, so that long lines cost each byte a copy or two. */
  private rest = new Uint8Array(65_536);
  private restBytes = 0;

  /** The lines that end in these bytes. They are valid until the next one is asked for. */
  *push(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      yield this.cut(bytes.subarray(from, end));
      from = end + 1;
    }
    this.keep(bytes.subarray(from));
  }

  /** The last line, if it does not end in a line feed. */
  *end(): Generator<Uint8Array, void, undefined> {
    if (this.restBytes > 0) yield this.cut(new Uint8Array(0));
  }

  private keep(bytes: Uint8Array): void {
    const length = this.restBytes + bytes.length;
    if (length > this.rest.length) {
      const larger = new Uint8Array(Math.max(length, this.rest.length * 2));
      larger.set(this.rest.subarray(0, this.restBytes));
      this.rest = larger;
    }
    this.rest.set(bytes, this.restBytes);
    this.restBytes = length;
  }

  private cut(bytes: Uint8Array): Uint8Array {
    let line = bytes;
    if (this.restBytes > 0) {
      this.keep(bytes);
      line = this.rest.subarray(0, this.restBytes);
      this.restBytes = 0;
    }
    const nul = line.indexOf(0);
    return nul < 0 ? line : line.subarray(0, nul);
  }
}

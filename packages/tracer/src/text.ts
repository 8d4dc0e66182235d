// Strings on the hot path. Short ASCII is packed four characters at a time; anything else goes through Node's own
// UTF-8 writer. The lengths at which one overtakes the other were measured (bench/emit.ts). Stores are signed, for the reason
// that emit-write.ts gives.

/**
 * Up to this length the loop is quicker than a call into the runtime: for UUIDs and ids of traces too. In a hot loop that call
 * costs as much as 25 (Node.js 24) to 48 characters (20), amid a program's own work, which takes the caches, more than 64.
 */
const LOOP_LENGTH = 48;

/** Writes `text` and its NUL at `at`; returns the position after them. The caller made sure that they fit. */
export type TextWriter = (at: number, text: string) => number;

/** Buffer's undocumented but long-lived fast writer. */
type FastBuffer = Buffer & { utf8Write?: (text: string, offset: number) => number };

/** Text with its NULs, which end a string in CTF, replaced by their visible symbol. */
function withoutNuls(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\u2400') : text;
}

/** Exact size of a string in a trace, with its NUL. */
export function textBytes(text: string): number {
  if (text === '') return 1;
  return Buffer.byteLength(withoutNuls(text)) + 1;
}

/** A writer into the memory that `view` and `bytes` both show. */
export function makeTextWriter(view: DataView, bytes: Buffer): TextWriter {
  const fast: FastBuffer = bytes;
  const hasFastWrite = typeof fast.utf8Write === 'function';

  function writeAny(at: number, text: string): number {
    const clean = withoutNuls(text);
    const written = hasFastWrite ? fast.utf8Write!(clean, at) : bytes.write(clean, at, 'utf8');
    const end = at + written;
    view.setInt8(end, 0);
    return end + 1;
  }

  return function writeText(at, text) {
    const { length } = text;
    if (length > LOOP_LENGTH) return writeAny(at, text);
    let index = 0;
    let pos = at;
    for (; index + 4 <= length; index += 4) {
      const a = text.charCodeAt(index);
      const b = text.charCodeAt(index + 1);
      const c = text.charCodeAt(index + 2);
      const d = text.charCodeAt(index + 3);
      // Neither beyond ASCII nor NUL.
      if (((a | b | c | d) & ~127) !== 0 || ((a - 1) | (b - 1) | (c - 1) | (d - 1)) < 0) {
        return writeAny(at, text);
      }
      view.setInt32(pos, a | (b << 8) | (c << 16) | (d << 24), true);
      pos += 4;
    }
    for (; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if ((code - 1) >>> 0 > 126) return writeAny(at, text);
      view.setInt8(pos, code);
      pos += 1;
    }
    view.setInt8(pos, 0);
    return pos + 1;
  };
}

// Strings on the hot path. Short ASCII is written character by character; anything else goes through Node's own UTF-8
// writer. The lengths at which one overtakes the other were measured (bench/emit.ts). Stores are signed, for the reason that
// emit-write.ts gives.
//
// V8 makes half a kilobyte of code of each place that asks for a character, for strings of every kind, so there is one such
// place. Four of them, for a word at a time, are as quick or up to 6 ns quicker in a loop of nothing but events, and 2 to 8 ns
// slower amid a program's own work, where what runs is not in the processor's caches.

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
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      // Neither beyond ASCII nor NUL.
      if ((code - 1) >>> 0 > 126) return writeAny(at, text);
      view.setInt8(at + index, code);
    }
    view.setInt8(at + length, 0);
    return at + length + 1;
  };
}

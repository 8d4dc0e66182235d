/** All `format` files of a recording in one: before each a line `# SYSTEM/EVENT BYTES`. */
import { readEventFormat } from '../formats/lazy-format.ts';
import type { MachineWords } from '../formats/field-type.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { FormatError } from '../formats/format-error.ts';

/** A `format` file. */
export interface FormatFile {
  readonly system: string;
  readonly name: string;
  readonly text: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Puts files into one. */
export function packFormats(files: Iterable<FormatFile>): Uint8Array {
  let text = '';
  for (const { system, name, text: content } of files) {
    text += `# ${system}/${name} ${encoder.encode(content).length}\n${content}\n`;
  }
  return encoder.encode(text);
}

/** The events of such a file. @throws FormatError (`kernel/format`). */
export function unpackFormats(bytes: Uint8Array, words: MachineWords, where: string): KernelEventFormat[] {
  const formats: KernelEventFormat[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    const line = decoder.decode(bytes.subarray(at, end < 0 ? bytes.length : end));
    const { system, length } = /^# (?<system>[^/\s]+)\/\S+ (?<length>\d{1,9})$/.exec(line)?.groups ?? {};
    const from = end + 1;
    const to = from + Number(length);
    if (end < 0 || system === undefined || to > bytes.length) {
      throw new FormatError(
        'kernel/format',
        `did not expect ${JSON.stringify(line.slice(0, 80))}`,
        `${where}, byte ${at}`,
      );
    }
    formats.push(readEventFormat(decoder.decode(bytes.subarray(from, to)), system, words));
    at = to + 1;
  }
  return formats;
}

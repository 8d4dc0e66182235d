// What decode-fields.ts prints, found in the text of the same trace.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A text in quotes with its escapes, or a number. Labels of enumerations were taken away before. */
const value = /"((?:[^"\\]|\\.)*)"|= (-?0x[0-9A-F]+|-?[\d.]+(?:e[+-]?\d+)?)(?= |,)/g;

/** The fields of 64 bits. */
const wideFields = / (?:e|count|bytes) $/;

/**
 * Reads the text that a command prints: the sum of all integers (of their halves where they are wide), the bytes of all
 * texts, the number of floats and their sum. Fields of the packet are left out, the floats are those of `gen:flt`.
 */
export async function textFacts(argv: readonly string[]): Promise<string> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let integers = 0;
  let textBytes = 0;
  let floats = 0;
  let shown = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const fields = line.slice(line.indexOf('}') + 1).replaceAll(/\( "[A-Z", ]*" : container/g, '');
    const isFloat = line.includes(' gen:flt: ');
    const payload = fields.lastIndexOf('}, {');
    for (const match of fields.matchAll(value)) {
      const [, text, number] = match;
      if (text !== undefined) {
        textBytes += Buffer.byteLength(text.replaceAll(/\\./g, '.'));
      } else if (isFloat && match.index > payload) {
        floats += 1;
        shown += Number(number);
      } else if (wideFields.test(fields.slice(0, match.index))) {
        const wide = BigInt(number!);
        integers += Number(wide & 0xffff_ffffn) + Number(wide >> 32n);
      } else {
        integers += Number(number);
      }
    }
  }
  return `${integers} ${textBytes} ${floats} ${shown}`;
}

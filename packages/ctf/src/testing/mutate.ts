/** Damage to metadata: what disks, networks and people do to text. */
import { nat, type GeneratorValue } from 'fast-check';

const scraps = [
  '{',
  '}',
  ';',
  '[',
  ']',
  '<',
  '>',
  '(',
  ')',
  ':=',
  '=',
  ':',
  ',',
  '.',
  '...',
  '*',
  '-',
  '"',
  "'",
  '/*',
  '*/',
  '//',
  '\\',
  '\0',
  '\n',
  '0',
  '1',
  '64',
  '0x',
  '99999999999999999999',
  '-1',
  'é',
  '\ud83d\ude00',
  'struct',
  'variant',
  'enum',
  'integer',
  'floating_point',
  'string',
  'typedef',
  'typealias',
  'align',
  'event',
  'stream',
  'trace',
  'env',
  'clock',
  'callsite',
  'id',
  'size',
  'base',
  'map',
  'byte_order',
  'le',
  'native',
  'uint32_t',
  'const',
  'struct { ',
  'variant <id> { ',
  'enum : uint32_t { a, b } ',
  '[id]',
  '[ stream.event.header.id ]',
  'env.x',
  'event.fields.a',
  'constructor',
  '__proto__',
  'toString',
];

/** Does one to eight random damages to a text. */
export function mutate(g: GeneratorValue, original: string): string {
  let text = original;
  for (let left = 1 + g(nat, 7); left > 0; left -= 1) {
    const at = g(nat, text.length);
    const length = Math.min(g(nat, 1) === 0 ? 1 + g(nat, 3) : g(nat, 300), text.length - at);
    const scrap = scraps[g(nat, scraps.length - 1)]!;
    const other = g(nat, text.length);
    switch (g(nat, 6)) {
      case 0:
        text = text.slice(0, at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + scrap + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + scrap + text.slice(at + length);
        break;
      case 4:
        text = text.slice(0, other) + text.slice(at, at + length) + text.slice(other);
        break;
      case 5:
        text = text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length);
        break;
      default:
        // A word for another: the likeliest to be good grammar and bad sense.
        text = text.replace(/[A-Za-z_]\w*/g, (word, index: number) =>
          index >= at && index < at + 20 ? scrap : word,
        );
    }
  }
  return text;
}

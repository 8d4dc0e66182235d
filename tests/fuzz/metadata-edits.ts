// Damage to metadata that keeps most of its grammar: words of TSDL for other words, values of CTF 2's JSON for others.
import type { SeededRandom } from '../support/seeded-random.ts';

/** One change; the fractions choose places and scraps, whatever the edits before it left. */
export interface MetadataEdit {
  readonly operation: number;
  readonly place: number;
  readonly other: number;
  readonly scrap: number;
}

/** One to five edits. */
export function randomMetadataEdits(random: SeededRandom): readonly MetadataEdit[] {
  return Array.from({ length: 1 + random.below(random.chance(0.6) ? 2 : 5) }, () => ({
    operation: random.next(),
    place: random.next(),
    other: random.next(),
    scrap: random.next(),
  }));
}

function at<Item>(items: readonly Item[], fraction: number): Item {
  return items[Math.floor(fraction * items.length)]!;
}

const numbers = (
  '0 1 2 3 5 7 8 9 16 17 23 24 27 31 32 33 48 53 63 64 65 100 128 129 200 256 1024 65536 1000000 4294967295 ' +
  '4294967296 9007199254740993 18446744073709551615 18446744073709551616 -1 -9223372036854775808 0x10'
).split(' ');
const words = (
  'be le native network true false UTF8 ASCII none signed decimal hex size align base encoding byte_order map exp_dig ' +
  'mant_dig id stream_id name event stream trace clock env packet header context fields payload struct enum variant ' +
  'integer string floating_point typedef typealias callsite unsigned timestamp_begin timestamp_end content_size ' +
  'packet_size events_discarded packet_seq_num magic uuid stream_instance_id timestamp len tag _len __proto__ constructor'
).split(' ');
const signs = `{ } ; [ ] < > ( ) := = : , . ... * "" "\\x" 'a' [3] [len] [_len] align(64) align(1)`.split(
  ' ',
);
const phrases = [
  'struct { } x;',
  'string s;',
  'enum : integer { size = 3; } { a, b = 5 ... 7, c } e;',
  'variant <tag> { int a; string b; } v;',
  'integer { size = 3; align = 1; } b;',
  'floating_point { exp_dig = 8; mant_dig = 24; byte_order = be; } f;',
  'integer { size = 100; signed = true; } w;',
];
const scraps = [...signs, ...phrases];

const word = /"(?:\\.|[^"\\])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*|[A-Za-z_]\w*|\d\w*|:=|\.\.\.|\s+|[^\s\w]/g;

/** TSDL with words changed. */
export function withTsdlEdits(text: string, edits: readonly MetadataEdit[]): string {
  const tokens = text.match(word) ?? [];
  for (const { operation, place, other, scrap } of edits) {
    if (tokens.length === 0) break;
    const index = Math.floor(place * tokens.length);
    const isNumber = (token: string): boolean => /^\d/.test(token);
    const isWord = (token: string): boolean => /^[A-Za-z_]/.test(token);
    /** The first from `index` on of a kind. */
    const next = (fits: (token: string) => boolean): number => {
      const found = tokens.slice(index).findIndex(fits);
      return found < 0 ? index : index + found;
    };
    switch (Math.floor(operation * 10)) {
      case 0:
      case 1:
      case 2:
        tokens[next(isNumber)] = at(numbers, scrap);
        break;
      case 3:
        tokens[next(isWord)] = at(words, scrap);
        break;
      case 4:
        tokens[next(isWord)] = at(tokens.filter(isWord), other) ?? '';
        break;
      case 5:
        tokens.splice(index, 1);
        break;
      case 6: {
        // A whole member or block, from one semicolon to the next, taken out or doubled.
        const from = next((token) => token === ';') + 1;
        const length = tokens.slice(from).findIndex((token) => token === ';') + 1;
        const part = tokens.slice(from, from + length);
        if (other < 0.5) tokens.splice(from, length);
        else tokens.splice(from, 0, ...part);
        break;
      }
      case 7:
        tokens.splice(next((token) => token === ';') + 1, 0, ` ${at(scraps, scrap)} `);
        break;
      case 8: {
        const second = Math.floor(other * tokens.length);
        [tokens[index], tokens[second]] = [tokens[second]!, tokens[index]!];
        break;
      }
      default:
        tokens.splice(index, 0, ` ${at(scrap < 0.5 ? scraps : words, other)} `);
    }
  }
  return tokens.join('');
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const jsonNumbers = [
  0,
  1,
  2,
  3,
  7,
  8,
  9,
  15,
  16,
  31,
  32,
  33,
  63,
  64,
  65,
  128,
  2 ** 20,
  2 ** 32,
  2 ** 53,
  -1,
  0.5,
  1e300,
];
const jsonWords = (
  'a le big-endian little-endian first-to-last last-to-first utf-8 utf-16le utf-32be packet-header event-record-header ' +
  'event-record-payload __proto__ unix-epoch \ud800 fixed-length-unsigned-integer fixed-length-signed-integer ' +
  'fixed-length-boolean fixed-length-bit-array fixed-length-bit-map fixed-length-floating-point-number structure ' +
  'variable-length-unsigned-integer null-terminated-string static-length-string dynamic-length-string optional variant ' +
  'static-length-blob dynamic-length-blob static-length-array dynamic-length-array preamble clock-class ' +
  'default-clock-timestamp event-record-class-id packet-total-length packet-content-length'
).split(' ');
const jsonScraps: readonly Json[] = [
  ...jsonNumbers,
  ...jsonWords,
  '',
  true,
  false,
  null,
  [],
  {},
  [[0, 1]],
  [[1, 0]],
  [[-5, 5]],
  ['len'],
  [null, 'len'],
  { type: 'null-terminated-string' },
  { type: 'fixed-length-unsigned-integer', length: 13, 'byte-order': 'little-endian', alignment: 1 },
  { type: 'fixed-length-signed-integer', length: 64, 'byte-order': 'big-endian', alignment: 8 },
  { type: 'variable-length-signed-integer' },
  {
    type: 'static-length-array',
    length: 3,
    'element-field-class': { type: 'variable-length-unsigned-integer' },
  },
  { type: 'static-length-blob', length: 5 },
];

interface JsonPlace {
  readonly holder: Json[] | { [name: string]: Json };
  readonly key: string | number;
}

function placesIn(value: Json, into: JsonPlace[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    into.push({ holder: value, key });
    placesIn((value as Record<string | number, Json>)[key]!, into);
  }
}

const fragmentStart = '\u001e';

/** CTF 2 metadata with values of its fragments changed. */
export function withJsonEdits(text: string, edits: readonly MetadataEdit[]): string {
  const fragments = text
    .split(fragmentStart)
    .filter((part) => part.trim() !== '')
    .map((part) => JSON.parse(part) as Json);
  for (const { operation, place, other, scrap } of edits) {
    const places: JsonPlace[] = [];
    placesIn(fragments, places);
    if (places.length === 0) break;
    const { holder, key } = at(places, place);
    const slots = holder as Record<string | number, Json>;
    const copy = structuredClone(
      (at(places, other).holder as Record<string | number, Json>)[at(places, other).key]!,
    );
    switch (Math.floor(operation * 8)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete slots[key];
        break;
      case 1:
      case 2:
        slots[key] = structuredClone(at(jsonScraps, scrap));
        break;
      case 3:
        slots[key] = copy;
        break;
      case 4:
        if (Array.isArray(holder)) holder.splice(Number(key), 0, copy);
        else slots[at(jsonWords, scrap)] = copy;
        break;
      case 5: {
        // Of numbers, which change what bytes mean: the next one to the place.
        const found = places
          .slice(Math.floor(place * places.length))
          .find(
            (candidate) =>
              typeof (candidate.holder as Record<string | number, Json>)[candidate.key] === 'number',
          );
        if (found === undefined) break;
        const numbersOf = found.holder as Record<string | number, Json>;
        const before = numbersOf[found.key] as number;
        numbersOf[found.key] = at(
          [before + 1, before - 1, before * 2, Math.floor(before / 2), -before],
          scrap,
        );
        break;
      }
      case 6:
        fragments.splice(Math.floor(place * fragments.length), 1);
        break;
      default: {
        const [taken] = fragments.splice(Math.floor(place * fragments.length), scrap < 0.5 ? 1 : 0);
        fragments.splice(
          Math.floor(other * (fragments.length + 1)),
          0,
          taken ?? structuredClone(at(fragments, place)),
        );
      }
    }
  }
  return fragments.map((fragment) => `${fragmentStart}${JSON.stringify(fragment)}`).join('\n');
}

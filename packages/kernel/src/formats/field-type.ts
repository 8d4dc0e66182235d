/** C declarations of fields, as the kernel prints them, become shapes. */
import type { DynamicContent, FieldShape, IntegerShape } from './event-format.ts';

/** Sizes that C leaves to the machine. */
export interface MachineWords {
  /** Bytes of `long` and of pointers. */
  readonly longBytes: 4 | 8;
}

/** A declaration taken apart. */
export interface Declaration {
  readonly type: string;
  readonly name: string;
  /** What stands between the brackets behind the name: a number, an expression, or nothing. */
  readonly count: string | undefined;
}

/** What a line says of a field beside its declaration. */
export interface FieldPlace {
  readonly sizeBytes: number;
  readonly signed: boolean;
}

const named = /^(.*?)([A-Za-z_][A-Za-z0-9_]*)\s*(?:\[([^\]]*)\])?$/s;

/** Takes a declaration apart; undefined where it ends in no name. */
export function splitDeclaration(text: string): Declaration | undefined {
  const found = named.exec(text.trim());
  if (found === null) return undefined;
  const [, type = '', name = '', count] = found;
  if (type.trim() === '') return undefined;
  return { type: type.trim(), name, count: count?.trim() };
}

const knownSizes: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  char: 1,
  'signed char': 1,
  'unsigned char': 1,
  bool: 1,
  _Bool: 1,
  u8: 1,
  s8: 1,
  __u8: 1,
  __s8: 1,
  uint8_t: 1,
  int8_t: 1,
  short: 2,
  'short int': 2,
  'unsigned short': 2,
  u16: 2,
  s16: 2,
  __u16: 2,
  __s16: 2,
  __le16: 2,
  __be16: 2,
  uint16_t: 2,
  int16_t: 2,
  int: 4,
  unsigned: 4,
  'unsigned int': 4,
  uint: 4,
  u32: 4,
  s32: 4,
  __u32: 4,
  __s32: 4,
  __le32: 4,
  __be32: 4,
  uint32_t: 4,
  int32_t: 4,
  pid_t: 4,
  gfp_t: 4,
  'long long': 8,
  'unsigned long long': 8,
  'long long int': 8,
  u64: 8,
  s64: 8,
  __u64: 8,
  __s64: 8,
  __le64: 8,
  __be64: 8,
  uint64_t: 8,
  int64_t: 8,
  sector_t: 8,
};

const wordTypes = new Set(['long', 'unsigned long', 'long int', 'size_t', 'ssize_t', 'uintptr_t', 'ulong']);
const signedTypes = /^(?:char|signed char|short|int|long|long long|s\d+|__s\d+|int\d+_t|pid_t|ssize_t)$/;

const bare = (type: string): string =>
  type
    .replaceAll(/\b(?:const|volatile|struct|enum|union|__user|__rcu|__iomem)\b/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** The number that a type is, where its name tells; `signed` only where nothing else does. */
export function integerOfType(type: string, { longBytes }: MachineWords): IntegerShape | undefined {
  if (/\*\s*$/.test(type)) {
    return { kind: 'integer', sizeBytes: longBytes, signed: false, meaning: 'pointer' };
  }
  const name = bare(type);
  const sizeBytes = wordTypes.has(name) ? longBytes : knownSizes[name];
  if (sizeBytes === undefined) return /\benum\b/.test(type) ? plain(4, false) : undefined;
  const boolean = name === 'bool' || name === '_Bool';
  return {
    kind: 'integer',
    sizeBytes,
    signed: signedTypes.test(name),
    meaning: boolean ? 'boolean' : 'number',
  };
}

const plain = (sizeBytes: 1 | 2 | 4 | 8, signed: boolean): IntegerShape => ({
  kind: 'integer',
  sizeBytes,
  signed,
  meaning: 'number',
});

const isIntegerSize = (size: number): size is 1 | 2 | 4 | 8 =>
  size === 1 || size === 2 || size === 4 || size === 8;

function contentOf(elementType: string, words: MachineWords): DynamicContent {
  const type = elementType.trim();
  const name = bare(type);
  if (name === 'char') return { kind: 'text' };
  if (/\bcpumask_t\b/.test(type)) return { kind: 'cpumask', wordBytes: words.longBytes };
  const element = integerOfType(type, words);
  return element === undefined ? { kind: 'bytes' } : { kind: 'array', element };
}

const located = /^(__data_loc|__rel_loc)\b\s*(.*?)\s*\[\s*\]$/s;

/** The shape of a field. Whatever the declaration is, its bytes can be read: what has no other shape is bytes. */
export function shapeOf(declaration: Declaration, place: FieldPlace, words: MachineWords): FieldShape {
  const { type, count } = declaration;
  const { sizeBytes, signed } = place;
  const dynamic = located.exec(type);
  if (dynamic !== null && sizeBytes === 4) {
    return {
      kind: 'dynamic',
      relative: dynamic[1] === '__rel_loc',
      content: contentOf(dynamic[2] ?? '', words),
    };
  }
  if (count !== undefined) {
    if (sizeBytes === 0) return { kind: 'trailing', content: contentOf(type, words) };
    if (bare(type) === 'char') return { kind: 'text', sizeBytes };
    // The element's size is that of its type; of a type that is not known the count tells it.
    const counted = /^\d+$/.test(count) ? sizeBytes / Number(count) : 0;
    const known = integerOfType(type, words);
    const element = known ?? (isIntegerSize(counted) ? plain(counted, false) : undefined);
    if (element === undefined || sizeBytes % element.sizeBytes !== 0) return { kind: 'bytes', sizeBytes };
    return { kind: 'array', element: { ...element, signed }, count: sizeBytes / element.sizeBytes };
  }
  if (!isIntegerSize(sizeBytes)) return { kind: 'bytes', sizeBytes };
  const known = integerOfType(type, words);
  return { kind: 'integer', sizeBytes, signed, meaning: known?.meaning ?? 'number' };
}

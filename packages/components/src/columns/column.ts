/**
 * Columns of a table while it is filled: typed arrays in Arrow's layout (values, offsets, a byte a row for "is there"),
 * which grow by doubling and are emptied, not freed, when what they hold was written. Their tree is the table's schema.
 *
 * Generated code (emit-columns.ts) stores into the arrays itself; the members that it touches are public. Rows are
 * appended in order. A column may lag behind its table: `padTo` then fills it up with rows that are not there.
 */
import { decodeWideText, type TextEncoding } from '@spoor/ctf';

/** What the values of a {@link NumberColumn} are. `code` indexes a {@link Labels} list. */
export type NumberKind = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'f64' | 'boolean' | 'code';

/** What the values of a {@link WideColumn} are. `time` is nanoseconds from the clock's origin. */
export type WideKind = 'u64' | 'i64' | 'time';

/** The texts of a column of codes: known before the first row. */
export interface Labels {
  readonly texts: readonly string[];
}

const noBytes = new Uint8Array(0);

function grownBytes(bytes: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}

/** What columns of all kinds have. */
abstract class ColumnBase {
  readonly name: string;
  /** Whether rows may be not there. */
  readonly nullable: boolean;
  /** Rows so far. */
  length = 0;
  /** Rows that there is room for. */
  capacity = 0;
  /** 1 for each row that is there; only of a nullable column. */
  valid: Uint8Array = noBytes;

  constructor(name: string, nullable: boolean) {
    this.name = name;
    this.nullable = nullable;
  }

  /** Makes room for at least one more row. */
  grow(): void {
    this.capacity = Math.max(64, this.capacity * 2);
    if (this.nullable) this.valid = grownBytes(this.valid, this.capacity);
    this.growValues(this.capacity);
  }

  /** Appends rows that are not there; a column that must have a value gets 0, which its parent hides. */
  skip(count: number): void {
    while (this.length + count > this.capacity) this.grow();
    if (this.nullable) this.valid.fill(0, this.length, this.length + count);
    this.skipValues(this.length, count);
    this.length += count;
  }

  /** Fills up to `length` rows. */
  padTo(length: number): void {
    if (this.length < length) this.skip(length - this.length);
  }

  /** Prepares the next row: room for it, and that it is there. The caller stores its value and counts it. */
  open(): void {
    if (this.length === this.capacity) this.grow();
    if (this.nullable) this.valid[this.length] = 1;
  }

  /** Empties the column; the room stays. */
  abstract reset(): void;
  /** Bytes that the rows so far take. */
  abstract readonly sizeBytes: number;
  protected abstract growValues(capacity: number): void;
  protected abstract skipValues(from: number, count: number): void;
}

type NumberValues =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

const numberArrays = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  boolean: Uint8Array,
  code: Int32Array,
} as const;

/** Numbers of up to 32 bits, doubles, booleans and codes of labels. */
export class NumberColumn extends ColumnBase {
  readonly kind: NumberKind;
  /** Of a column of codes. */
  readonly labels: Labels | undefined;
  values: NumberValues;

  constructor(name: string, nullable: boolean, kind: NumberKind, labels?: Labels) {
    super(name, nullable);
    this.kind = kind;
    this.labels = labels;
    this.values = new numberArrays[kind](0);
  }

  /** Appends a value; integers are cut to the column's bits. */
  put(value: number): void {
    this.open();
    this.values[this.length++] = value;
  }

  /** Appends the code of a label, or a row that is not there for -1. */
  putCode(code: number): void {
    if (code < 0) this.skip(1);
    else this.put(code);
  }

  override reset(): void {
    this.length = 0;
  }

  override get sizeBytes(): number {
    return this.length * this.values.BYTES_PER_ELEMENT;
  }

  protected override growValues(capacity: number): void {
    const larger = new numberArrays[this.kind](capacity);
    larger.set(this.values);
    this.values = larger;
  }

  protected override skipValues(from: number, count: number): void {
    this.values.fill(0, from, from + count);
  }
}

/** Integers of 64 bits, as two words of 32 bits each, the lower first: no BigInt is made. */
export class WideColumn extends ColumnBase {
  readonly kind: WideKind;
  words: Int32Array<ArrayBuffer> = new Int32Array(0);

  constructor(name: string, nullable: boolean, kind: WideKind) {
    super(name, nullable);
    this.kind = kind;
  }

  put(hi: number, lo: number): void {
    this.open();
    this.words[this.length * 2] = lo;
    this.words[this.length * 2 + 1] = hi;
    this.length += 1;
  }

  override reset(): void {
    this.length = 0;
  }

  override get sizeBytes(): number {
    return this.length * 8;
  }

  protected override growValues(capacity: number): void {
    const larger = new Int32Array(capacity * 2);
    larger.set(this.words);
    this.words = larger;
  }

  protected override skipValues(from: number, count: number): void {
    this.words.fill(0, from * 2, (from + count) * 2);
  }
}

/** What columns have whose rows are of any length. */
abstract class OffsetColumn extends ColumnBase {
  /** Where each row begins in what holds their content; one more than there are rows. */
  offsets: Int32Array = new Int32Array(1);

  protected override growValues(capacity: number): void {
    const larger = new Int32Array(capacity + 1);
    larger.set(this.offsets);
    this.offsets = larger;
  }

  protected override skipValues(from: number, count: number): void {
    this.offsets.fill(this.offsets[from]!, from + 1, from + count + 1);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Texts (UTF-8) or BLOBs; `offsets` are into `data`. */
export class BytesColumn extends OffsetColumn {
  readonly kind: 'text' | 'blob';
  data: Uint8Array = noBytes;

  constructor(name: string, nullable: boolean, kind: 'text' | 'blob') {
    super(name, nullable);
    this.kind = kind;
  }

  private room(count: number): number {
    const at = this.offsets[this.length]!;
    if (at + count > this.data.length) {
      this.data = grownBytes(this.data, Math.max(1024, this.data.length * 2, at + count));
    }
    return at;
  }

  /** Appends the bytes from `start` to `end`. */
  putBytes(bytes: Uint8Array, start: number, end: number): void {
    this.open();
    const count = end - start;
    const at = this.room(count);
    // Most are short, and a loop is quicker for them than a call.
    if (count < 64) for (let index = 0; index < count; index++) this.data[at + index] = bytes[start + index]!;
    else this.data.set(bytes.subarray(start, end), at);
    this.length += 1;
    this.offsets[this.length] = at + count;
  }

  /** Appends the text of UTF-8 bytes; wrong sequences become U+FFFD. */
  putText(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      if (bytes[at]! < 0x80) continue;
      const sound = encoder.encode(decoder.decode(bytes.subarray(start, end)));
      this.putBytes(sound, 0, sound.length);
      return;
    }
    this.putBytes(bytes, start, end);
  }

  /** Appends the text in code units of 2 or 4 bytes from `start` to `end`. */
  putWide(bytes: Uint8Array, start: number, end: number, encoding: TextEncoding): void {
    this.putString(decodeWideText(bytes, start, end, encoding));
  }

  putString(text: string): void {
    const bytes = encoder.encode(text);
    this.putBytes(bytes, 0, bytes.length);
  }

  override reset(): void {
    this.length = 0;
  }

  override get sizeBytes(): number {
    return this.length * 4 + this.offsets[this.length]!;
  }
}

/** Lists of values of one kind; `offsets` are into `element`. */
export class ListColumn extends OffsetColumn {
  readonly kind = 'list';
  readonly element: Column;

  constructor(name: string, nullable: boolean, element: Column) {
    super(name, nullable);
    this.element = element;
  }

  /** Ends the row whose elements were appended. */
  close(): void {
    this.length += 1;
    this.offsets[this.length] = this.element.length;
  }

  override reset(): void {
    this.length = 0;
    this.element.reset();
  }

  override get sizeBytes(): number {
    return this.length * 4 + this.element.sizeBytes;
  }
}

/**
 * Members by name. A sparse structure's members lag behind it where they have no value: those of a variant, of which
 * one has, and those of tables that hold several classes of events.
 */
export class StructureColumn extends ColumnBase {
  readonly kind = 'structure';
  readonly sparse: boolean;
  /** Members in order; their names are unique. */
  readonly members: Column[] = [];
  private readonly byKey = new Map<string, Column>();

  constructor(name: string, nullable: boolean, sparse: boolean) {
    super(name, nullable);
    this.sparse = sparse;
  }

  /** The member that was added by `key`. */
  member(key: string): Column | undefined {
    return this.byKey.get(key);
  }

  /** Adds a member, with a number after its name if another has it; `make` gets the name. */
  add<Made extends Column>(key: string, name: string, make: (name: string) => Made): Made {
    const taken = new Set(this.members.map((member) => member.name));
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
    const column = make(free);
    this.members.push(column);
    this.byKey.set(key, column);
    return column;
  }

  /** Ends the row whose members were appended. */
  close(): void {
    this.length += 1;
  }

  override reset(): void {
    this.length = 0;
    for (const member of this.members) member.reset();
  }

  override get sizeBytes(): number {
    let size = 0;
    for (const member of this.members) size += member.sizeBytes;
    return size;
  }

  protected override growValues(): void {}

  protected override skipValues(_from: number, count: number): void {
    if (this.sparse) return;
    for (const member of this.members) member.skip(count);
  }
}

/** A column of any kind. */
export type Column = NumberColumn | WideColumn | BytesColumn | ListColumn | StructureColumn;

/** Bytes of a row in which every column has room, as a table has when it is written; texts and lists count as empty. */
export function leastRowBytes(column: Column): number {
  const valid = column.nullable ? 1 : 0;
  if (column instanceof NumberColumn) return valid + column.values.BYTES_PER_ELEMENT;
  if (column instanceof WideColumn) return valid + 8;
  if (column instanceof StructureColumn) {
    return column.members.reduce((sum, member) => sum + leastRowBytes(member), valid);
  }
  return valid + 4;
}

/** Fills up what lags behind, throughout the column, when it has `length` rows. */
export function settle(column: Column, length: number): void {
  column.padTo(length);
  if (column instanceof StructureColumn) for (const member of column.members) settle(member, length);
  else if (column instanceof ListColumn) settle(column.element, column.element.length);
}

/** Appends a row of another column of the same shape. */
export function copyRow(from: Column, row: number, to: Column): void {
  if (row >= from.length || (from.nullable && from.valid[row] === 0)) {
    to.skip(1);
  } else if (from instanceof NumberColumn && to instanceof NumberColumn) {
    to.put(from.values[row]!);
  } else if (from instanceof WideColumn && to instanceof WideColumn) {
    to.put(from.words[row * 2 + 1]!, from.words[row * 2]!);
  } else if (from instanceof BytesColumn && to instanceof BytesColumn) {
    to.putBytes(from.data, from.offsets[row]!, from.offsets[row + 1]!);
  } else if (from instanceof ListColumn && to instanceof ListColumn) {
    to.open();
    for (let at = from.offsets[row]!; at < from.offsets[row + 1]!; at++)
      copyRow(from.element, at, to.element);
    to.close();
  } else if (from instanceof StructureColumn && to instanceof StructureColumn) {
    to.open();
    for (const [index, member] of from.members.entries()) {
      const target = to.members[index]!;
      target.padTo(to.length);
      copyRow(member, row, target);
    }
    to.close();
  }
}

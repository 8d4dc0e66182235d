/** Values of C expressions over a record, as the kernel's compiler has them. */
import type { DynamicContent, IntegerShape, KernelField } from '../formats/event-format.ts';

/** One value. */
export type Value =
  | { readonly kind: 'integer'; readonly value: bigint; readonly bits: 32 | 64; readonly signed: boolean }
  | { readonly kind: 'text'; readonly text: string }
  /** Elements of an array, and how they are to be read. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly element: IntegerShape };

/** Bytes of one record. */
export interface RecordBytes {
  readonly view: DataView;
  /** Its first byte. */
  readonly at: number;
  readonly lengthBytes: number;
  readonly littleEndian: boolean;
}

const decoder = new TextDecoder();

const byteElement: IntegerShape = { kind: 'integer', sizeBytes: 1, signed: false, meaning: 'number' };

/** An integer as C computes with it: what is smaller than `int` becomes one. */
export function integer(value: bigint, bits: 32 | 64, signed: boolean): Value {
  return {
    kind: 'integer',
    value: signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value),
    bits,
    signed,
  };
}

/** Reads a number of a record. */
export function readInteger(view: DataView, at: number, shape: IntegerShape, littleEndian: boolean): bigint {
  switch (shape.sizeBytes) {
    case 1:
      return BigInt(shape.signed ? view.getInt8(at) : view.getUint8(at));
    case 2:
      return BigInt(shape.signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian));
    case 4:
      return BigInt(shape.signed ? view.getInt32(at, littleEndian) : view.getUint32(at, littleEndian));
    case 8:
      return shape.signed ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian);
    default:
      return shape.sizeBytes satisfies never;
  }
}

const promoted = (value: bigint, { sizeBytes, signed }: IntegerShape): Value =>
  integer(value, sizeBytes === 8 ? 64 : 32, sizeBytes < 4 ? true : signed);

/** Text up to its first NUL. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function slice({ view }: RecordBytes, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, Math.max(0, to - from));
}

/** Where the elements of a dynamic field are; undefined where that is outside of the record. */
function dynamicRange(
  record: RecordBytes,
  field: KernelField,
  relative: boolean,
): { readonly from: number; readonly to: number } | undefined {
  const word = record.view.getUint32(record.at + field.offsetBytes, record.littleEndian);
  const offset = (word & 0xffff) + (relative ? field.offsetBytes + field.sizeBytes : 0);
  const length = word >>> 16;
  if (offset + length > record.lengthBytes) return undefined;
  return { from: record.at + offset, to: record.at + offset + length };
}

function contentValue(bytes: Uint8Array, content: DynamicContent): Value {
  switch (content.kind) {
    case 'text':
      return { kind: 'text', text: textOf(bytes) };
    case 'array':
      return { kind: 'bytes', bytes, element: content.element };
    case 'cpumask':
    case 'bytes':
      return { kind: 'bytes', bytes, element: byteElement };
    default:
      return content satisfies never;
  }
}

/** All bytes of a field's elements; undefined where they are not within the record. */
export function fieldBytes(record: RecordBytes, field: KernelField): Uint8Array | undefined {
  const { shape } = field;
  const from = record.at + field.offsetBytes;
  if (field.offsetBytes + field.sizeBytes > record.lengthBytes) return undefined;
  if (shape.kind === 'dynamic') {
    const range = dynamicRange(record, field, shape.relative);
    return range === undefined ? undefined : slice(record, range.from, range.to);
  }
  const end = shape.kind === 'trailing' ? record.at + record.lengthBytes : from + field.sizeBytes;
  return slice(record, from, end);
}

/** The value of a field; undefined where it is not within the record. */
export function fieldValue(record: RecordBytes, field: KernelField): Value | undefined {
  const { shape } = field;
  const bytes = fieldBytes(record, field);
  if (bytes === undefined) return undefined;
  switch (shape.kind) {
    case 'integer':
      return promoted(
        readInteger(record.view, record.at + field.offsetBytes, shape, record.littleEndian),
        shape,
      );
    case 'text':
      return { kind: 'text', text: textOf(bytes) };
    case 'array':
      return { kind: 'bytes', bytes, element: shape.element };
    case 'bytes':
      return { kind: 'bytes', bytes, element: byteElement };
    case 'dynamic':
    case 'trailing':
      return contentValue(bytes, shape.content);
    default:
      return shape satisfies never;
  }
}

/** An element of an array. */
export function elementValue(
  { bytes, element }: Extract<Value, { readonly kind: 'bytes' }>,
  index: number,
  littleEndian: boolean,
): Value | undefined {
  const at = index * element.sizeBytes;
  if (!(at >= 0) || at + element.sizeBytes > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return promoted(readInteger(view, at, element, littleEndian), element);
}

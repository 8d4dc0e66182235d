/** Fields of the records that tell of tasks. */
import type { KernelEventFormat } from '../formats/event-format.ts';

/** Where an integer lies in the records of an event. */
export function integerField(format: KernelEventFormat, name: string): number | undefined {
  const field = format.fields.find((candidate) => candidate.name === name);
  return field?.shape.kind === 'integer' ? field.offsetBytes : undefined;
}

/** Makes what reads the text of a field that is kept in a fixed number of bytes or elsewhere in the record. */
export function textReader(
  format: KernelEventFormat,
  name: string,
): ((view: DataView, bytes: Uint8Array, at: number, lengthBytes: number) => Uint8Array) | undefined {
  const field = format.fields.find((candidate) => candidate.name === name);
  if (field === undefined) return undefined;
  const { offsetBytes, shape } = field;
  if (shape.kind === 'text') {
    return (_view, bytes, at) => bytes.subarray(at + offsetBytes, at + offsetBytes + shape.sizeBytes);
  }
  if (shape.kind !== 'dynamic') return undefined;
  const base = shape.relative ? offsetBytes + 4 : 0;
  return (view, bytes, at, lengthBytes) => {
    const word = view.getUint32(at + offsetBytes, true);
    const from = base + (word & 0xffff);
    const length = word >>> 16;
    return from + length > lengthBytes ? bytes.subarray(0, 0) : bytes.subarray(at + from, at + from + length);
  };
}

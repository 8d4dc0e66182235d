/** Statements of generated encoders that write integers and bits into packet bytes. */
import type { Emitter } from './emitter.ts';
import { bitExpression, byteExpression, type BaseVariable } from './emit-read.ts';
import type { BitsNode, IntegerNode } from './plan.ts';
import { writeBitsBe, writeBitsLe, writeReversed } from './write-bits.ts';

/** Prints the statements that write the halves of an integer or of bits at its place. */
export function emitStore(
  e: Emitter,
  base: BaseVariable,
  node: IntegerNode | BitsNode,
  lo: string,
  hi: string,
): void {
  const { lengthBits, reversed } = node.fieldClass;
  const little = node.fieldClass.byteOrder === 'le';
  if (reversed !== undefined) {
    const at = bitExpression(base, node.offsetBits);
    e.line(
      `${e.bind('writeReversed', writeReversed)}(bytes, ${at}, ${lengthBits}, ${little}, ${hi}, ${lo});`,
    );
    return;
  }
  const put = (offsetBits: number, length: number, value: string): void => {
    if (base.byte && (offsetBits & 7) === 0) {
      const at = byteExpression(base, offsetBits);
      if (length === 8) {
        e.line(`bytes[${at}] = ${value};`);
        return;
      }
      if (length === 16 || length === 32) {
        e.line(`view.setUint${length}(${at}, ${value}, ${little});`);
        return;
      }
    }
    const write = e.bind('writeBits', little ? writeBitsLe : writeBitsBe);
    e.line(`${write}(bytes, ${bitExpression(base, offsetBits)}, ${length}, ${value});`);
  };
  if (lengthBits <= 32) {
    put(node.offsetBits, lengthBits, lo);
    return;
  }
  const high = lengthBits - 32;
  put(node.offsetBits + (little ? 0 : high), 32, lo);
  put(node.offsetBits + (little ? 32 : 0), high, hi);
}

/**
 * The plain interpreter of plans: the oracle of the tests of generated code, the way where code may not be made
 * from text, and what reads the few fields of packet headers.
 */
import { SpoorError } from '@spoor/base';
import {
  doubleOfHalves,
  floatOfBits,
  halfOfBits,
  readBig,
  readHalves,
  readLeb,
  readReversedHalves,
  type Halves,
} from './bits.ts';
import type { FixedLengthBits, IntegerRange, Scope, TextEncoding } from './model.ts';
import type {
  BigIntegerNode,
  BitsNode,
  BlobNode,
  FloatNode,
  IntegerNode,
  OptionalNode,
  Plan,
  PlanNode,
  StructureNode,
  TextNode,
  VariantNode,
} from './plan.ts';
import { wideTextEnd } from './wide-text.ts';

/** Told of each field in decoding order. Positions are bytes from the packet's start. */
export interface FieldVisitor {
  beginScope(scope: Scope): void;
  endScope(scope: Scope): void;
  /** `lengthBits` is what its bytes hold if it is of variable length, at most 64. */
  integer(node: IntegerNode, hi: number, lo: number, lengthBits: number): void;
  bigInteger(node: BigIntegerNode, value: number | bigint): void;
  /** A boolean, a bit array or a bit map. */
  bits(node: BitsNode, hi: number, lo: number): void;
  /** `negative` is its sign bit, which a NaN has too. */
  float(node: FloatNode, value: number, negative: boolean): void;
  /** Text in bytes `start` to `end`, the NUL or the array's padding left out. */
  text(start: number, end: number): void;
  /** Text in code units of 2 or 4 bytes. */
  wideText(start: number, end: number, encoding: TextEncoding): void;
  /** Bytes without further meaning. */
  blob(start: number, end: number): void;
  beginStructure(node: StructureNode): void;
  beginMember(name: string, index: number): void;
  endStructure(node: StructureNode): void;
  beginArray(length: number): void;
  beginElement(index: number): void;
  endArray(): void;
  beginVariant(node: VariantNode, option: number): void;
  endVariant(): void;
  /** A field that may be there or not; if it is, it comes before the end. */
  beginOptional(node: OptionalNode, isPresent: boolean): void;
  endOptional(isPresent: boolean): void;
}

/** What an event needs beyond the packet's content, or that no option or length can be right. */
export class OverrunError extends SpoorError {
  constructor(message: string, bit: number) {
    super('ctf/packet-overrun', message, { where: `bit ${bit} of the packet` });
    this.name = 'OverrunError';
  }
}

/** An event goes beyond its packet's content. */
export class ContentEndError extends OverrunError {}

/** Elements that have no bits would fit in any number, so their number in an event is bounded. */
export const mostEmptyElements: number = 1 << 20;

const halves: Halves = { hi: 0, lo: 0 };

/** Value of halves as a double, for lengths and selectors. */
function doubleOf(hi: number, lo: number): number {
  return hi * 0x1_0000_0000 + lo;
}

class Interpreter {
  private base: number;
  private readonly slots: Float64Array;
  private readonly bytes: Uint8Array;
  private readonly endBit: number;
  private readonly visitor: FieldVisitor;
  /** Elements of arrays without bits so far. */
  private emptyElements = 0;

  constructor(
    slotCount: number,
    bytes: Uint8Array,
    startBit: number,
    endBit: number,
    visitor: FieldVisitor,
    externals: ArrayLike<number>,
    externalSlots: readonly number[],
  ) {
    this.slots = new Float64Array(slotCount);
    for (const [index, slot] of externalSlots.entries()) this.slots[slot] = externals[index]!;
    this.bytes = bytes;
    this.base = startBit;
    this.endBit = endBit;
    this.visitor = visitor;
  }

  run(plan: Plan): number {
    for (const { scope, node } of plan.scopes) {
      this.visitor.beginScope(scope);
      this.node(node);
      this.visitor.endScope(scope);
    }
    const end = this.base + plan.endBits;
    this.need(end, 0);
    return end;
  }

  private need(bit: number, length: number): void {
    if (bit + length > this.endBit) {
      throw new ContentEndError(`the packet's content ends at bit ${this.endBit}, inside an event`, bit);
    }
  }

  private node(node: PlanNode): void {
    if (node.rebase !== undefined) {
      const { offsetBits, alignBits } = node.rebase;
      this.base = Math.ceil((this.base + offsetBits) / alignBits) * alignBits;
    }
    const at = this.base + node.offsetBits;
    switch (node.kind) {
      case 'integer': {
        const { fieldClass } = node;
        let { lengthBits } = fieldClass;
        let end = -1;
        if (fieldClass.variableLength === undefined) {
          this.halves(at, fieldClass, fieldClass.signed);
        } else {
          const start = at / 8;
          this.need(at, 8);
          end = readLeb(this.bytes, start, fieldClass.signed, halves);
          if (end < 0) throw new OverrunError('a number of variable length has more than 64 bits', at);
          this.need(end * 8, 0);
          lengthBits = Math.min(64, (end - start) * 7);
        }
        const { hi, lo } = halves;
        if (node.slot >= 0) this.slots[node.slot] = doubleOf(hi, lo);
        this.visitor.integer(node, hi, lo, lengthBits);
        if (end >= 0) this.base = end * 8;
        break;
      }
      case 'bits': {
        this.halves(at, node.fieldClass, false);
        const { hi, lo } = halves;
        if (node.slot >= 0) this.slots[node.slot] = (hi | lo) === 0 ? 0 : 1;
        this.visitor.bits(node, hi, lo);
        break;
      }
      case 'big-integer': {
        const { lengthBits, byteOrder, signed } = node.fieldClass;
        this.need(at, lengthBits);
        this.visitor.bigInteger(node, readBig(this.bytes, at, lengthBits, byteOrder === 'le', signed));
        break;
      }
      case 'float': {
        const { lengthBits } = node.fieldClass;
        this.halves(at, node.fieldClass, false);
        const { hi, lo } = halves;
        const value =
          lengthBits === 64 ? doubleOfHalves(hi, lo) : lengthBits === 32 ? floatOfBits(lo) : halfOfBits(lo);
        const sign = lengthBits === 64 ? hi >>> 31 : lo >>> (lengthBits - 1);
        this.visitor.float(node, value, sign !== 0);
        break;
      }
      case 'string': {
        const { unitBytes } = node;
        const start = at / 8;
        let end = start;
        for (;;) {
          this.need(end * 8, unitBytes * 8);
          let any = 0;
          for (let index = 0; index < unitBytes; index++) any |= this.bytes[end + index]!;
          if (any === 0) break;
          end += unitBytes;
        }
        if (unitBytes === 1) this.visitor.text(start, end);
        else this.visitor.wideText(start, end, node.encoding);
        this.base = (end + unitBytes) * 8;
        break;
      }
      case 'text': {
        const count = this.bytesOf(node, at);
        const start = at / 8;
        const end = wideTextEnd(this.bytes, start, count, node.unitBytes);
        if (node.unitBytes === 1) this.visitor.text(start, end);
        else this.visitor.wideText(start, end, node.encoding);
        if (node.length.kind === 'slot') this.base = at + count * 8;
        break;
      }
      case 'blob': {
        const count = this.bytesOf(node, at);
        this.visitor.blob(at / 8, at / 8 + count);
        if (node.length.kind === 'slot') this.base = at + count * 8;
        break;
      }
      case 'structure':
        this.visitor.beginStructure(node);
        for (const [index, member] of node.members.entries()) {
          this.visitor.beginMember(member.name, index);
          this.node(member.node);
        }
        this.visitor.endStructure(node);
        break;
      case 'array': {
        const count = this.lengthOf(node.length, at, node.leastElementBits);
        const before = this.base;
        this.visitor.beginArray(count);
        this.base = at;
        for (let index = 0; index < count; index++) {
          this.visitor.beginElement(index);
          const start = this.base;
          this.node(node.element);
          this.base += node.elementEndBits;
          if (this.base === start) this.countEmpty(start);
        }
        this.visitor.endArray();
        if (node.keepsBase) this.base = before;
        break;
      }
      case 'variant': {
        const selector = this.slots[node.selectorSlot]!;
        const index = optionOf(node, selector);
        const option = node.options[index];
        if (option === undefined) {
          throw new OverrunError(`a variant's selector is ${selector}, which chooses no option`, at);
        }
        this.visitor.beginVariant(node, index);
        this.node(option.node);
        this.visitor.endVariant();
        if (!node.keepsBase) this.base += option.endBits;
        break;
      }
      case 'optional': {
        const selector = this.slots[node.selectorSlot]!;
        const isPresent = node.ranges === undefined ? selector !== 0 : isIn(node.ranges, selector);
        this.visitor.beginOptional(node, isPresent);
        if (isPresent) {
          this.node(node.node);
          this.base += node.endBits;
        } else {
          this.base = at;
        }
        this.visitor.endOptional(isPresent);
        break;
      }
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  /** Reads bits into `halves`. */
  private halves(at: number, bits: FixedLengthBits, signed: boolean): void {
    this.need(at, bits.lengthBits);
    const read = bits.reversed === undefined ? readHalves : readReversedHalves;
    read(this.bytes, at, bits.lengthBits, bits.byteOrder === 'le', signed, halves);
  }

  /** How many bytes text or a BLOB has; they are all there. */
  private bytesOf(node: TextNode | BlobNode, at: number): number {
    const count = this.lengthOf(node.length, at, 8);
    this.need(at, count * 8);
    return count;
  }

  private countEmpty(at: number): void {
    this.emptyElements += 1;
    if (this.emptyElements > mostEmptyElements) {
      throw new OverrunError(`more than ${mostEmptyElements} elements of arrays have no bits`, at);
    }
  }

  private lengthOf(
    length:
      { readonly kind: 'static'; readonly count: number } | { readonly kind: 'slot'; readonly slot: number },
    at: number,
    leastElementBits: number,
  ): number {
    if (length.kind === 'static') return length.count;
    const count = this.slots[length.slot]!;
    if (leastElementBits === 0 ? count > mostEmptyElements : count * leastElementBits > this.endBit - at) {
      throw new OverrunError(`a sequence of length ${count} goes beyond the packet's content`, at);
    }
    return count;
  }
}

function optionOf(node: VariantNode, selector: number): number {
  return node.options.findIndex((option) => isIn(option.ranges, selector));
}

function isIn(ranges: readonly IntegerRange[], selector: number): boolean {
  return ranges.some((range) => selector >= Number(range.lower) && selector <= Number(range.upper));
}

/**
 * Decodes what the plan describes from `startBit` on, telling the visitor.
 * @param externals values of `plan.externals`, in their order.
 * @returns the position of the first bit after it.
 * @throws OverrunError when it does not end at or before `endBit`.
 */
export function interpret(
  plan: Plan,
  bytes: Uint8Array,
  startBit: number,
  endBit: number,
  visitor: FieldVisitor,
  externals: ArrayLike<number> = [],
): number {
  return new Interpreter(
    plan.slotCount,
    bytes,
    startBit,
    endBit,
    visitor,
    externals,
    plan.externals.map((external) => external.slot),
  ).run(plan);
}

/** A visitor that ignores every field; extend it to hear of some. */
export class SilentVisitor implements FieldVisitor {
  beginScope(_scope: Scope): void {}
  endScope(_scope: Scope): void {}
  integer(_node: IntegerNode, _hi: number, _lo: number, _lengthBits: number): void {}
  bigInteger(_node: BigIntegerNode, _value: number | bigint): void {}
  bits(_node: BitsNode, _hi: number, _lo: number): void {}
  float(_node: FloatNode, _value: number, _negative: boolean): void {}
  text(_start: number, _end: number): void {}
  wideText(_start: number, _end: number, _encoding: TextEncoding): void {}
  blob(_start: number, _end: number): void {}
  beginStructure(_node: StructureNode): void {}
  beginMember(_name: string, _index: number): void {}
  endStructure(_node: StructureNode): void {}
  beginArray(_length: number): void {}
  beginElement(_index: number): void {}
  endArray(): void {}
  beginVariant(_node: VariantNode, _option: number): void {}
  endVariant(): void {}
  beginOptional(_node: OptionalNode, _isPresent: boolean): void {}
  endOptional(_isPresent: boolean): void {}
}

/**
 * The walk over a plan as generated code. What to do with each field is said by a strategy: skip it, print it,
 * make a value of it. The walk itself keeps the base, saves slots, loops over arrays and chooses variants.
 *
 * Generated functions see: `bytes` and `view` (the packet), `p` (start, in bits), `ext` (external values), and in
 * checked walks `end` (end of the content in bits), beyond which no event may go.
 */
import { packetPaddingBytes, readBig, readLeb, type Halves } from './bits.ts';
import type { Emitter } from './emitter.ts';
import { mostEmptyElements, OverrunError } from './interpret.ts';
import { bitExpression, byteExpression, floatRead, integerRead, rangeTest, signRead } from './emit-read.ts';
import type { BaseVariable } from './emit-read.ts';
import type {
  ArrayLength,
  ArrayNode,
  BlobNode,
  IntegerNode,
  OptionalNode,
  Plan,
  PlanNode,
  TextNode,
  VariantNode,
} from './plan.ts';
import { emptyElementsIn } from './plan.ts';
import type { WalkStrategy } from './walk-strategy.ts';
import { findWideNul, wideTextEnd } from './wide-text.ts';

/** Prints a loop that finds the NUL of text from byte `start` on; returns the variable of its index. */
export function emitFindNul(e: Emitter, start: string): string {
  const at = e.name('n');
  e.line(`let ${at} = ${start};`);
  e.line(`while (bytes[${at}] !== 0) ${at}++;`);
  return at;
}

/** Throws for a selector that chooses no option, in walks that trust the event. */
function noOption(selector: number): never {
  throw new OverrunError(`a variant's selector is ${selector}, which chooses no option`, 0);
}

/** Reads up to here from a base inside the packet, with 8 bytes of load, stay inside the buffer's padding. */
const nearBits = (packetPaddingBytes - 16) * 8;

/** Where generated code gets the halves of LEB128 numbers from, right after the call that reads them. */
const lebHalves: Halves = { hi: 0, lo: 0 };

class Walk {
  private base: BaseVariable;
  /** How far the base may lie beyond what was found to be inside the packet, in bits. */
  private reachBits = 0;
  private depth = 0;
  /** Whether elements without bits were counted already, with those of the array around. */
  private isCounted = false;
  /** Of the fields: undefined while passing over them silently. */
  private strategy: WalkStrategy | undefined;
  private readonly e: Emitter;
  private readonly onOverrun: string | undefined;

  constructor(e: Emitter, onOverrun: string | undefined, base: BaseVariable) {
    this.e = e;
    this.onOverrun = onOverrun;
    this.base = base;
  }

  run(plan: Plan, strategy: WalkStrategy | undefined): string {
    for (const { scope, node } of plan.scopes) {
      const told = strategy?.beginScope(this.e, scope, node) ?? false;
      this.strategy = told ? strategy : undefined;
      this.node(node);
      if (told) strategy?.endScope(this.e, scope);
    }
    return bitExpression(this.base, plan.endBits);
  }

  private fail(condition: string): void {
    if (this.onOverrun !== undefined) this.e.line(`if (${condition}) ${this.onOverrun}`);
  }

  /** Before a read: that the position lies in the packet. */
  private need(offsetBits: number, lengthBits: number): void {
    if (this.onOverrun === undefined) return;
    this.fail(`${bitExpression(this.base, offsetBits + lengthBits)} > end`);
    this.reachBits = 0;
  }

  /** Before a read that only the strategy wants: near what is inside the packet the buffer's padding is enough. */
  private needFar(offsetBits: number, lengthBits: number): void {
    if (this.strategy === undefined || this.reachBits + offsetBits + lengthBits <= nearBits) return;
    this.need(offsetBits, lengthBits);
  }

  private moveTo(expression: string, byte: boolean): void {
    const name = this.e.name(byte ? 'q' : 'b');
    this.e.line(`const ${name} = ${expression};`);
    this.base = { name, byte };
  }

  private node(node: PlanNode): void {
    const { e } = this;
    if (node.rebase !== undefined) {
      const { offsetBits, alignBits } = node.rebase;
      this.reachBits += offsetBits + alignBits - 1;
      if (this.base.byte && alignBits >= 8 && offsetBits % 8 === 0) {
        const unit = alignBits / 8;
        const from = byteExpression(this.base, offsetBits);
        this.moveTo(unit === 1 ? from : `(${from} + ${unit - 1}) & ${-unit}`, true);
      } else {
        const aligned = `(${bitExpression(this.base, offsetBits)} + ${alignBits - 1}) & ${-alignBits}`;
        this.moveTo(alignBits >= 8 ? `(${aligned}) >>> 3` : aligned, alignBits >= 8);
      }
    }
    switch (node.kind) {
      case 'integer': {
        if (node.fieldClass.variableLength !== undefined) {
          this.leb(node);
          break;
        }
        let read = integerRead(e, node, this.base);
        this.needFar(node.offsetBits, node.fieldClass.lengthBits);
        if (node.slot >= 0) {
          this.need(node.offsetBits, node.fieldClass.lengthBits);
          const lo = e.name('v');
          e.line(`const ${lo} = ${read.lo};`);
          if (read.hi === undefined) {
            read = { lo };
            e.line(`s${node.slot} = ${lo};`);
          } else {
            const hi = e.name('v');
            e.line(`const ${hi} = ${read.hi};`);
            read = { lo, hi };
            e.line(`s${node.slot} = ${hi} * 4294967296 + ${lo};`);
          }
        }
        this.strategy?.integer(e, node, read);
        break;
      }
      case 'big-integer': {
        const { lengthBits, byteOrder, signed } = node.fieldClass;
        const at = bitExpression(this.base, node.offsetBits);
        this.needFar(node.offsetBits, lengthBits);
        const read = `${e.bind('readBig', readBig)}(bytes, ${at}, ${lengthBits}, ${byteOrder === 'le'}, ${signed})`;
        this.strategy?.bigInteger(e, node, read);
        break;
      }
      case 'bits': {
        const read = integerRead(e, node, this.base);
        this.needFar(node.offsetBits, node.fieldClass.lengthBits);
        if (node.slot >= 0) {
          this.need(node.offsetBits, node.fieldClass.lengthBits);
          const any = read.hi === undefined ? read.lo : `(${read.hi}) | ${read.lo}`;
          e.line(`s${node.slot} = (${any}) !== 0 ? 1 : 0;`);
        }
        this.strategy?.bits(e, node, read);
        break;
      }
      case 'float':
        this.needFar(node.offsetBits, node.fieldClass.lengthBits);
        this.strategy?.float(e, node, floatRead(e, node, this.base), signRead(e, node, this.base));
        break;
      case 'string': {
        const start = byteExpression(this.base, node.offsetBits);
        // Buffers end in zero bytes, so the scan ends if it starts inside the buffer.
        this.need(node.offsetBits, 8);
        if (node.unitBytes > 1) {
          const from = e.name('t');
          const to = e.name('n');
          e.line(`const ${from} = ${start};`);
          e.line(`const ${to} = ${e.bind('findWideNul', findWideNul)}(bytes, ${from}, ${node.unitBytes});`);
          this.fail(`(${to} + ${node.unitBytes}) * 8 > end`);
          this.strategy?.wideText(e, node, from, to);
          this.moveTo(`${to} + ${node.unitBytes}`, true);
          break;
        }
        const nul = this.strategy?.string(e, node, start) ?? emitFindNul(e, start);
        this.moveTo(`${nul} + 1`, true);
        break;
      }
      case 'text':
        this.bytes(node, node.length, (start, length) => {
          if (node.unitBytes === 1) this.strategy?.text(e, node, start, length);
          else if (this.strategy !== undefined) {
            const find = e.bind('wideTextEnd', wideTextEnd);
            const end = `${find}(bytes, ${start}, ${length}, ${node.unitBytes})`;
            this.strategy.wideText(e, node, start, end);
          }
        });
        break;
      case 'blob':
        this.bytes(node, node.length, (start, length) => this.strategy?.blob(e, node, start, length));
        break;
      case 'structure':
        this.strategy?.beginStructure(e, node);
        this.depth += 1;
        for (const member of node.members) {
          const { strategy } = this;
          const told = strategy?.beginMember(e, member.name, this.depth, member.node) ?? false;
          if (told) e.comment(member.name);
          else this.strategy = undefined;
          this.node(member.node);
          this.strategy = strategy;
        }
        this.depth -= 1;
        this.strategy?.endStructure(e, node);
        break;
      case 'array':
        this.array(node);
        break;
      case 'variant':
        this.variant(node);
        break;
      case 'optional':
        this.optional(node);
        break;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  /** Bytes of a known length or one in a slot: tells where they are and moves beyond them. */
  private bytes(
    node: TextNode | BlobNode,
    byteLength: ArrayLength,
    tell: (start: string, length: string) => void,
  ): void {
    const { e } = this;
    const start = byteExpression(this.base, node.offsetBits);
    if (byteLength.kind === 'static') {
      tell(start, String(byteLength.count));
      return;
    }
    const length = `s${byteLength.slot}`;
    const from = e.name('t');
    e.line(`const ${from} = ${start};`);
    this.fail(`(${from} + ${length}) * 8 > end`);
    tell(from, length);
    this.moveTo(`${from} + ${length}`, true);
    this.reachBits = 0;
  }

  /** A number of variable length. */
  private leb(node: IntegerNode): void {
    const { e } = this;
    const from = e.name('t');
    const to = e.name('q');
    e.line(`const ${from} = ${byteExpression(this.base, node.offsetBits)};`);
    // Buffers end in zero bytes, which end a number that starts inside the content.
    this.fail(`${from} * 8 + 8 > end`);
    const halves = e.bind('leb', lebHalves);
    const { signed } = node.fieldClass;
    e.line(`const ${to} = ${e.bind('readLeb', readLeb)}(bytes, ${from}, ${signed}, ${halves});`);
    this.fail(`${to} < 0 || ${to} * 8 > end`);
    if (this.strategy !== undefined || node.slot >= 0) {
      const lo = e.name('v');
      const hi = e.name('v');
      e.line(`const ${lo} = ${halves}.lo, ${hi} = ${halves}.hi;`);
      if (node.slot >= 0) e.line(`s${node.slot} = ${hi} * 4294967296 + ${lo};`);
      const lengthBits = `Math.min(64, (${to} - ${from}) * 7)`;
      this.strategy?.integer(e, node, { lo, hi, lengthBits });
    }
    this.base = { name: to, byte: true };
    this.reachBits = 0;
  }

  private optional(node: OptionalNode): void {
    const { e } = this;
    const before = this.base;
    const selector = `s${node.selectorSlot}`;
    const byte = node.endsOnByte;
    const after = e.name(byte ? 'q' : 'b');
    const start = byte ? byteExpression(before, node.offsetBits) : bitExpression(before, node.offsetBits);
    e.line(`let ${after} = ${start};`);
    this.strategy?.beginOptional(e, node);
    e.open(`if (${node.ranges === undefined ? `${selector} !== 0` : rangeTest(selector, node.ranges)})`);
    this.strategy?.beginPresent(e);
    this.node(node.node);
    this.strategy?.endPresent(e);
    const end = byte ? byteExpression(this.base, node.endBits) : bitExpression(this.base, node.endBits);
    e.line(`${after} = ${end};`);
    if (this.strategy !== undefined) {
      e.close(' else {');
      this.strategy.absent(e);
    }
    e.close();
    this.fail(`${byte ? `${after} * 8` : after} > end`);
    this.reachBits = 0;
    this.strategy?.endOptional(e);
    this.base = { name: after, byte };
  }

  private array(node: ArrayNode): void {
    const { e } = this;
    const before = this.base;
    const count = node.length.kind === 'static' ? String(node.length.count) : `s${node.length.slot}`;
    const byte = node.elementByteBase;
    const start = byte ? byteExpression(before, node.offsetBits) : bitExpression(before, node.offsetBits);
    if (node.length.kind === 'slot') {
      const least = node.leastElementBits;
      this.fail(
        least === 0
          ? `${count} > ${mostEmptyElements}`
          : `${count} * ${least} > end - (${bitExpression(before, node.offsetBits)})`,
      );
    }
    const reachBefore = this.reachBits;
    // A sequence was found to be inside; of an array the size is known.
    const elementsBits = node.length.kind === 'slot' ? 0 : node.length.count * (node.strideBits ?? 0);
    this.reachBits += node.offsetBits + elementsBits;
    const mayBeEmpty = this.countEmpty(node, count);
    const silent = this.strategy === undefined;
    const stride = node.strideBits === undefined ? undefined : byte ? node.strideBits / 8 : node.strideBits;
    if (silent && stride !== undefined) {
      if (!node.keepsBase) this.moveTo(`${start} + ${count} * ${stride}`, byte);
      return;
    }
    if (stride !== undefined && this.reachBits > nearBits) {
      const reached = bitExpression(before, node.offsetBits + elementsBits);
      this.fail(`${reached} > end`);
      this.reachBits = 0;
    }
    const reachInside = this.reachBits;
    this.strategy?.beginArray(e, node, count);
    const index = e.name('i');
    const at = e.name(byte ? 'q' : 'b');
    e.line(`let ${at} = ${start};`);
    e.open(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`);
    const from = mayBeEmpty ? e.name('f') : '';
    if (mayBeEmpty) e.line(`const ${from} = ${at};`);
    this.base = { name: at, byte };
    this.strategy?.beginElement(e, index);
    const { isCounted } = this;
    this.isCounted ||= node.strideBits === 0;
    this.node(node.element);
    this.isCounted = isCounted;
    this.strategy?.endElement(e);
    if (stride === undefined) {
      const end = bitExpression(this.base, node.elementEndBits);
      e.line(`${at} = ${byte ? byteExpression(this.base, node.elementEndBits) : end};`);
      this.fail(`${byte ? `${at} * 8` : at} > end`);
      if (mayBeEmpty) this.fail(`${at} === ${from} && ++empty > ${mostEmptyElements}`);
    } else {
      e.line(`${at} += ${stride};`);
    }
    e.close();
    this.strategy?.endArray(e, node);
    this.base = node.keepsBase ? before : { name: at, byte };
    this.reachBits = node.keepsBase ? reachBefore : reachInside;
  }

  /**
   * Before an array: counts its elements, if they are known to have no bits.
   * @returns whether each must be looked at instead.
   */
  private countEmpty(node: ArrayNode, count: string): boolean {
    if (this.onOverrun === undefined || node.leastElementBits > 0) return false;
    if (node.strideBits === undefined) return true;
    if (node.strideBits === 0 && !this.isCounted) {
      this.e.line(`empty += ${count} * ${1 + emptyElementsIn(node.element)};`);
      this.fail(`empty > ${mostEmptyElements}`);
    }
    return false;
  }

  private variant(node: VariantNode): void {
    const { e } = this;
    const before = this.base;
    const selector = `s${node.selectorSlot}`;
    const byte = node.endsOnByte;
    const after = e.name(byte ? 'q' : 'b');
    if (!node.keepsBase) e.line(`let ${after} = 0;`);
    this.strategy?.beginVariant(e, node);
    const reachBefore = this.reachBits;
    let reachAfter = 0;
    for (const [index, option] of node.options.entries()) {
      const test = `if (${rangeTest(selector, option.ranges)})`;
      if (index === 0) e.open(test);
      else e.close(` else ${test} {`);
      this.base = before;
      this.reachBits = reachBefore;
      this.node(option.node);
      reachAfter = Math.max(reachAfter, this.reachBits + option.endBits);
      this.strategy?.endOption(e);
      if (!node.keepsBase) {
        const end = byte
          ? byteExpression(this.base, option.endBits)
          : bitExpression(this.base, option.endBits);
        e.line(`${after} = ${end};`);
      }
    }
    const otherwise = this.onOverrun ?? `${e.bind('noOption', noOption)}(${selector});`;
    if (node.options.length === 0) {
      e.line(otherwise);
    } else {
      e.close(' else {');
      e.line(otherwise);
      e.close();
    }
    this.strategy?.endVariant(e, node);
    this.base = node.keepsBase ? before : { name: after, byte };
    this.reachBits = node.keepsBase ? reachBefore : reachAfter;
  }
}

/** Whether a node has arrays whose elements may have no bits. */
function mayHaveEmpty(node: PlanNode): boolean {
  if (node.kind === 'structure') return node.members.some((member) => mayHaveEmpty(member.node));
  if (node.kind === 'array') return node.leastElementBits === 0 || mayHaveEmpty(node.element);
  if (node.kind === 'variant') return node.options.some((option) => mayHaveEmpty(option.node));
  return node.kind === 'optional' && mayHaveEmpty(node.node);
}

/**
 * Prints the walk over a plan.
 * @param onOverrun the statement for an event that goes beyond `end`; without it the event is trusted.
 * @returns the expression of the end position, in bits.
 */
export function emitWalk(
  e: Emitter,
  plan: Plan,
  strategy: WalkStrategy | undefined,
  onOverrun?: string,
): string {
  if (plan.slotCount > 0) {
    const slots = Array.from({ length: plan.slotCount }, (_, slot) => `s${slot} = 0`);
    e.line(`let ${slots.join(', ')};`);
    for (const [index, external] of plan.externals.entries()) e.line(`s${external.slot} = ext[${index}];`);
  }
  if (onOverrun !== undefined && plan.scopes.some(({ node }) => mayHaveEmpty(node))) e.line('let empty = 0;');
  let base: BaseVariable = { name: 'p', byte: false };
  if (plan.startsOnByte) {
    base = { name: e.name('q'), byte: true };
    e.line(`const ${base.name} = p >>> 3;`);
  }
  return new Walk(e, onOverrun, base).run(plan, strategy);
}

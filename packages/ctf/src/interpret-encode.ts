/**
 * The plain interpreter that encodes by a plan: the oracle of the tests of generated encoders, the way where code may
 * not be made from text, and what writes packet headers and contexts.
 */
import type { Halves } from './bits.ts';
import { impliedLength, putString, putText, putWideString, putWideText } from './encode-text.ts';
import {
  arrayOf,
  bigOf,
  floatOf,
  noOptionFor,
  notThere,
  putBlob,
  splitBits,
  splitOf,
  structureOf,
} from './encode-values.ts';
import {
  implyingMember,
  isLenient,
  isPadded,
  truncated,
  valueKeys,
  type HeaderForm,
  type RoleValues,
} from './encode-rules.ts';
import type { FixedLengthBits, IntegerFieldClass, IntegerRange, Scope } from './model.ts';
import type {
  ArrayLength,
  BitsNode,
  IntegerNode,
  OptionalNode,
  Plan,
  PlanNode,
  StructureNode,
} from './plan.ts';
import { writeBig, writeFloat, writeHalves, writeLeb, writeReversed } from './write-bits.ts';

/** What an encoding needs beside the values. */
export interface EncodeOptions {
  /** Values of `plan.externals`, in their order. */
  readonly externals?: ArrayLike<number>;
  /** Values of integers with roles in lenient scopes. */
  readonly roles?: RoleValues;
  readonly form?: HeaderForm;
}

/** Thrown and caught here: the buffer ends before the values do. */
const noRoom = new Error('no room');

function isIn(ranges: readonly IntegerRange[], value: number): boolean {
  return ranges.some(({ lower, upper }) => value >= Number(lower) && value <= Number(upper));
}

class EncodeInterpreter {
  private base: number;
  private readonly slots: Float64Array;
  private lenient = false;
  private scope: Scope = 'event-payload';
  private readonly bytes: Uint8Array;
  private readonly endBit: number;
  private readonly options: EncodeOptions;

  constructor(plan: Plan, bytes: Uint8Array, startBit: number, endBit: number, options: EncodeOptions) {
    this.slots = new Float64Array(plan.slotCount);
    for (const [index, { slot }] of plan.externals.entries()) {
      this.slots[slot] = options.externals?.[index] ?? 0;
    }
    this.bytes = bytes;
    this.base = startBit;
    this.endBit = endBit;
    this.options = options;
  }

  run(plan: Plan, values: { readonly [scope: string]: unknown }): number {
    for (const { scope, node } of plan.scopes) {
      const key = valueKeys[scope];
      this.scope = scope;
      this.lenient = isLenient(scope);
      this.node(node, values[key], key);
    }
    const end = this.base + plan.endBits;
    this.need(end, 0);
    return end;
  }

  private need(bit: number, length: number): void {
    if (bit + length > this.endBit) throw noRoom;
  }

  private node(node: PlanNode, given: unknown, path: string): void {
    if (node.rebase !== undefined) {
      const { offsetBits, alignBits } = node.rebase;
      this.base = Math.ceil((this.base + offsetBits) / alignBits) * alignBits;
    }
    const at = this.base + node.offsetBits;
    const { lenient } = this;
    switch (node.kind) {
      case 'integer':
        this.integer(node, at, given, path);
        break;
      case 'big-integer': {
        const { lengthBits, byteOrder } = node.fieldClass;
        this.need(at, lengthBits);
        const value = bigOf(given ?? (lenient ? 0 : given), node.fieldClass, path);
        writeBig(this.bytes, at, lengthBits, byteOrder === 'le', value);
        break;
      }
      case 'float': {
        const { lengthBits, byteOrder, reversed } = node.fieldClass;
        this.need(at, lengthBits);
        const value = floatOf(given ?? (lenient ? 0 : given), path);
        writeFloat(this.bytes, at, lengthBits, byteOrder === 'le', value, reversed);
        break;
      }
      case 'string': {
        const value = given ?? (lenient ? '' : given);
        const room = Math.floor(this.endBit / 8);
        const end =
          node.unitBytes === 1
            ? putString(this.bytes, at / 8, room, value, path)
            : putWideString(this.bytes, at / 8, room, value, path, node.encoding);
        if (end < 0) throw noRoom;
        this.base = end * 8;
        break;
      }
      case 'text': {
        const count = this.lengthOf(node.length);
        this.need(at, count * 8);
        const value = given ?? (lenient ? '' : given);
        if (node.unitBytes === 1) putText(this.bytes, at / 8, count, value, path);
        else putWideText(this.bytes, at / 8, count, value, path, node.encoding);
        if (node.length.kind === 'slot') this.base = at + count * 8;
        break;
      }
      case 'blob': {
        const count = this.lengthOf(node.length);
        this.need(at, count * 8);
        if (given !== undefined || !lenient) putBlob(this.bytes, at / 8, count, given, path);
        if (node.length.kind === 'slot') this.base = at + count * 8;
        break;
      }
      case 'structure': {
        const values = lenient && given === undefined ? {} : structureOf(given, path);
        for (const { name, node: member } of node.members) {
          const below = `${path}.${name}`;
          const value = values[name];
          this.node(member, value === undefined ? this.implied(node, member, values, below) : value, below);
        }
        break;
      }
      case 'array': {
        const count = this.lengthOf(node.length);
        this.need(at, count * node.leastElementBits);
        const values = lenient && given === undefined ? [] : arrayOf(given, count, path);
        const before = this.base;
        this.base = at;
        for (let index = 0; index < count; index++) {
          this.node(node.element, values[index], `${path}[]`);
          this.base += node.elementEndBits;
        }
        if (node.keepsBase) this.base = before;
        break;
      }
      case 'variant': {
        const selector = this.slots[node.selectorSlot]!;
        const option = node.options.find(({ ranges }) => isIn(ranges, selector));
        if (option === undefined) noOptionFor(selector, path);
        this.node(option.node, given, path);
        if (!node.keepsBase) this.base += option.endBits;
        break;
      }
      case 'bits':
        this.bits(node, at, given, path);
        break;
      case 'optional':
        this.optional(node, at, given, path);
        break;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  private integer(node: IntegerNode, at: number, given: unknown, path: string): void {
    const { variableLength, signed } = node.fieldClass;
    if (variableLength === undefined) this.need(at, node.fieldClass.lengthBits);
    let parts = this.special(node.fieldClass, path);
    if (parts === undefined) {
      parts = { hi: 0, lo: 0 };
      splitOf(given ?? (this.lenient ? 0 : given), node.fieldClass, path, parts);
    }
    if (node.slot >= 0) this.slots[node.slot] = parts.hi * 0x1_0000_0000 + parts.lo;
    if (variableLength === undefined) {
      this.store(node.fieldClass, at, parts);
      return;
    }
    const room = Math.floor(this.endBit / 8);
    const padded = isPadded(this.scope, node);
    const end = writeLeb(this.bytes, at / 8, room, signed, parts.hi, parts.lo, padded);
    if (end < 0) throw noRoom;
    this.base = end * 8;
  }

  private store(bits: FixedLengthBits, at: number, { hi, lo }: Halves): void {
    const { lengthBits, byteOrder, reversed } = bits;
    const write = reversed === undefined ? writeHalves : writeReversed;
    write(this.bytes, at, lengthBits, byteOrder === 'le', hi, lo);
  }

  private bits(node: BitsNode, at: number, given: unknown, path: string): void {
    this.need(at, node.fieldClass.lengthBits);
    const parts: Halves = { hi: 0, lo: 0 };
    splitBits(given ?? (this.lenient ? 0 : given), node.fieldClass, path, parts);
    if (node.slot >= 0) this.slots[node.slot] = (parts.hi | parts.lo) === 0 ? 0 : 1;
    this.store(node.fieldClass, at, parts);
  }

  private optional(node: OptionalNode, at: number, given: unknown, path: string): void {
    const selector = this.slots[node.selectorSlot]!;
    if (node.ranges === undefined ? selector !== 0 : isIn(node.ranges, selector)) {
      this.node(node.node, given, path);
      this.base += node.endBits;
    } else {
      if (given !== undefined && given !== null) notThere(given, path);
      this.base = at;
    }
  }

  /** The value of a length or selector that is not given. */
  private implied(
    structure: StructureNode,
    member: PlanNode,
    values: { readonly [member: string]: unknown },
    path: string,
  ): unknown {
    const user = implyingMember(structure, member);
    if (user === undefined) return undefined;
    const value = values[user.name];
    if (user.node.kind === 'optional') return value !== undefined && value !== null;
    if (value === undefined) return undefined;
    return impliedLength(value, path, user.node.kind === 'text' ? user.node.encoding : undefined);
  }

  /** The value that a role or the header's form gives. */
  private special(fieldClass: IntegerFieldClass, path: string): Halves | undefined {
    const { form, roles } = this.options;
    if (form?.selector !== undefined && form.selectorValue !== undefined && this.scope === 'event-header') {
      if (path === `${valueKeys['event-header']}.${form.selector}`) return { hi: 0, lo: form.selectorValue };
    }
    if (!this.lenient || roles === undefined) return undefined;
    for (const role of fieldClass.roles) {
      const value = roles.get(role);
      if (value !== undefined) return truncated(value, fieldClass.lengthBits);
    }
    return undefined;
  }

  private lengthOf(length: ArrayLength): number {
    return length.kind === 'static' ? length.count : this.slots[length.slot]!;
  }
}

/**
 * Encodes values by a plan from `startBit` on.
 * @param values by the names of `valueKeys`.
 * @returns the position after them, or -1 when they go beyond `endBit`; then some of them may have been written.
 * @throws SpoorError `ctf/value-type`, `ctf/value-range` or `ctf/value-length`, whose `where` is the path of the field.
 */
export function encodeByPlan(
  plan: Plan,
  bytes: Uint8Array,
  startBit: number,
  endBit: number,
  values: { readonly [scope: string]: unknown },
  options: EncodeOptions = {},
): number {
  try {
    return new EncodeInterpreter(plan, bytes, startBit, endBit, options).run(plan, values);
  } catch (error) {
    if (error === noRoom) return -1;
    throw error;
  }
}

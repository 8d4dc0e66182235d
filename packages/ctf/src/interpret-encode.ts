/**
 * The plain interpreter that encodes by a plan: the oracle of the tests of generated encoders, the way where code may
 * not be made from text, and what writes packet headers and contexts.
 */
import type { Halves } from './bits.ts';
import {
  arrayOf,
  bigOf,
  floatOf,
  impliedLength,
  noOptionFor,
  putString,
  putText,
  splitOf,
  structureOf,
} from './encode-values.ts';
import {
  checkEncodable,
  isLenient,
  lengthUser,
  truncated,
  valueKeys,
  type HeaderForm,
  type RoleValues,
} from './encode-rules.ts';
import type { IntegerFieldClass, Scope } from './model.ts';
import type { ArrayLength, IntegerNode, Plan, PlanNode } from './plan.ts';
import { writeBig, writeFloat, writeHalves } from './write-bits.ts';

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
    checkEncodable(node, path);
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
        const { lengthBits, byteOrder } = node.fieldClass;
        this.need(at, lengthBits);
        const value = floatOf(given ?? (lenient ? 0 : given), path);
        writeFloat(this.bytes, at, lengthBits, byteOrder === 'le', value);
        break;
      }
      case 'string': {
        const value = given ?? (lenient ? '' : given);
        const end = putString(this.bytes, at / 8, Math.floor(this.endBit / 8), value, path);
        if (end < 0) throw noRoom;
        this.base = end * 8;
        break;
      }
      case 'text': {
        const count = this.lengthOf(node.length);
        this.need(at, count * 8);
        putText(this.bytes, at / 8, count, given ?? (lenient ? '' : given), path);
        if (node.length.kind === 'slot') this.base = at + count * 8;
        break;
      }
      case 'structure': {
        const values = lenient && given === undefined ? {} : structureOf(given, path);
        for (const { name, node: member } of node.members) {
          let value = values[name];
          if (value === undefined && member.kind === 'integer' && member.slot >= 0) {
            const user = lengthUser(node, member);
            if (user !== undefined && values[user] !== undefined) {
              value = impliedLength(values[user], `${path}.${name}`);
            }
          }
          this.node(member, value, `${path}.${name}`);
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
        const option = node.options.find(({ ranges }) =>
          ranges.some(({ lower, upper }) => selector >= Number(lower) && selector <= Number(upper)),
        );
        if (option === undefined) noOptionFor(selector, path);
        this.node(option.node, given, path);
        if (!node.keepsBase) this.base += option.endBits;
        break;
      }
      case 'bits':
      case 'blob':
      case 'optional':
        break;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  private integer(node: IntegerNode, at: number, given: unknown, path: string): void {
    const { lengthBits, byteOrder } = node.fieldClass;
    this.need(at, lengthBits);
    let parts = this.special(node.fieldClass, path);
    if (parts === undefined) {
      parts = { hi: 0, lo: 0 };
      splitOf(given ?? (this.lenient ? 0 : given), node.fieldClass, path, parts);
    }
    if (node.slot >= 0) this.slots[node.slot] = parts.hi * 0x1_0000_0000 + parts.lo;
    writeHalves(this.bytes, at, lengthBits, byteOrder === 'le', parts.hi, parts.lo);
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

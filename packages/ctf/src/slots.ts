/**
 * All fields of an event in reused memory: 8 bytes a slot, which slot is whose says a layout that all events of a class
 * share. Numbers are stored, texts are noted as the bytes of the packet that they are; nothing is allocated for an event.
 *
 * The slots of a class come first, in decoding order; what is in a variant has slots of its own in each option. An array
 * has one slot there, and slots for its elements, all of the same number, behind all others. Guarded by bench/read.ts.
 */
import { SpoorError } from '@spoor/base';
import { integerOfHalves } from './bits.ts';
import { bitArrayValue, decodeText, defineMember, labelTableOf, type FieldValue } from './field-value.ts';
import type {
  BitArrayFieldClass,
  BooleanFieldClass,
  FloatFieldClass,
  IntegerFieldClass,
  Scope,
  TextEncoding,
} from './model.ts';
import type { Plan, PlanNode, StructureNode } from './plan.ts';
import { decodeWideText } from './wide-text.ts';

/** A member of a structure, or an option of a variant. */
export interface SlotMember {
  readonly name: string;
  readonly field: SlotField;
}

/** A structure: no slot of its own, only those of its members. */
export interface SlotStructure {
  readonly kind: 'structure';
  readonly members: readonly SlotMember[];
}

/**
 * Where the value of a field is. `slot` counts from the event's first slot, or from the element's in an array.
 *
 * - `number`: `FieldSlots.numbers[slot]`; a boolean is 1 or 0.
 * - `wide`: an integer of more than 53 bits, `FieldSlots.signed[slot]` or `unsigned[slot]`.
 * - `big`: an integer of more than 64 bits, `FieldSlots.others[slot]`.
 * - `text`, `blob`: bytes `words[2 * slot]` to `words[2 * slot + 1]` of `FieldSlots.bytes`.
 * - `array`: `words[2 * slot]` is the first element's slot, counted from 0; `words[2 * slot + 1]` says how many there are.
 * - `variant`: `words[2 * slot]` is the index of the option that is there. `optional`: it is 1 if the field is there.
 */
export type SlotField =
  | SlotStructure
  | {
      readonly kind: 'number';
      readonly slot: number;
      readonly fieldClass: IntegerFieldClass | FloatFieldClass | BitArrayFieldClass | BooleanFieldClass;
    }
  | {
      readonly kind: 'wide';
      readonly slot: number;
      readonly signed: boolean;
      readonly fieldClass: IntegerFieldClass | BitArrayFieldClass;
    }
  | { readonly kind: 'big'; readonly slot: number; readonly fieldClass: IntegerFieldClass }
  | { readonly kind: 'text'; readonly slot: number; readonly encoding: TextEncoding; readonly wide: boolean }
  | { readonly kind: 'blob'; readonly slot: number }
  | {
      readonly kind: 'array';
      readonly slot: number;
      readonly element: SlotField;
      /** Slots of one element. */
      readonly elementSlots: number;
    }
  | { readonly kind: 'variant'; readonly slot: number; readonly options: readonly SlotMember[] }
  | { readonly kind: 'optional'; readonly slot: number; readonly field: SlotField };

/** Where the fields of all events of a class are. */
export interface SlotLayout {
  readonly scopes: readonly { readonly scope: Scope; readonly field: SlotStructure }[];
  /** Slots of an event without the elements of its arrays. */
  readonly slotCount: number;
  readonly hasArrays: boolean;
}

/** Slots of one event at most: more are no trace's, but a hostile length's. */
const mostSlots = 1 << 25;

/** Index, in the two words of a slot, of the lower and the upper half of a 64-bit integer. */
export const lowWord: number = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
export const highWord: number = 1 - lowWord;

/** The values of the fields of one event, until the next is decoded into the same slots. */
export class FieldSlots {
  /** Views of one memory. */
  numbers: Float64Array<ArrayBuffer> = new Float64Array(0);
  words: Int32Array<ArrayBuffer> = new Int32Array(0);
  signed: BigInt64Array<ArrayBuffer> = new BigInt64Array(0);
  unsigned: BigUint64Array<ArrayBuffer> = new BigUint64Array(0);
  /** Integers of more than 64 bits. */
  readonly others: (number | bigint)[] = [];
  /** The packet: what texts are bytes of. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Slots that the event has so far. */
  used = 0;

  constructor() {
    this.reserve(256);
  }

  /**
   * Makes room for `count` slots; those before stay, in new views.
   * @throws SpoorError `ctf/too-many-fields` for more than 2^25.
   */
  reserve(count: number): void {
    const { length } = this.numbers;
    if (count <= length) return;
    if (count > mostSlots) {
      throw new SpoorError(
        'ctf/too-many-fields',
        `an event has ${count} fields; ${mostSlots} can be decoded`,
        {
          hint: 'its trace is damaged, or its metadata is hostile',
        },
      );
    }
    const numbers = new Float64Array(Math.max(count, length * 2));
    numbers.set(this.numbers);
    this.numbers = numbers;
    this.words = new Int32Array(numbers.buffer);
    this.signed = new BigInt64Array(numbers.buffer);
    this.unsigned = new BigUint64Array(numbers.buffer);
  }

  /** Takes slots for the elements of an array; returns the first. */
  take(count: number): number {
    const first = this.used;
    this.used = first + count;
    if (this.used > this.numbers.length) this.reserve(this.used);
    return first;
  }

  /** The text of a `text` field of UTF-8 or ASCII. */
  text(slot: number): string {
    return decodeText(this.bytes, this.words[slot * 2]!, this.words[slot * 2 + 1]!);
  }

  /** An integer of a `wide` field: a BigInt only where a number would not be exact. */
  integer(slot: number, signed: boolean): number | bigint {
    const hi = this.words[slot * 2 + highWord]!;
    return integerOfHalves(signed ? hi : hi >>> 0, this.words[slot * 2 + lowWord]! >>> 0);
  }

  /**
   * The value of a field as {@link FieldValue}, as other readers give it.
   * @param first slot of the array's element that the field is in.
   */
  value(field: SlotField, first = 0): FieldValue {
    switch (field.kind) {
      case 'structure': {
        const structure = {};
        for (const { name, field: member } of field.members) {
          defineMember(structure, name, this.value(member, first));
        }
        return structure;
      }
      case 'number': {
        const value = this.numbers[first + field.slot]!;
        const { fieldClass } = field;
        if (fieldClass.kind === 'boolean') return value !== 0;
        if (fieldClass.kind === 'integer') return labelled(fieldClass, value);
        if (fieldClass.kind === 'float') return value;
        return bitArrayValue(fieldClass, Math.floor(value / 0x1_0000_0000), value % 0x1_0000_0000);
      }
      case 'wide': {
        const { fieldClass } = field;
        if (fieldClass.kind === 'integer') {
          return labelled(fieldClass, this.integer(first + field.slot, field.signed));
        }
        const at = (first + field.slot) * 2;
        return bitArrayValue(fieldClass, this.words[at + highWord]!, this.words[at + lowWord]!);
      }
      case 'big':
        return labelled(field.fieldClass, this.others[first + field.slot]!);
      case 'text': {
        const at = (first + field.slot) * 2;
        const [start = 0, end = 0] = [this.words[at], this.words[at + 1]];
        return field.wide
          ? decodeWideText(this.bytes, start, end, field.encoding)
          : decodeText(this.bytes, start, end);
      }
      case 'blob': {
        const at = (first + field.slot) * 2;
        return this.bytes.slice(this.words[at], this.words[at + 1]);
      }
      case 'array': {
        const at = (first + field.slot) * 2;
        const start = this.words[at]!;
        return Array.from({ length: this.words[at + 1]! }, (_, index) =>
          this.value(field.element, start + index * field.elementSlots),
        );
      }
      case 'variant':
        return this.value(field.options[this.words[(first + field.slot) * 2]!]!.field, first);
      case 'optional':
        return this.words[(first + field.slot) * 2] === 0 ? null : this.value(field.field, first);
      default: {
        const never: never = field;
        throw new TypeError(String(never));
      }
    }
  }
}

function labelled(fieldClass: IntegerFieldClass, value: number | bigint): FieldValue {
  return fieldClass.mappings === undefined ? value : labelTableOf(fieldClass).enumValueOf(value);
}

/** Gives out slots in decoding order. */
class Allocator {
  count = 0;
  hasArrays = false;

  private take(): number {
    this.count += 1;
    return this.count - 1;
  }

  structure(node: StructureNode): SlotStructure {
    return {
      kind: 'structure',
      members: node.members.map(({ name, node: member }) => ({ name, field: this.field(member) })),
    };
  }

  private field(node: PlanNode): SlotField {
    switch (node.kind) {
      case 'structure':
        return this.structure(node);
      case 'integer':
      case 'bits': {
        const { fieldClass } = node;
        const slot = this.take();
        if (fieldClass.kind === 'boolean') return { kind: 'number', slot, fieldClass };
        const isInteger = fieldClass.kind === 'integer';
        const isVariable = isInteger && fieldClass.variableLength !== undefined;
        if (!isVariable && fieldClass.lengthBits <= 53) return { kind: 'number', slot, fieldClass };
        return { kind: 'wide', slot, signed: isInteger && fieldClass.signed, fieldClass };
      }
      case 'big-integer':
        return { kind: 'big', slot: this.take(), fieldClass: node.fieldClass };
      case 'float':
        return { kind: 'number', slot: this.take(), fieldClass: node.fieldClass };
      case 'string':
      case 'text':
        return { kind: 'text', slot: this.take(), encoding: node.encoding, wide: node.unitBytes > 1 };
      case 'blob':
        return { kind: 'blob', slot: this.take() };
      case 'array': {
        this.hasArrays = true;
        const slot = this.take();
        const inner = new Allocator();
        const element = inner.field(node.element);
        return { kind: 'array', slot, element, elementSlots: inner.count };
      }
      case 'variant': {
        const slot = this.take();
        const options = node.options.map(({ name, node: option }) => ({ name, field: this.field(option) }));
        return { kind: 'variant', slot, options };
      }
      case 'optional':
        return { kind: 'optional', slot: this.take(), field: this.field(node.node) };
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }
}

/** The layout of the events of a plan. */
export function slotLayoutOf(plan: Plan): SlotLayout {
  const allocator = new Allocator();
  const scopes = plan.scopes.map(({ scope, node }) => ({ scope, field: allocator.structure(node) }));
  return { scopes, slotCount: allocator.count, hasArrays: allocator.hasArrays };
}

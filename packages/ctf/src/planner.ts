// From field classes to the plan of plan.ts: where each field starts, as far as that can be known.
import { SpoorError } from '@spoor/base';
import { alignmentOf, codeUnitBytes, isCharacter, leastBitsOf } from './field-classes.ts';
import { memberPath, optionPath, rootPath, type FieldPath } from './field-path.ts';
import { collectLocations, keyOf } from './referred-fields.ts';
import type {
  FieldClass,
  FieldLocation,
  IntegerRange,
  Scope,
  StructureFieldClass,
  TextEncoding,
} from './model.ts';
import { mostEmptyElements } from './interpret.ts';
import { emptyElementsIn } from './plan.ts';
import type {
  ArrayLength,
  BigIntegerNode,
  BitsNode,
  BlobNode,
  External,
  FloatNode,
  IntegerNode,
  OptionalNode,
  Plan,
  PlanNode,
  PlanScope,
  Rebase,
  StringNode,
  StructureNode,
  TextNode,
  VariantNode,
} from './plan.ts';

/** The greatest and the least of 64-bit integers. */
const endsOf64Bits: readonly bigint[] = [2n ** 64n - 1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** A structure class to plan, with the scope it stands for. */
export interface ScopeClass {
  readonly scope: Scope;
  readonly fieldClass: StructureFieldClass;
}

const greatestAlign = 1 << 20;

/** Bits of the largest packet. */
const mostOffsetBits = 2 ** 30;

/** Code of the error for a class whose fields are larger than any packet. */
export const tooLargeCode = 'ctf/event-too-large';

function lowestBit(value: number): number {
  return value === 0 ? greatestAlign : value & -value;
}

class Planner {
  private align: number;
  private offset = 0;
  /** Counts moves of the base, to tell whether a part moved it. */
  private moves = 0;
  private slotCount = 0;
  private readonly wanted = new Set<string>();
  private readonly slots = new Map<string, number>();
  private readonly externals: External[] = [];
  private readonly name: string;

  constructor(name: string, startAlignBits: number) {
    this.name = name;
    this.align = startAlignBits;
  }

  plan(scopes: readonly ScopeClass[]): Plan {
    const startsOnByte = this.align >= 8;
    for (const { fieldClass } of scopes) collectLocations(fieldClass, this.wanted);
    const planned = scopes.map(({ scope, fieldClass }): PlanScope => {
      return { scope, node: this.structure(fieldClass, scope, rootPath) };
    });
    this.checkSize();
    return {
      name: this.name,
      scopes: planned,
      slotCount: this.slotCount,
      externals: this.externals,
      startsOnByte,
      endBits: this.offset,
      endAlignBits: Math.min(this.align, lowestBit(this.offset)),
      ...(this.moves === 0 ? { fixedBits: this.offset } : {}),
    };
  }

  private alignTo(bits: number): { rebase?: Rebase } {
    if (bits <= 1) return {};
    if (bits <= this.align) {
      this.offset = Math.ceil(this.offset / bits) * bits;
      return {};
    }
    const rebase = { offsetBits: this.offset, alignBits: bits };
    this.moveBase(Math.min(bits, greatestAlign));
    return { rebase };
  }

  private moveBase(alignBits: number): void {
    this.align = alignBits;
    this.offset = 0;
    this.moves += 1;
  }

  private slotOf(location: FieldLocation): number {
    const key = keyOf(location.scope, location.path);
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = this.slotCount++;
      this.slots.set(key, slot);
      this.externals.push({ location, slot });
    }
    return slot;
  }

  private field(fieldClass: FieldClass, scope: Scope, path: FieldPath): PlanNode {
    switch (fieldClass.kind) {
      case 'integer': {
        const moved = this.alignTo(fieldClass.alignmentBits);
        if (fieldClass.lengthBits > 64) {
          if (this.wantedKey(scope, path) !== undefined) {
            throw new SpoorError(
              'ctf/unsupported-integer',
              `an integer of ${fieldClass.lengthBits} bits cannot be a length or a selector`,
              { where: `${this.name}: ${path.full.join('.')}` },
            );
          }
          if (fieldClass.roles.length > 0) {
            // Passed over, it would give events wrong times, or packets wrong sizes, without a word.
            throw new SpoorError(
              'ctf/unsupported-integer',
              `an integer of ${fieldClass.lengthBits} bits cannot be the ${fieldClass.roles.join(' and ')}`,
              { where: `${this.name}: ${path.full.join('.')}` },
            );
          }
          if (fieldClass.reversed !== undefined) {
            throw new SpoorError(
              'ctf/unsupported-integer',
              `an integer of ${fieldClass.lengthBits} bits in the opposite bit order cannot be read`,
              { where: `${this.name}: ${path.full.join('.')}` },
            );
          }
          const big: BigIntegerNode = { kind: 'big-integer', fieldClass, ...moved, ...this.here() };
          this.offset += fieldClass.lengthBits;
          return big;
        }
        const slot = this.ownSlot(scope, path);
        const node: IntegerNode = { kind: 'integer', fieldClass, slot, ...moved, ...this.here() };
        if (fieldClass.variableLength === undefined) this.offset += fieldClass.lengthBits;
        else this.moveBase(8);
        return node;
      }
      case 'bit-array':
      case 'boolean': {
        const moved = this.alignTo(fieldClass.alignmentBits);
        const slot = fieldClass.kind === 'boolean' ? this.ownSlot(scope, path) : -1;
        const node: BitsNode = { kind: 'bits', fieldClass, slot, ...moved, ...this.here() };
        this.offset += fieldClass.lengthBits;
        return node;
      }
      case 'float': {
        if (fieldClass.lengthBits === 128) {
          throw new SpoorError('ctf/unsupported-float', 'a floating point field of 128 bits cannot be read', {
            where: `${this.name}: ${path.full.join('.')}`,
          });
        }
        const moved = this.alignTo(fieldClass.alignmentBits);
        const node: FloatNode = { kind: 'float', fieldClass, ...moved, ...this.here() };
        this.offset += fieldClass.lengthBits;
        return node;
      }
      case 'string': {
        const moved = this.alignTo(8);
        const { encoding } = fieldClass;
        const unitBytes = codeUnitBytes(encoding);
        const node: StringNode = { kind: 'string', encoding, unitBytes, ...moved, ...this.here() };
        this.moveBase(8);
        return node;
      }
      case 'static-string':
        return this.text({ kind: 'static', count: fieldClass.lengthBytes }, fieldClass.encoding);
      case 'dynamic-string':
        return this.text({ kind: 'slot', slot: this.slotOf(fieldClass.lengthLocation) }, fieldClass.encoding);
      case 'static-blob':
        return this.blob({ kind: 'static', count: fieldClass.lengthBytes });
      case 'dynamic-blob':
        return this.blob({ kind: 'slot', slot: this.slotOf(fieldClass.lengthLocation) });
      case 'structure':
        return this.structure(fieldClass, scope, path);
      case 'static-array':
        return this.array(
          fieldClass.element,
          alignmentOf(fieldClass),
          { kind: 'static', count: fieldClass.length },
          scope,
          path,
        );
      case 'dynamic-array':
        return this.array(
          fieldClass.element,
          alignmentOf(fieldClass),
          { kind: 'slot', slot: this.slotOf(fieldClass.lengthLocation) },
          scope,
          path,
        );
      case 'variant':
        for (const { ranges } of fieldClass.options) this.checkRanges(ranges, path);
        return this.variant(fieldClass, scope, path);
      case 'optional':
        this.checkRanges(fieldClass.ranges ?? [], path);
        return this.optional(fieldClass, scope, path);
      default: {
        const never: never = fieldClass;
        throw new TypeError(String(never));
      }
    }
  }

  /** Selectors are doubles: a bound beyond 2^53 might choose for its neighbours, unless it is the last of all numbers. */
  private checkRanges(ranges: readonly IntegerRange[], path: FieldPath): void {
    for (const bound of ranges.flatMap(({ lower, upper }) => [lower, upper])) {
      if (BigInt.asIntN(54, bound) === bound || endsOf64Bits.includes(bound)) continue;
      throw new SpoorError(
        'ctf/unsupported-integer',
        `selectors cannot be told from each other at ${bound}, beyond 2^53`,
        { where: `${this.name}: ${path.full.join('.')}` },
      );
    }
  }

  /** Positions are kept in 32 bits, so no field may lie beyond what the largest packet has room for. */
  private checkSize(): void {
    if (this.offset > mostOffsetBits) {
      throw new SpoorError(tooLargeCode, 'its fields take more room than the largest packet has', {
        where: this.name,
      });
    }
  }

  /** The key by which others refer to a field, if they do. */
  private wantedKey(scope: Scope, { full, bare }: FieldPath): string | undefined {
    const key = keyOf(scope, full);
    if (this.wanted.has(key)) return key;
    const bareKey = bare === full ? key : keyOf(scope, bare);
    return this.wanted.has(bareKey) ? bareKey : undefined;
  }

  /** Number of the slot of a field that others refer to, or -1. */
  private ownSlot(scope: Scope, path: FieldPath): number {
    const key = this.wantedKey(scope, path);
    if (key === undefined) return -1;
    const slot = this.slots.get(key) ?? this.slotCount++;
    this.slots.set(key, slot);
    return slot;
  }

  private text(length: ArrayLength, encoding: TextEncoding): TextNode {
    const moved = this.alignTo(8);
    const here = this.here();
    this.passBytes(length);
    return { kind: 'text', length, encoding, unitBytes: codeUnitBytes(encoding), ...moved, ...here };
  }

  private blob(length: ArrayLength): BlobNode {
    const moved = this.alignTo(8);
    const here = this.here();
    this.passBytes(length);
    return { kind: 'blob', length, ...moved, ...here };
  }

  private passBytes(length: ArrayLength): void {
    if (length.kind === 'static') this.offset += length.count * 8;
    else this.moveBase(8);
  }

  private here(): { offsetBits: number; byteBase: boolean } {
    this.checkSize();
    return { offsetBits: this.offset, byteBase: this.align >= 8 };
  }

  private structure(fieldClass: StructureFieldClass, scope: Scope, path: FieldPath): StructureNode {
    const moved = this.alignTo(fieldClass.alignmentBits);
    const here = this.here();
    const members = fieldClass.members.map((member) => ({
      name: member.name,
      node: this.field(member.fieldClass, scope, memberPath(path, member.name)),
    }));
    return { kind: 'structure', members, ...moved, ...here };
  }

  private array(
    element: FieldClass,
    alignBits: number,
    length: ArrayLength,
    scope: Scope,
    path: FieldPath,
  ): PlanNode {
    const moved = this.alignTo(alignBits);
    const here = this.here();
    if (isCharacter(element)) {
      this.passBytes(length);
      return { kind: 'text', length, encoding: 'utf-8', unitBytes: 1, ...moved, ...here };
    }
    const before = { align: this.align, offset: this.offset, moves: this.moves };
    // Elements follow each other, so what is known of the position must hold at the start of each of them:
    // weaken it until a pass over the element does not weaken it further.
    let known = Math.min(before.align, lowestBit(before.offset));
    let node: PlanNode;
    let fixed: boolean;
    for (;;) {
      const wantedSlots = new Map(this.slots);
      const slotCount = this.slotCount;
      this.align = known;
      this.offset = 0;
      this.moves = 0;
      node = this.field(element, scope, path);
      fixed = this.moves === 0;
      const end = Math.min(this.align, lowestBit(this.offset));
      if (end >= known) break;
      known = end;
      this.slots.clear();
      for (const [key, slot] of wantedSlots) this.slots.set(key, slot);
      this.slotCount = slotCount;
    }
    const elementEndBits = this.offset;
    const elementByteBase = known >= 8;
    // Padding between elements is part of the stride, for an element starts at its own alignment.
    const strideBits = fixed ? elementEndBits : undefined;
    const keepsBase = strideBits !== undefined && length.kind === 'static';
    const empty =
      strideBits === 0 && length.kind === 'static' ? length.count * (1 + emptyElementsIn(node)) : 0;
    if (empty > mostEmptyElements) {
      throw new SpoorError(
        tooLargeCode,
        `more than ${mostEmptyElements} elements of its arrays have no bits`,
        {
          where: this.name,
        },
      );
    }
    this.moves = before.moves;
    if (keepsBase) {
      this.align = before.align;
      this.offset = before.offset + length.count * strideBits;
    } else {
      this.moveBase(known);
    }
    return {
      kind: 'array',
      length,
      element: node,
      ...(strideBits === undefined ? {} : { strideBits }),
      elementEndBits,
      elementByteBase,
      keepsBase,
      leastElementBits: leastBitsOf(element),
      ...moved,
      ...here,
    };
  }

  private variant(
    fieldClass: Extract<FieldClass, { kind: 'variant' }>,
    scope: Scope,
    path: FieldPath,
  ): VariantNode {
    const selectorSlot = this.slotOf(fieldClass.selectorLocation);
    const here = this.here();
    const before = { align: this.align, offset: this.offset, moves: this.moves };
    let keepsBase = true;
    let endAlign = greatestAlign;
    const ends: number[] = [];
    const options = fieldClass.options.map((option) => {
      this.align = before.align;
      this.offset = before.offset;
      this.moves = before.moves;
      const node = this.field(option.fieldClass, scope, optionPath(path, option.name));
      if (this.moves !== before.moves) keepsBase = false;
      ends.push(this.offset);
      endAlign = Math.min(endAlign, this.align, lowestBit(this.offset));
      return {
        name: option.name,
        ranges: option.ranges,
        node,
        endBits: this.offset,
      };
    });
    keepsBase &&= ends.every((end) => end === ends[0]);
    this.moves = before.moves;
    this.align = before.align;
    if (keepsBase) this.offset = ends[0] ?? before.offset;
    else this.moveBase(endAlign);
    return { kind: 'variant', selectorSlot, options, keepsBase, endsOnByte: this.align >= 8, ...here };
  }

  private optional(
    fieldClass: Extract<FieldClass, { kind: 'optional' }>,
    scope: Scope,
    path: FieldPath,
  ): OptionalNode {
    const selectorSlot = this.slotOf(fieldClass.selectorLocation);
    const here = this.here();
    const without = Math.min(this.align, lowestBit(this.offset));
    const node = this.field(fieldClass.fieldClass, scope, path);
    const endBits = this.offset;
    this.moveBase(Math.min(without, this.align, lowestBit(this.offset)));
    const { ranges } = fieldClass;
    return {
      kind: 'optional',
      selectorSlot,
      ...(ranges === undefined ? {} : { ranges }),
      node,
      endBits,
      endsOnByte: this.align >= 8,
      ...here,
    };
  }
}

/**
 * Derives the plan of scopes that follow each other in a packet.
 * @param startAlignBits a power of two that the starting position is known to be a multiple of.
 * @throws SpoorError for a class that no decoder of this package can read.
 */
export function makePlan(name: string, scopes: readonly ScopeClass[], startAlignBits: number): Plan {
  return new Planner(name, Math.min(startAlignBits, greatestAlign)).plan(scopes);
}

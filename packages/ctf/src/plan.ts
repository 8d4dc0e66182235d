/**
 * The decode plan: what stands between the model of a trace and the code that reads it. A plan is a tree of
 * nodes, one a field, in which every offset and alignment that can be known in advance is known.
 *
 * Execution model: a *base* (a bit position in the packet) starts where the scopes start. A node reads at
 * `base + offsetBits`. A node with `rebase` first moves the base: to `base + rebase.offsetBits`, rounded up to a
 * multiple of `rebase.alignBits`. Strings, and arrays and variants whose size is not known, move the base to their
 * end. `byteBase` says that the base is known to lie on a byte; then it is kept as a byte index by generated code.
 * An integer that a length or selector refers to is saved in a numbered slot.
 *
 * planner.ts derives it; it is run by generated code (emit-walk.ts) and by the interpreter (interpret.ts).
 */
import type {
  BitArrayFieldClass,
  BooleanFieldClass,
  FieldLocation,
  FloatFieldClass,
  IntegerFieldClass,
  IntegerRange,
  Scope,
  TextEncoding,
} from './model.ts';

/** Moves the base before a node: see the head of this file. */
export interface Rebase {
  readonly offsetBits: number;
  readonly alignBits: number;
}

interface PlanNodeCommon {
  readonly rebase?: Rebase;
  /** From the base (after `rebase`) to the field's first bit. */
  readonly offsetBits: number;
  readonly byteBase: boolean;
}

export interface IntegerNode extends PlanNodeCommon {
  readonly kind: 'integer';
  readonly fieldClass: IntegerFieldClass;
  /** Number of the slot that keeps the value, or -1. */
  readonly slot: number;
}

/** An integer of more than 64 bits, which no length or selector may refer to. */
export interface BigIntegerNode extends PlanNodeCommon {
  readonly kind: 'big-integer';
  readonly fieldClass: IntegerFieldClass;
}

export interface FloatNode extends PlanNodeCommon {
  readonly kind: 'float';
  readonly fieldClass: FloatFieldClass;
}

/** Bits that are no number: a boolean, a bit array or a bit map. */
export interface BitsNode extends PlanNodeCommon {
  readonly kind: 'bits';
  readonly fieldClass: BitArrayFieldClass | BooleanFieldClass;
  /** Number of the slot that keeps a boolean as 1 or 0, or -1. */
  readonly slot: number;
}

/** Text up to a NUL. */
export interface StringNode extends PlanNodeCommon {
  readonly kind: 'string';
  readonly encoding: TextEncoding;
  /** Bytes of a code unit, the NUL's size. */
  readonly unitBytes: 1 | 2 | 4;
}

/** An array of bytes that are characters; ends at the first NUL or at its length. */
export interface TextNode extends PlanNodeCommon {
  readonly kind: 'text';
  /** In bytes. */
  readonly length: ArrayLength;
  readonly encoding: TextEncoding;
  readonly unitBytes: 1 | 2 | 4;
}

/** Bytes without further meaning. */
export interface BlobNode extends PlanNodeCommon {
  readonly kind: 'blob';
  /** In bytes. */
  readonly length: ArrayLength;
}

/** A length known from the class, or the slot that holds it. */
export type ArrayLength =
  { readonly kind: 'static'; readonly count: number } | { readonly kind: 'slot'; readonly slot: number };

export interface ArrayNode extends PlanNodeCommon {
  readonly kind: 'array';
  readonly length: ArrayLength;
  /** Its base is where the element starts. */
  readonly element: PlanNode;
  /** Distance of two elements if it is known; the element then never moves the base. */
  readonly strideBits?: number;
  /** From the element's last base to its end. */
  readonly elementEndBits: number;
  /** Whether every element is known to start on a byte. */
  readonly elementByteBase: boolean;
  /** Whether the base stays (length and stride known) or moves to the array's end. */
  readonly keepsBase: boolean;
  /** Least bits of an element, to refuse absurd lengths before looping. */
  readonly leastElementBits: number;
}

export interface StructureNode extends PlanNodeCommon {
  readonly kind: 'structure';
  readonly members: readonly { readonly name: string; readonly node: PlanNode }[];
}

export interface VariantNode extends PlanNodeCommon {
  readonly kind: 'variant';
  readonly selectorSlot: number;
  readonly options: readonly {
    readonly name: string;
    readonly ranges: readonly IntegerRange[];
    readonly node: PlanNode;
    /** From the option's last base to its end. */
    readonly endBits: number;
  }[];
  /** Whether all options leave the base alone and end at the same offset. */
  readonly keepsBase: boolean;
  readonly endsOnByte: boolean;
}

/** A field that is there if its selector says so. It moves the base to its end, there or not. */
export interface OptionalNode extends PlanNodeCommon {
  readonly kind: 'optional';
  readonly selectorSlot: number;
  /** Values of the selector for which it is there; absent for a boolean: all but 0. */
  readonly ranges?: readonly IntegerRange[];
  readonly node: PlanNode;
  /** From the field's last base to its end. */
  readonly endBits: number;
  readonly endsOnByte: boolean;
}

/** One field of a plan. */
export type PlanNode =
  | BigIntegerNode
  | IntegerNode
  | FloatNode
  | BitsNode
  | StringNode
  | TextNode
  | BlobNode
  | ArrayNode
  | StructureNode
  | VariantNode
  | OptionalNode;

/** How many elements without bits the arrays in a node have whose elements and lengths are known. */
export function emptyElementsIn(node: PlanNode): number {
  if (node.kind === 'structure') {
    return node.members.reduce((sum, member) => sum + emptyElementsIn(member.node), 0);
  }
  if (node.kind !== 'array' || node.length.kind !== 'static') return 0;
  return node.length.count * (Number(node.strideBits === 0) + emptyElementsIn(node.element));
}

/** A scope of a plan, in decoding order. */
export interface PlanScope {
  readonly scope: Scope;
  readonly node: StructureNode;
}

/** A value that a plan needs from a scope decoded earlier. */
export interface External {
  readonly location: FieldLocation;
  readonly slot: number;
}

export interface Plan {
  /** For people: what it decodes. */
  readonly name: string;
  readonly scopes: readonly PlanScope[];
  readonly slotCount: number;
  readonly externals: readonly External[];
  /** Whether the starting position is known to lie on a byte. */
  readonly startsOnByte: boolean;
  /** From the last base to the end. */
  readonly endBits: number;
  /** The greatest power of two that the end position is known to be a multiple of. */
  readonly endAlignBits: number;
  /** Size in bits when it is the same for every event. */
  readonly fixedBits?: number;
}

/**
 * Types as TSDL declares them, before they are placed in a scope: lengths and selectors are still words, and integers
 * have no roles yet. A type without either is already a field class of the model and is used as it is.
 */
import { shownName } from './tsdl-names.ts';
import type { FloatFieldClass, IntegerFieldClass, StringFieldClass } from './model.ts';

/** What the length of a sequence or the tag of a variant refers to. */
export interface DeclaredReference {
  /** The words between the dots, as written. */
  readonly path: readonly string[];
  /** Where it stands, for messages. */
  readonly token: number;
}

export interface DeclaredMember {
  /** As written, with the leading underscore. */
  readonly name: string;
  readonly type: DeclaredType;
}

/** What all types made of others know of themselves, so that deep or huge ones are refused in time. */
interface Compound {
  /** Levels of nesting. */
  readonly depth: number;
  /** Number of types within, counting a type as often as it is used. */
  readonly weight: number;
  readonly alignmentBits: number;
  /** Whether no length or tag is referred to within, directly or deeper. */
  readonly selfContained: boolean;
}

export interface DeclaredStructure extends Compound {
  readonly kind: 'declared-structure';
  readonly members: readonly DeclaredMember[];
}

export interface DeclaredArray extends Compound {
  readonly kind: 'declared-array';
  readonly length: number;
  readonly element: DeclaredType;
}

export interface DeclaredSequence extends Compound {
  readonly kind: 'declared-sequence';
  readonly length: DeclaredReference;
  readonly element: DeclaredType;
}

export interface DeclaredVariant extends Compound {
  readonly kind: 'declared-variant';
  /** Absent in a variant that is named for later use with a tag. */
  readonly tag: DeclaredReference | undefined;
  readonly options: readonly DeclaredMember[];
}

export type DeclaredType =
  | IntegerFieldClass
  | FloatFieldClass
  | StringFieldClass
  | DeclaredStructure
  | DeclaredArray
  | DeclaredSequence
  | DeclaredVariant;

/** Limits that no tracer comes near; they bound the work that hostile metadata can cause. */
const maximumDepth = 64;
const maximumWeight = 100_000;

function isCompound(
  type: DeclaredType,
): type is Exclude<DeclaredType, { readonly kind: 'integer' | 'float' | 'string' }> {
  return type.kind !== 'integer' && type.kind !== 'float' && type.kind !== 'string';
}

/** Alignment of a type in bits. */
function alignmentOf(type: DeclaredType): number {
  return type.kind === 'string' ? 8 : type.alignmentBits;
}

/** Whether no length or tag is referred to within. */
export function isSelfContained(type: DeclaredType): boolean {
  return !isCompound(type) || type.selfContained;
}

function measure(parts: readonly DeclaredMember[]): {
  depth: number;
  weight: number;
  alignmentBits: number;
  selfContained: boolean;
} {
  let depth = 0;
  let weight = 1;
  let alignmentBits = 1;
  let selfContained = true;
  for (const { type } of parts) {
    const compound = isCompound(type);
    depth = Math.max(depth, compound ? type.depth : 0);
    weight += compound ? type.weight : 1;
    alignmentBits = Math.max(alignmentBits, alignmentOf(type));
    selfContained &&= !compound || type.selfContained;
  }
  return { depth: depth + 1, weight, alignmentBits, selfContained };
}

export function declareStructure(
  members: readonly DeclaredMember[],
  minimumAlignmentBits: number,
): DeclaredStructure {
  const measured = measure(members);
  const alignmentBits = Math.max(measured.alignmentBits, minimumAlignmentBits);
  return { kind: 'declared-structure', members, ...measured, alignmentBits };
}

/** Whether a value of the type may have no bits at all. */
function mayBeEmpty(type: DeclaredType): boolean {
  switch (type.kind) {
    case 'declared-structure':
      return type.members.every((member) => mayBeEmpty(member.type));
    case 'declared-array':
      return type.length === 0 || mayBeEmpty(type.element);
    case 'declared-sequence':
      return true;
    case 'declared-variant':
      return type.options.some((option) => mayBeEmpty(option.type));
    case 'integer':
    case 'float':
    case 'string':
      return false;
    default:
      return type satisfies never;
  }
}

/** An array of fixed length, or a sequence when its length is a reference. */
export function declareArray(
  element: DeclaredType,
  length: number | DeclaredReference,
): DeclaredArray | DeclaredSequence {
  const measured = measure([{ name: '', type: element }]);
  // The packet's size does not bound how many elements without bits there are: each counts as a part.
  if (typeof length === 'number' && mayBeEmpty(element)) measured.weight *= Math.max(1, length);
  return typeof length === 'number'
    ? { kind: 'declared-array', length, element, ...measured }
    : { kind: 'declared-sequence', length, element, ...measured, selfContained: false };
}

/** A variant has no alignment of its own: the chosen option's counts when it is read. */
export function declareVariant(
  options: readonly DeclaredMember[],
  tag: DeclaredReference | undefined,
): DeclaredVariant {
  return {
    kind: 'declared-variant',
    tag,
    options,
    ...measure(options),
    alignmentBits: 1,
    selfContained: false,
  };
}

/** Whether a type has more levels or parts than any tracer would declare. */
export function exceedsLimits(type: DeclaredType): boolean {
  return isCompound(type) && (type.depth > maximumDepth || type.weight > maximumWeight);
}

/** The shown names of members; where two would be shown alike, the later one keeps its underscore. */
export function shownNames(members: readonly DeclaredMember[]): readonly string[] {
  const taken = new DistinctNames();
  return members.map(({ name }) => {
    let shown = shownName(name);
    if (taken.add(shown)) return shown;
    shown = name;
    while (!taken.add(shown)) shown = `_${shown}`;
    return shown;
  });
}

/** Names that must differ. Most lists of names are short, so a set is made only of long ones. */
export class DistinctNames {
  private readonly few: string[] = [];
  private many: Set<string> | undefined;

  /** Adds a name; false if it is there already. */
  add(name: string): boolean {
    if (this.many !== undefined) return this.many.size < this.many.add(name).size;
    if (this.few.includes(name)) return false;
    this.few.push(name);
    if (this.few.length > 16) this.many = new Set(this.few);
    return true;
  }
}

/** Names of types visible at a place: inner declarations hide outer ones. */
export class TypeScope {
  private readonly outer: TypeScope | undefined;
  private names: Map<string, DeclaredType> | undefined;

  constructor(outer?: TypeScope) {
    this.outer = outer;
  }

  /** Looks outwards from here. Named structures are found as `struct NAME`, likewise variants and enumerations. */
  find(name: string): DeclaredType | undefined {
    return this.names?.get(name) ?? this.outer?.find(name);
  }

  /** Adds a name to this very scope; false if it has it already. */
  add(name: string, type: DeclaredType): boolean {
    this.names ??= new Map();
    if (this.names.has(name)) return false;
    this.names.set(name, type);
    return true;
  }
}

/** Whether a field of this type can be the length of a sequence. */
export function isLength(type: DeclaredType): boolean {
  return type.kind === 'integer' && !type.signed;
}

/** Whether a field of this type can be the tag of a variant. */
export function isTag(type: DeclaredType): boolean {
  return type.kind === 'integer' && type.mappings !== undefined;
}

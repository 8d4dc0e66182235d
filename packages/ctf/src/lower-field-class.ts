/**
 * Makes field classes that only CTF 2 has ones of CTF 1.8, and says how their values follow. As babeltrace2's
 * `sink.ctf.fs` does for version 1, booleans and bit arrays become integers, an optional field a variant with a tag of its
 * own; what it does not meet (numbers of variable length, the bit order, BLOBs, strings with a length or in UTF-16 and
 * UTF-32) becomes what comes next to it, of the same bits where there is such.
 */
import { alignmentOf } from './field-classes.ts';
import { EnumValue, FlagsValue } from './field-value.ts';
import { loweredNames, uniqueName } from './lower-names.ts';
import { LoweredTargets } from './lower-targets.ts';
import type {
  ByteOrder,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  IntegerRange,
  Role,
  StructureFieldClass,
  StructureMember,
  TextEncoding,
  VariantFieldClass,
  VariantOption,
} from './model.ts';
import { isName, shownName } from './tsdl-names.ts';

/** Values of selectors met so far, by the keys of their targets. */
export type SavedValues = Map<string, number>;

/** Makes of a value of a class one of the class that it was lowered to. */
export type ConvertValue = (value: unknown, saved: SavedValues) => unknown;

/** A field class lowered. */
export interface Lowered {
  readonly fieldClass: FieldClass;
  /** Absent where values stay as they are. */
  readonly convert?: ConvertValue;
  /** Whether both have the same bits for the same value. */
  readonly same: boolean;
  /** A member that must stand before this one: the tag of a variant that has none, with its value. */
  readonly tag?: { readonly fieldClass: IntegerFieldClass; readonly value: ConvertValue };
}

/** A member of a structure, lowered, with its new name and that of its tag. */
interface LoweredMember extends Lowered {
  readonly name: string;
  readonly tagName: string;
}

type Value = { readonly [member: string]: unknown };

function isIn(ranges: readonly IntegerRange[], value: number): boolean {
  return ranges.some(({ lower, upper }) => value >= Number(lower) && value <= Number(upper));
}

function sameRanges(left: readonly IntegerRange[], right: readonly IntegerRange[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ lower, upper }, index) => lower === right[index]!.lower && upper === right[index]!.upper)
  );
}

/** The number of an integer's value, which may be a label. */
function numberOf(value: unknown, { mappings }: IntegerFieldClass): number {
  if (value instanceof EnumValue) return Number(value.value);
  if (typeof value !== 'string') return Number(value);
  return Number(mappings?.find(({ label }) => label === value)?.ranges[0]?.lower ?? 0n);
}

/** The name by which TSDL says an option that the tag's labels choose, if there is such a label for each of them. */
function areNamedByTag(options: readonly VariantOption[], tag: FieldClass | undefined): boolean {
  if (tag?.kind !== 'integer' || tag.mappings === undefined) return false;
  const { mappings } = tag;
  const taken = new Set<string>();
  return options.every(({ name, ranges }) => {
    const label = mappings.find(
      (mapping) =>
        sameRanges(mapping.ranges, ranges) &&
        isName(mapping.label) &&
        !taken.has(mapping.label) &&
        (shownName(mapping.label) === name || mapping.label === name),
    )?.label;
    if (label === undefined) return false;
    taken.add(label);
    return mappings.filter((mapping) => mapping.label === label).length === 1;
  });
}

/** Lowers the field classes of the scopes of one trace. */
export class FieldLowerer {
  readonly targets: LoweredTargets = new LoweredTargets();
  /** Of tags that were not there. */
  private readonly byteOrder: ByteOrder;

  constructor(byteOrder: ByteOrder) {
    this.byteOrder = byteOrder;
  }

  /** An unsigned integer that stands on bytes. */
  private unsigned(lengthBits: number, more: Partial<IntegerFieldClass> = {}): IntegerFieldClass {
    return {
      kind: 'integer',
      signed: false,
      lengthBits,
      byteOrder: this.byteOrder,
      alignmentBits: 8,
      displayBase: 10,
      roles: [],
      ...more,
    };
  }

  /** The structure of members that were lowered; their tags come before them. */
  private structureOf(
    structure: StructureFieldClass,
    members: readonly LoweredMember[],
    more: readonly StructureMember[],
  ): Lowered {
    const made: StructureMember[] = [];
    const steps = members.map(({ name, tagName, fieldClass, convert, tag }, index) => {
      if (tag !== undefined) made.push({ name: tagName, fieldClass: tag.fieldClass });
      made.push({ name, fieldClass });
      const from = structure.members[index]!.name;
      return {
        from,
        to: name,
        convert,
        ...(tag === undefined ? {} : { tag: { name: tagName, value: tag.value } }),
      };
    });
    made.push(...more);
    const alignmentBits = made.reduce(
      (most, { fieldClass }) => Math.max(most, alignmentOf(fieldClass)),
      structure.alignmentBits,
    );
    const same =
      more.length === 0 &&
      alignmentBits === structure.alignmentBits &&
      members.every((member) => member.same && member.tag === undefined);
    const lowered: StructureFieldClass = { kind: 'structure', members: made, alignmentBits };
    if (
      steps.every(({ from, to, convert, tag }) => from === to && convert === undefined && tag === undefined)
    ) {
      return { fieldClass: lowered, same };
    }
    return {
      fieldClass: lowered,
      same,
      convert: (value, saved) => {
        if (typeof value !== 'object' || value === null) return value;
        const entries: [string, unknown][] = [];
        for (const { from, to, convert, tag } of steps) {
          const given = (value as Value)[from];
          if (tag !== undefined) entries.push([tag.name, tag.value(given, saved)]);
          const isGiven = given !== undefined || tag !== undefined;
          entries.push([to, convert === undefined || !isGiven ? given : convert(given, saved)]);
        }
        // Made from entries: `__proto__` must become a member like any other.
        return Object.fromEntries(entries.filter(([, member]) => member !== undefined));
      },
    };
  }

  /** A class that may stand where no tag can stand before it: in an array, in an option. */
  private apart(fieldClass: FieldClass): Lowered {
    const { targets } = this;
    if (!this.needsTag(fieldClass)) return this.lower(fieldClass);
    targets.enterMade('content', '_content_tag');
    const lowered = this.lower(fieldClass);
    targets.leaveMade();
    const { tag, convert, fieldClass: content } = lowered;
    if (tag === undefined) throw new TypeError('a tag is wanted');
    const members: StructureMember[] = [
      { name: '_content_tag', fieldClass: tag.fieldClass },
      { name: 'content', fieldClass: content },
    ];
    return {
      fieldClass: { kind: 'structure', members, alignmentBits: Math.max(8, alignmentOf(content)) },
      same: false,
      convert: (value, saved) => ({
        _content_tag: tag.value(value, saved),
        content: convert === undefined ? value : convert(value, saved),
      }),
    };
  }

  private needsTag(fieldClass: FieldClass): boolean {
    if (fieldClass.kind === 'optional') return true;
    if (fieldClass.kind !== 'variant') return false;
    return !areNamedByTag(fieldClass.options, this.targets.find(fieldClass.selectorLocation)?.fieldClass);
  }

  /** Lowers the field class of what the targets' path leads to. */
  lower(fieldClass: FieldClass): Lowered {
    const { attributes: _, ...plain } = fieldClass;
    switch (plain.kind) {
      case 'integer':
        return this.integer(plain);
      case 'float': {
        const { reversed, ...rest } = plain;
        return { fieldClass: rest, same: reversed === undefined };
      }
      case 'bit-array':
        return this.bits({ ...plain, displayBase: 16 }, (value) =>
          value instanceof FlagsValue ? value.value : value,
        );
      case 'boolean': {
        const { fieldClass: integer, same } = this.bits({ ...plain, displayBase: 10 });
        // Any bit makes it true, but it is written as 1.
        return this.target(integer as IntegerFieldClass, same && plain.lengthBits === 1, (value) =>
          typeof value === 'boolean' ? Number(value) : value,
        );
      }
      case 'string':
        return this.string(plain.encoding);
      case 'static-string':
        return plain.encoding === 'utf-8'
          ? this.bytes({ kind: 'static-array', length: plain.lengthBytes }, { encoding: 'utf-8' })
          : this.string(plain.encoding);
      case 'dynamic-string':
        return plain.encoding === 'utf-8'
          ? this.bytes(this.dynamic(plain.lengthLocation), { encoding: 'utf-8' })
          : this.string(plain.encoding);
      case 'static-blob': {
        const { lengthBytes, roles } = plain;
        const base = roles === undefined ? 16 : 10;
        const array = {
          kind: 'static-array' as const,
          length: lengthBytes,
          ...(roles === undefined ? {} : { roles }),
        };
        return this.bytes(array, { displayBase: base });
      }
      case 'dynamic-blob':
        return this.bytes(this.dynamic(plain.lengthLocation), { displayBase: 16 });
      case 'structure':
        return this.structure(plain);
      case 'static-array':
      case 'dynamic-array': {
        const location = plain.kind === 'dynamic-array' ? this.dynamic(plain.lengthLocation) : {};
        const { fieldClass: element, convert, same } = this.apart(plain.element);
        const alignmentBits = alignmentOf(element);
        return {
          fieldClass: { ...plain, ...location, element, alignmentBits },
          same: same && alignmentBits === alignmentOf(fieldClass),
          ...(convert === undefined
            ? {}
            : {
                convert: (value, saved) =>
                  Array.isArray(value) ? value.map((item: unknown) => convert(item, saved)) : value,
              }),
        };
      }
      case 'optional':
        return this.optional(plain);
      case 'variant':
        return this.variant(plain);
      default:
        return plain satisfies never;
    }
  }

  /** Notes an integer that others may refer to; its values are kept where a tag is made of them. */
  private target(integer: IntegerFieldClass, same: boolean, convert?: ConvertValue): Lowered {
    const key = this.targets.add(integer);
    if (!this.targets.isSaved(key)) {
      return { fieldClass: integer, same, ...(convert === undefined ? {} : { convert }) };
    }
    return {
      fieldClass: integer,
      same,
      convert: (value, saved) => {
        const converted = convert === undefined ? value : convert(value, saved);
        saved.set(key, numberOf(converted, integer));
        return converted;
      },
    };
  }

  private integer(integer: IntegerFieldClass): Lowered {
    const { variableLength, reversed, ...rest } = integer;
    if (variableLength !== undefined) {
      return this.target({ ...rest, byteOrder: this.byteOrder, alignmentBits: 8 }, false);
    }
    return this.target(rest, reversed === undefined || integer.lengthBits === 1);
  }

  private bits(
    bits: Pick<IntegerFieldClass, 'lengthBits' | 'byteOrder' | 'alignmentBits' | 'displayBase' | 'reversed'>,
    convert?: ConvertValue,
  ): Lowered {
    const { lengthBits, byteOrder, alignmentBits, displayBase, reversed } = bits;
    const fieldClass = this.unsigned(lengthBits, { byteOrder, alignmentBits, displayBase });
    const same = reversed === undefined || lengthBits === 1;
    return { fieldClass, same, ...(convert === undefined ? {} : { convert }) };
  }

  private string(encoding: TextEncoding): Lowered {
    return encoding === 'utf-8' || encoding === 'ascii'
      ? { fieldClass: { kind: 'string', encoding }, same: true }
      : { fieldClass: { kind: 'string', encoding: 'utf-8' }, same: false };
  }

  private dynamic(location: FieldLocation): {
    readonly kind: 'dynamic-array';
    readonly lengthLocation: FieldLocation;
  } {
    return { kind: 'dynamic-array', lengthLocation: this.targets.get(location).location };
  }

  /** Bytes as an array of integers: of the same bits as a string or BLOB. */
  private bytes(
    array:
      | { readonly kind: 'static-array'; readonly length: number; readonly roles?: readonly Role[] }
      | { readonly kind: 'dynamic-array'; readonly lengthLocation: FieldLocation },
    more: Partial<IntegerFieldClass>,
  ): Lowered {
    return { fieldClass: { ...array, element: this.unsigned(8, more), alignmentBits: 8 }, same: true };
  }

  /** @param more members that are made, at the end. */
  structure(structure: StructureFieldClass, more: readonly StructureMember[] = []): Lowered {
    const { targets } = this;
    const names = loweredNames(targets.currentScope, structure, targets.atTop);
    const taken = new Set([...names, ...more.map(({ name }) => name)]);
    const members = structure.members.map((member, index): LoweredMember => {
      const name = names[index]!;
      // As babeltrace2 names it: `__NAME_tag` when it is written.
      const tagName = uniqueName(`_${name}_tag`, taken);
      targets.enter(member.name, name, tagName);
      const lowered = this.lower(member.fieldClass);
      targets.leave();
      return { name, tagName, ...lowered };
    });
    return this.structureOf(structure, members, more);
  }

  private optional(optional: Extract<FieldClass, { kind: 'optional' }>): Lowered {
    const tag = this.unsigned(8, {
      mappings: [
        { label: 'none', ranges: [{ lower: 0n, upper: 0n }] },
        { label: 'content', ranges: [{ lower: 1n, upper: 1n }] },
      ],
    });
    const { targets } = this;
    targets.beginVariant();
    targets.enterOption('content');
    const { fieldClass, convert } = this.apart(optional.fieldClass);
    targets.leaveOption();
    targets.endVariant();
    const isThere = (value: unknown): boolean => value !== null && value !== undefined;
    const options: VariantOption[] = [
      {
        name: 'none',
        ranges: tag.mappings![0]!.ranges,
        fieldClass: { kind: 'structure', members: [], alignmentBits: 1 },
      },
      { name: 'content', ranges: tag.mappings![1]!.ranges, fieldClass },
    ];
    return {
      fieldClass: { kind: 'variant', selectorLocation: targets.tagLocation(), options },
      same: false,
      tag: { fieldClass: tag, value: (value) => Number(isThere(value)) },
      convert: (value, saved) =>
        !isThere(value) ? {} : convert === undefined ? value : convert(value, saved),
    };
  }

  private variant(variant: VariantFieldClass): Lowered {
    const selector = this.targets.get(variant.selectorLocation);
    const isNamed = areNamedByTag(variant.options, selector.fieldClass);
    const names = new Set<string>();
    this.targets.beginVariant();
    const lowered = variant.options.map((option, index) => {
      const name = isNamed
        ? option.name
        : uniqueName(option.name === '' ? `option${index}` : option.name, names);
      this.targets.enterOption(name);
      const content = this.apart(option.fieldClass);
      this.targets.leaveOption();
      return { ...content, name, ranges: option.ranges };
    });
    this.targets.endVariant();
    const options = (rangesOf: (index: number) => readonly IntegerRange[]): readonly VariantOption[] =>
      lowered.map(({ name, fieldClass }, index) => ({ name, fieldClass, ranges: rangesOf(index) }));
    const chosen = (saved: SavedValues): number =>
      lowered.findIndex(({ ranges }) => isIn(ranges, saved.get(selector.key) ?? 0));
    const convert: ConvertValue | undefined = lowered.every((option) => option.convert === undefined)
      ? undefined
      : (value, saved) => {
          const option = lowered[chosen(saved)];
          return option?.convert === undefined ? value : option.convert(value, saved);
        };
    if (isNamed) {
      return {
        fieldClass: {
          kind: 'variant',
          selectorLocation: selector.location,
          options: options((index) => lowered[index]!.ranges),
        },
        same: lowered.every(({ same }) => same),
        ...(convert === undefined ? {} : { convert }),
      };
    }
    const single = (index: number): readonly IntegerRange[] => [
      { lower: BigInt(index), upper: BigInt(index) },
    ];
    const tag = this.unsigned(16, {
      mappings: lowered.map(({ name }, index) => ({ label: tagLabel(name), ranges: single(index) })),
    });
    return {
      fieldClass: { kind: 'variant', selectorLocation: this.targets.tagLocation(), options: options(single) },
      same: false,
      tag: { fieldClass: tag, value: (_, saved) => Math.max(0, chosen(saved)) },
      ...(convert === undefined ? {} : { convert }),
    };
  }
}

/** The label after which an option of this name is written: itself, unless a reader would take an underscore off it. */
function tagLabel(name: string): string {
  return isName(name) && !name.startsWith('_') ? name : `_${name}`;
}

/** Writes field classes as TSDL. */
import { SpoorError } from '@spoor/base';
import type {
  ByteOrder,
  FieldClass,
  FieldLocation,
  FloatFieldClass,
  IntegerFieldClass,
  Scope,
  StructureFieldClass,
  TraceClass,
  VariantFieldClass,
} from './model.ts';
import { alignmentOf as naturalAlignmentOf } from './field-classes.ts';
import { impliedRoles, type IntegerPlace } from './implied-roles.ts';
import { isName, scopePaths, shownName, stringLiteral, writtenName } from './tsdl-names.ts';

/** The structures of the scopes that are known where a field class is written. */
export type WriterScopes = ReadonlyMap<Scope, StructureFieldClass | undefined>;

/** An integer with a name of its own, as LTTng's `uint32_t` and `uint27_clock_monotonic_t`. */
export interface IntegerAlias {
  readonly name: string;
  readonly integer: IntegerFieldClass;
}

const floatDigits: Readonly<Record<FloatFieldClass['lengthBits'], string>> = {
  16: 'exp_dig = 5; mant_dig = 11;',
  32: 'exp_dig = 8; mant_dig = 24;',
  64: 'exp_dig = 11; mant_dig = 53;',
  128: 'exp_dig = 15; mant_dig = 113;',
};

function notExpressible(what: string): SpoorError {
  return new SpoorError('ctf/not-expressible', `CTF 1.8 has no words for ${what}`);
}

/** Name of the alias of an integer that is plain enough to have one. */
function aliasName(integer: IntegerFieldClass, byteOrder: ByteOrder): string | undefined {
  const { signed, lengthBits, alignmentBits, displayBase, encoding, mappings, clockName } = integer;
  if (integer.variableLength !== undefined || integer.reversed !== undefined) return undefined;
  const plain = !signed && displayBase === 10 && encoding === undefined && mappings === undefined;
  if (!plain || integer.byteOrder !== byteOrder) return undefined;
  if (alignmentBits !== (lengthBits % 8 === 0 ? 8 : 1)) return undefined;
  if (clockName === undefined) return `uint${lengthBits}_t`;
  return isName(clockName) ? `uint${lengthBits}_clock_${clockName}_t` : undefined;
}

/** The aliases that the headers and contexts of a trace use, in the order of their first use. */
export function integerAliases(traceClass: TraceClass): readonly IntegerAlias[] {
  const aliases = new Map<string, IntegerFieldClass>();
  const visit = (fieldClass: FieldClass | undefined): void => {
    switch (fieldClass?.kind) {
      case 'integer': {
        // The container of an enumeration is written by its alias as well.
        const integer = withoutMappings(fieldClass);
        const name = aliasName(integer, traceClass.byteOrder);
        if (name !== undefined && !aliases.has(name)) aliases.set(name, integer);
        return;
      }
      case 'structure':
        for (const member of fieldClass.members) visit(member.fieldClass);
        return;
      case 'variant':
        for (const option of fieldClass.options) visit(option.fieldClass);
        return;
      case 'static-array':
      case 'dynamic-array':
        visit(fieldClass.element);
        return;
      case 'optional':
      case 'float':
      case 'bit-array':
      case 'boolean':
      case 'string':
      case 'static-string':
      case 'dynamic-string':
      case 'static-blob':
      case 'dynamic-blob':
      case undefined:
        return;
      default:
        fieldClass satisfies never;
    }
  };
  visit(traceClass.packetHeader);
  for (const { packetContext, eventHeader } of traceClass.streamClasses) {
    visit(packetContext);
    visit(eventHeader);
  }
  return Array.from(aliases, ([name, integer]) => ({ name, integer }));
}

function withoutMappings(integer: IntegerFieldClass): IntegerFieldClass {
  const { mappings: _, ...rest } = integer;
  return rest;
}

export class FieldClassWriter {
  private readonly byteOrder: ByteOrder;
  private readonly scopes: WriterScopes;
  private readonly aliases: ReadonlySet<string>;
  private scope: Scope = 'packet-header';
  /** Shown names that lead to the structure being written. */
  private path: string[] = [];
  /** What the name of what is being written may mean. */
  private place: IntegerPlace = { scope: 'packet-header', name: undefined, atTop: true };
  /** The structures around what is being written, outermost first, and which member of each it is in. */
  private readonly around: {
    readonly structure: StructureFieldClass;
    readonly depth: number;
    index: number;
  }[] = [];

  constructor(byteOrder: ByteOrder, scopes: WriterScopes, aliases: readonly IntegerAlias[]) {
    this.byteOrder = byteOrder;
    this.scopes = scopes;
    this.aliases = new Set(aliases.map(({ name }) => name));
  }

  /** The line or lines `ATTRIBUTE := struct { … };` of a block; nothing if the scope is absent. */
  scopeText(scope: Scope, attribute: string): string {
    const structure = this.scopes.get(scope);
    if (structure === undefined) return '';
    this.scope = scope;
    this.path = [];
    this.around.length = 0;
    return `\t${attribute} := ${this.structureText(structure, '\t')};\n`;
  }

  private structureText(structure: StructureFieldClass, indent: string): string {
    let text = 'struct {\n';
    let natural = 1;
    const depth = this.path.length;
    const frame = { structure, depth, index: 0 };
    this.around.push(frame);
    for (const [index, { name, fieldClass }] of structure.members.entries()) {
      natural = Math.max(natural, alignmentOf(fieldClass));
      frame.index = index;
      this.path.length = depth;
      this.place = { scope: this.scope, name, atTop: depth === 0 };
      text += `${indent}\t${this.memberText(name, writtenName(this.scope, name), fieldClass, `${indent}\t`)}`;
    }
    this.path.length = depth;
    this.around.pop();
    const { alignmentBits } = structure;
    return `${text}${indent}}${alignmentBits > natural ? ` align(${alignmentBits})` : ''}`;
  }

  /** `TYPE NAME[LENGTH]…;` of a member of the structure at `path`. */
  private memberText(name: string, written: string, fieldClass: FieldClass, indent: string): string {
    let lengths = '';
    let element = fieldClass;
    while (element.kind === 'static-array' || element.kind === 'dynamic-array') {
      if (element.alignmentBits !== alignmentOf(element.element)) {
        throw notExpressible('an array with an alignment of its own');
      }
      lengths +=
        element.kind === 'static-array'
          ? `[${element.length}]`
          : `[ ${this.reference(element.lengthLocation)} ]`;
      this.place = { ...this.place, name: undefined };
      ({ element } = element);
    }
    return `${this.typeText(name, element, indent)} ${written}${lengths};\n`;
  }

  private typeText(name: string, fieldClass: FieldClass, indent: string): string {
    switch (fieldClass.kind) {
      case 'integer':
        return this.integerText(fieldClass, indent);
      case 'float': {
        const { lengthBits, alignmentBits, byteOrder, reversed } = fieldClass;
        if (reversed !== undefined) throw notExpressible('bits in reversed order');
        const order = byteOrder === this.byteOrder ? '' : ` byte_order = ${byteOrder};`;
        return `floating_point { ${floatDigits[lengthBits]} align = ${alignmentBits};${order} }`;
      }
      case 'string':
        if (fieldClass.encoding === 'utf-8') return 'string';
        if (fieldClass.encoding === 'ascii') return 'string { encoding = ASCII; }';
        throw notExpressible(`strings in ${fieldClass.encoding}`);
      case 'structure':
        this.path.push(name);
        return this.structureText(fieldClass, indent);
      case 'variant':
        return this.variantText(name, fieldClass, indent);
      case 'bit-array':
        throw notExpressible(fieldClass.flags === undefined ? 'a bit array' : 'a bit map');
      case 'boolean':
        throw notExpressible('a boolean');
      case 'static-string':
      case 'dynamic-string':
        throw notExpressible('a string with a length');
      case 'static-blob':
      case 'dynamic-blob':
        throw notExpressible('a BLOB');
      case 'optional':
        throw notExpressible('an optional field');
      case 'static-array':
      case 'dynamic-array':
        break;
      default:
        fieldClass satisfies never;
    }
    // The lengths of arrays stand right of the name, and `memberText` writes them.
    throw notExpressible('an array here');
  }

  private integerText(integer: IntegerFieldClass, indent: string): string {
    const { mappings } = integer;
    if (integer.variableLength !== undefined) throw notExpressible('an integer of variable length');
    if (integer.reversed !== undefined) throw notExpressible('bits in reversed order');
    this.checkRoles(integer);
    const labelled = (mappings ?? []).filter(({ ranges }) => ranges.length > 0);
    const plain = this.plainIntegerText(withoutMappings(integer));
    if (labelled.length === 0) return plain;
    let text = `enum : ${plain} {\n`;
    for (const { label, ranges } of labelled) {
      for (const { lower, upper } of ranges) {
        const range = lower === upper ? `${lower}` : `${lower} ... ${upper}`;
        text += `${indent}\t${stringLiteral(label)} = ${range},\n`;
      }
    }
    return `${text}${indent}}`;
  }

  /** Readers give roles by names, so a role under another name would be lost, and one would come from a name that has none. */
  private checkRoles({ roles, clockName }: IntegerFieldClass): void {
    const implied = impliedRoles(this.place, clockName !== undefined);
    const name =
      this.place.name === undefined ? 'a field without a name' : `a field named \`${this.place.name}\``;
    for (const role of roles) {
      if (!implied.includes(role)) throw notExpressible(`the role \`${role}\` of ${name}`);
    }
    for (const role of implied) {
      if (!roles.includes(role)) throw notExpressible(`${name} without the role \`${role}\``);
    }
  }

  private plainIntegerText(integer: IntegerFieldClass): string {
    const alias = aliasName(integer, this.byteOrder);
    if (alias !== undefined && this.aliases.has(alias)) return alias;
    const { lengthBits, alignmentBits, signed, encoding, displayBase, byteOrder, clockName } = integer;
    let text = `integer { size = ${lengthBits}; align = ${alignmentBits}; signed = ${signed ? 1 : 0};`;
    text += ` encoding = ${encodingText(encoding)}; base = ${displayBase};`;
    if (byteOrder !== this.byteOrder) text += ` byte_order = ${byteOrder};`;
    if (clockName !== undefined) text += ` map = clock.${clockName}.value;`;
    return `${text} }`;
  }

  private variantText(name: string, variant: VariantFieldClass, indent: string): string {
    let text = `variant <${this.reference(variant.selectorLocation)}> {\n`;
    const names = this.optionNames(variant);
    this.path.push(name);
    const depth = this.path.length;
    for (const [index, option] of variant.options.entries()) {
      this.path.length = depth;
      this.place = { scope: this.scope, name: undefined, atTop: false };
      text += `${indent}\t${this.memberText(option.name, names[index]!, option.fieldClass, `${indent}\t`)}`;
    }
    this.path.length = depth - 1;
    return `${text}${indent}}`;
  }

  /** An option is chosen by the label that it is named after, so the labels decide how its name is written. */
  private optionNames(variant: VariantFieldClass): readonly string[] {
    const selector = this.fieldAt(variant.selectorLocation);
    if (selector?.kind !== 'integer' || selector.mappings === undefined) {
      throw notExpressible('a variant whose tag is not an enumeration');
    }
    const { mappings } = selector;
    const taken = new Set<string>();
    return variant.options.map(({ name, ranges }) => {
      const candidates =
        ranges.length === 0
          ? [`_${name}`, name, `__${name}`].filter((label) =>
              mappings.every((mapping) => mapping.label !== label),
            )
          : mappings.filter((mapping) => sameRanges(mapping.ranges, ranges)).map(({ label }) => label);
      const fitting = candidates.filter((label) => isName(label) && !taken.has(label));
      const written =
        fitting.find((label) => shownName(label) === name) ?? fitting.find((label) => label === name);
      if (written === undefined)
        throw notExpressible(`the option \`${name}\`, which is named after no label of its tag`);
      taken.add(written);
      return written;
    });
  }

  /**
   * How a length or tag is referred to: by its name alone where that finds it, else by its whole path. Readers of
   * TSDL find any path for a length, but some only a name for a tag.
   */
  private reference(location: FieldLocation): string {
    const written = this.writtenPath(location);
    const last = written.at(-1)!;
    if (location.scope === this.scope && this.isFoundByName(location.path)) return last;
    const prefix = scopePaths.find(([scope]) => scope === location.scope)![1];
    return [prefix, ...written].join('.');
  }

  /** Whether a look outwards for the name of this field finds it, and no other field of that name before it. */
  private isFoundByName(path: readonly string[]): boolean {
    const name = path.at(-1);
    for (let depth = this.around.length - 1; depth >= 0; depth -= 1) {
      const frame = this.around[depth]!;
      const index = frame.structure.members.findIndex((member) => member.name === name);
      if (index < 0 || index >= frame.index) continue;
      return (
        frame.depth === path.length - 1 &&
        path.every((part, at) => at >= frame.depth || part === this.path[at])
      );
    }
    return false;
  }

  private writtenPath({ scope, path }: FieldLocation): readonly string[] {
    const written: string[] = [];
    let at: FieldClass | undefined = this.scopes.get(scope);
    for (const name of path) {
      while (at?.kind === 'static-array' || at?.kind === 'dynamic-array') at = at.element;
      if (at?.kind === 'variant') {
        const index: number = at.options.findIndex((option) => option.name === name);
        written.push(this.optionNames(at)[index] ?? name);
        at = at.options[index]?.fieldClass;
      } else {
        written.push(writtenName(scope, name));
        at = at?.kind === 'structure' ? memberNamed(at, name) : undefined;
      }
    }
    return written;
  }

  private fieldAt({ scope, path }: FieldLocation): FieldClass | undefined {
    let at: FieldClass | undefined = this.scopes.get(scope);
    for (const name of path) {
      while (at?.kind === 'static-array' || at?.kind === 'dynamic-array') at = at.element;
      if (at?.kind === 'variant') at = at.options.find((option) => option.name === name)?.fieldClass;
      else at = at?.kind === 'structure' ? memberNamed(at, name) : undefined;
    }
    return at;
  }
}

function memberNamed(structure: StructureFieldClass, name: string): FieldClass | undefined {
  return structure.members.find((member) => member.name === name)?.fieldClass;
}

function alignmentOf(fieldClass: FieldClass): number {
  return fieldClass.kind === 'static-array' || fieldClass.kind === 'dynamic-array'
    ? fieldClass.alignmentBits
    : naturalAlignmentOf(fieldClass);
}

function encodingText(encoding: IntegerFieldClass['encoding']): string {
  if (encoding === undefined) return 'none';
  if (encoding === 'utf-8') return 'UTF8';
  if (encoding === 'ascii') return 'ASCII';
  throw notExpressible(`characters in ${encoding}`);
}

function sameRanges(left: VariantFieldClass['options'][number]['ranges'], right: typeof left): boolean {
  return (
    left.length === right.length &&
    left.every(({ lower, upper }, index) => lower === right[index]!.lower && upper === right[index]!.upper)
  );
}

/** Writes field classes as JSON of CTF 2 (https://diamon.org/ctf/, section 5.3). */
import { SpoorError } from '@spoor/base';
import { defaultMediaType, integerRoles, origins } from './ctf2-names.ts';
import { alignmentOf, childrenOf } from './field-classes.ts';
import { jsonObject, type JsonObjectText, type JsonText } from './json-writer.ts';
import type {
  Attributed,
  FieldClass,
  FieldLocation,
  FixedLengthBits,
  FloatFieldClass,
  IntegerFieldClass,
  IntegerRange,
  Mapping,
  Role,
  Scope,
  StructureFieldClass,
  TextEncoding,
} from './model.ts';

const originOf = new Map(Object.entries(origins).map(([origin, scope]) => [scope, origin]));

/** A field class that metadata may give a name to: it means the same wherever it stands. */
type NamedFieldClass = IntegerFieldClass | FloatFieldClass;

function notExpressible(what: string, where: string): SpoorError {
  return new SpoorError('ctf/not-expressible', `CTF 2 has no words for ${what}`, { where });
}

/** Name of an alias for a number that is plain enough to have one, such as `uint32-le`. */
function aliasName(fieldClass: FieldClass): string | undefined {
  if (fieldClass.kind !== 'integer' && fieldClass.kind !== 'float') return undefined;
  const { lengthBits, byteOrder, alignmentBits, reversed, attributes } = fieldClass;
  if (attributes !== undefined) return undefined;
  let name: string;
  if (fieldClass.kind === 'float') {
    name = `float${lengthBits}-${byteOrder}`;
  } else {
    const { signed, variableLength, displayBase, mappings, roles } = fieldClass;
    if (variableLength !== undefined || roles.length > 0 || (mappings ?? []).length > 0) return undefined;
    name = `${signed ? 'int' : 'uint'}${lengthBits}-${byteOrder}`;
    if (displayBase !== 10) name += `-base${displayBase}`;
  }
  if (alignmentBits !== (lengthBits % 8 === 0 ? 8 : 1)) name += `-align${alignmentBits}`;
  return reversed === undefined ? name : `${name}-reversed`;
}

/** Finds the field classes that are worth a name, because they occur more than once; in the order of first use. */
export function fieldClassAliases(
  scopes: Iterable<StructureFieldClass | undefined>,
): ReadonlyMap<string, FieldClass> {
  const found = new Map<string, { readonly fieldClass: NamedFieldClass; count: number }>();
  const visit = (fieldClass: FieldClass): void => {
    const name = aliasName(fieldClass);
    if (name !== undefined) {
      const known = found.get(name);
      if (known !== undefined) known.count += 1;
      else found.set(name, { fieldClass: fieldClass as NamedFieldClass, count: 1 });
    }
    for (const child of childrenOf(fieldClass)) visit(child);
  };
  for (const scope of scopes) if (scope !== undefined) visit(scope);
  return new Map(
    Array.from(found)
      .filter(([, { count }]) => count > 1)
      .map(([name, { fieldClass }]) => [name, fieldClass]),
  );
}

function ranges(of: readonly IntegerRange[]): JsonText {
  return of.map(({ lower, upper }) => [lower, upper]);
}

/** Ranges by label; the ranges of a label that is there twice are put together. */
function mappingsText(mappings: readonly Mapping[] | undefined): JsonText | undefined {
  const byLabel = new Map<string, IntegerRange[]>();
  for (const { label, ranges: own } of mappings ?? []) {
    if (own.length === 0) continue;
    const known = byLabel.get(label);
    if (known === undefined) byLabel.set(label, [...own]);
    else known.push(...own);
  }
  if (byLabel.size === 0) return undefined;
  return new Map(Array.from(byLabel, ([label, own]) => [label, ranges(own)]));
}

function location({ scope, path }: FieldLocation): JsonText {
  return jsonObject(['origin', originOf.get(scope)], ['path', path]);
}

/** The attributes of a class, if it has any. */
export function attributesProperty({ attributes }: Attributed): readonly [string, JsonText | undefined] {
  return ['attributes', attributes];
}

/** Writes the field classes of one scope after the other. */
export class Ctf2FieldClassWriter {
  private readonly aliases: ReadonlyMap<string, FieldClass>;
  private scope: Scope = 'packet-header';
  private where = '';

  constructor(aliases: ReadonlyMap<string, FieldClass>) {
    this.aliases = aliases;
  }

  /** The definition of an alias. */
  aliasText(fieldClass: FieldClass): JsonText {
    this.where = 'field class alias';
    return this.plainText(fieldClass);
  }

  /**
   * The structure of a scope.
   * @throws SpoorError `ctf/not-expressible`, with `where` as the scope and the names that lead to the field.
   */
  scopeText(scope: Scope, structure: StructureFieldClass | undefined): JsonText | undefined {
    if (structure === undefined) return undefined;
    this.scope = scope;
    this.where = scope;
    return this.plainText(structure);
  }

  private text(fieldClass: FieldClass): JsonText {
    const name = aliasName(fieldClass);
    return name !== undefined && this.aliases.has(name) ? name : this.plainText(fieldClass);
  }

  private plainText(fieldClass: FieldClass): JsonObjectText {
    const { type, properties } = this.propertiesOf(fieldClass);
    return jsonObject(['type', type], ...properties, attributesProperty(fieldClass));
  }

  private below(name: string, write: () => JsonText): JsonText {
    const { where } = this;
    this.where = `${where}.${name}`;
    const text = write();
    this.where = where;
    return text;
  }

  private propertiesOf(fieldClass: FieldClass): {
    readonly type: string;
    readonly properties: readonly (readonly [string, JsonText | undefined])[];
  } {
    switch (fieldClass.kind) {
      case 'integer':
        return this.integer(fieldClass);
      case 'float':
        return { type: 'fixed-length-floating-point-number', properties: this.bits(fieldClass) };
      case 'bit-array': {
        const flags = mappingsText(fieldClass.flags);
        return {
          type: flags === undefined ? 'fixed-length-bit-array' : 'fixed-length-bit-map',
          properties: [...this.bits(fieldClass), ['flags', flags]],
        };
      }
      case 'boolean':
        return { type: 'fixed-length-boolean', properties: this.bits(fieldClass) };
      case 'string':
        return { type: 'null-terminated-string', properties: [this.encoding(fieldClass.encoding)] };
      case 'static-string': {
        const { lengthBytes, encoding } = fieldClass;
        return {
          type: 'static-length-string',
          properties: [['length', lengthBytes], this.encoding(encoding)],
        };
      }
      case 'dynamic-string': {
        const { lengthLocation, encoding } = fieldClass;
        return {
          type: 'dynamic-length-string',
          properties: [['length-field-location', location(lengthLocation)], this.encoding(encoding)],
        };
      }
      case 'static-blob': {
        const { lengthBytes, mediaType, roles } = fieldClass;
        return {
          type: 'static-length-blob',
          properties: [['length', lengthBytes], this.mediaType(mediaType), ['roles', roles]],
        };
      }
      case 'dynamic-blob': {
        const { lengthLocation, mediaType } = fieldClass;
        return {
          type: 'dynamic-length-blob',
          properties: [['length-field-location', location(lengthLocation)], this.mediaType(mediaType)],
        };
      }
      case 'structure':
        return this.structure(fieldClass);
      case 'static-array': {
        const { length, element, roles } = fieldClass;
        if (roles !== undefined) throw notExpressible('an array with a role', this.where);
        return {
          type: 'static-length-array',
          properties: [
            ['length', length],
            ['element-field-class', this.text(element)],
            this.minimum(fieldClass),
          ],
        };
      }
      case 'dynamic-array': {
        const { lengthLocation, element } = fieldClass;
        return {
          type: 'dynamic-length-array',
          properties: [
            ['length-field-location', location(lengthLocation)],
            ['element-field-class', this.text(element)],
            this.minimum(fieldClass),
          ],
        };
      }
      case 'optional':
        return {
          type: 'optional',
          properties: [
            ['selector-field-location', location(fieldClass.selectorLocation)],
            [
              'selector-field-ranges',
              fieldClass.ranges === undefined ? undefined : ranges(fieldClass.ranges),
            ],
            ['field-class', this.text(fieldClass.fieldClass)],
          ],
        };
      case 'variant':
        return {
          type: 'variant',
          properties: [
            ['selector-field-location', location(fieldClass.selectorLocation)],
            [
              'options',
              fieldClass.options.map((option) =>
                this.below(option.name, () =>
                  jsonObject(
                    ['name', option.name === '' ? undefined : option.name],
                    ['selector-field-ranges', ranges(option.ranges)],
                    ['field-class', this.text(option.fieldClass)],
                    attributesProperty(option),
                  ),
                ),
              ),
            ],
          ],
        };
      default:
        return fieldClass satisfies never;
    }
  }

  private bits(fieldClass: FixedLengthBits): readonly (readonly [string, JsonText | undefined])[] {
    const { lengthBits, byteOrder, alignmentBits, reversed } = fieldClass;
    // Only what is not implied is said, so that equal classes have equal texts.
    const bitOrder = byteOrder === 'le' ? 'last-to-first' : 'first-to-last';
    return [
      ['length', lengthBits],
      ['byte-order', byteOrder === 'le' ? 'little-endian' : 'big-endian'],
      ['bit-order', reversed === undefined ? undefined : bitOrder],
      ['alignment', alignmentBits === 1 ? undefined : alignmentBits],
    ];
  }

  private integer(integer: IntegerFieldClass): {
    readonly type: string;
    readonly properties: readonly (readonly [string, JsonText | undefined])[];
  } {
    const { signed, variableLength, displayBase, mappings, roles } = integer;
    this.checkRoles(roles, signed);
    const length = variableLength === undefined ? 'fixed' : 'variable';
    return {
      type: `${length}-length-${signed ? 'signed' : 'unsigned'}-integer`,
      properties: [
        ...(variableLength === undefined ? this.bits(integer) : []),
        ['preferred-display-base', displayBase === 10 ? undefined : displayBase],
        ['mappings', mappingsText(mappings)],
        ['roles', roles.length === 0 ? undefined : roles],
      ],
    };
  }

  private checkRoles(roles: readonly Role[], signed: boolean): void {
    for (const role of roles) {
      if (signed) throw notExpressible(`the role \`${role}\` of a signed integer`, this.where);
      if (integerRoles[this.scope]?.includes(role) !== true) {
        throw notExpressible(`the role \`${role}\` here`, this.where);
      }
    }
  }

  private encoding(encoding: TextEncoding): readonly [string, JsonText | undefined] {
    return ['encoding', encoding === 'utf-8' || encoding === 'ascii' ? undefined : encoding];
  }

  private mediaType(mediaType: string): readonly [string, JsonText | undefined] {
    return ['media-type', mediaType === defaultMediaType ? undefined : mediaType];
  }

  private minimum(
    array: Extract<FieldClass, { kind: 'static-array' | 'dynamic-array' }>,
  ): readonly [string, JsonText | undefined] {
    const { alignmentBits, element } = array;
    return ['minimum-alignment', alignmentBits > alignmentOf(element) ? alignmentBits : undefined];
  }

  private structure(structure: StructureFieldClass): {
    readonly type: string;
    readonly properties: readonly (readonly [string, JsonText | undefined])[];
  } {
    const { members, alignmentBits } = structure;
    const natural = members.reduce((most, { fieldClass }) => Math.max(most, alignmentOf(fieldClass)), 1);
    const names = new Set<string>();
    const texts = members.map((member) =>
      this.below(member.name, () => {
        if (names.has(member.name)) throw notExpressible('two members of one name', this.where);
        names.add(member.name);
        return jsonObject(
          ['name', member.name],
          ['field-class', this.text(member.fieldClass)],
          attributesProperty(member),
        );
      }),
    );
    return {
      type: 'structure',
      properties: [
        ['minimum-alignment', alignmentBits > natural ? alignmentBits : undefined],
        ['member-classes', texts.length === 0 ? undefined : texts],
      ],
    };
  }
}

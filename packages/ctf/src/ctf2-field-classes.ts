/** Field classes out of CTF 2 metadata (https://diamon.org/ctf/, section 5.3). */
import { SpoorError } from '@spoor/base';
import { integerRoles, origins } from './ctf2-names.ts';
import { alignmentOf, leastBitsOf } from './field-classes.ts';
import { mostEmptyElements } from './interpret.ts';
import {
  alignmentProperty,
  encodingProperty,
  fixedLengthProperties,
  flagsProperty,
  mappingsProperty,
  mediaTypeProperty,
} from './ctf2-properties.ts';
import { type FragmentPlace, JsonObjectReader } from './json-object-reader.ts';
import { shorten, type JsonValue } from './json.ts';
import type {
  DisplayBase,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  IntegerRange,
  Role,
  Scope,
  StructureFieldClass,
  VariantOption,
} from './model.ts';

/** What a scope's field classes may say beside what they are. */
export interface ScopeRules {
  readonly scope: Scope;
  /** The clock class of time stamps: name of the default clock of the data stream class, if it has one. */
  readonly clockName: string | undefined;
  /** Whether the metadata has a UUID, which `metadata-stream-uuid` is a copy of. */
  readonly hasMetadataUuid: boolean;
}

const allIntegerRoles = new Set(Object.values(integerRoles).flat());
/** Bits of the longest integer: the format has no limit, and this is that of CTF 1.8 metadata here. */
const longestInteger = 65_536;
const largestLength = 2 ** 40;
/** Field classes that metadata may describe in all, aliases resolved; more would fill the memory. */
const mostFieldClasses = 2_000_000;

/** Reads the field classes of a metadata stream, fragment by fragment. */
export class FieldClassReader {
  /** The values of the metadata that locations were read from, for messages. */
  readonly locationValues: Map<FieldLocation, JsonValue> = new Map();
  private readonly aliases = new Map<string, { readonly json: JsonValue; readonly place: FragmentPlace }>();
  private count = 0;
  private place!: FragmentPlace;
  /** Undefined while an alias is defined: where it will be used is not known then. */
  private rules: ScopeRules | undefined;
  /** Names of the members that lead to what is being read. */
  private path: string[] = [];

  /** Defines an alias; `fieldClass` is checked as far as can be without knowing where it will stand. */
  defineAlias(place: FragmentPlace, name: string, nameValue: JsonValue, fieldClass: JsonValue): void {
    if (this.aliases.has(name)) place.fail(nameValue, `there is an alias \`${shorten(name)}\` already`);
    this.place = place;
    this.rules = undefined;
    this.path = [];
    this.fieldClass(fieldClass);
    this.aliases.set(name, { json: fieldClass, place });
  }

  /** Reads the structure of a scope. */
  scope(place: FragmentPlace, json: JsonValue, rules: ScopeRules): StructureFieldClass {
    this.place = place;
    this.rules = rules;
    this.path = [];
    const fieldClass = this.fieldClass(json);
    if (fieldClass.kind !== 'structure') {
      return place.fail(json, `expected a structure field class, not one of kind ${fieldClass.kind}`);
    }
    if (rules.scope === 'packet-header') this.checkMagic(fieldClass, json);
    return fieldClass;
  }

  /** The magic number stands first, once, in 32 bits: that is how its byte order is known. */
  private checkMagic(header: StructureFieldClass, json: JsonValue): void {
    for (const [index, { fieldClass }] of header.members.entries()) {
      if (fieldClass.kind !== 'integer' || !fieldClass.roles.includes('packet-magic-number')) continue;
      if (index !== 0)
        this.place.fail(json, 'the packet magic number must be the first member, and only that');
      if (fieldClass.lengthBits !== 32 || fieldClass.variableLength !== undefined) {
        this.place.fail(json, 'the packet magic number must be an unsigned integer of 32 bits');
      }
    }
  }

  private fieldClass(json: JsonValue): FieldClass {
    this.count += 1;
    if (this.count > mostFieldClasses) {
      this.place.fail(json, `the metadata describes more than ${mostFieldClasses} fields`);
    }
    if (json.kind === 'string') {
      const alias = this.aliases.get(json.text);
      if (alias === undefined) {
        return this.place.fail(json, `no field class alias \`${shorten(json.text)}\` is defined before`);
      }
      const { place } = this;
      this.place = alias.place;
      const fieldClass = this.fieldClass(alias.json);
      this.place = place;
      return fieldClass;
    }
    const reader = new JsonObjectReader(this.place, json);
    const fieldClass = this.ofType(reader, reader.requiredText('type'));
    reader.finish();
    const { attributes } = reader.attributes();
    return attributes === undefined ? fieldClass : { ...fieldClass, attributes };
  }

  private ofType(reader: JsonObjectReader, type: string): FieldClass {
    switch (type) {
      case 'fixed-length-bit-array':
        return { kind: 'bit-array', ...fixedLengthProperties(reader) };
      case 'fixed-length-bit-map':
        return { kind: 'bit-array', ...fixedLengthProperties(reader), flags: flagsProperty(reader) };
      case 'fixed-length-boolean':
        return { kind: 'boolean', ...fixedLengthProperties(reader) };
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer': {
        const signed = type === 'fixed-length-signed-integer';
        return {
          kind: 'integer',
          signed,
          ...fixedLengthProperties(reader, longestInteger),
          ...this.integerRest(reader, signed),
        };
      }
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer': {
        const signed = type === 'variable-length-signed-integer';
        return {
          kind: 'integer',
          signed,
          variableLength: true,
          lengthBits: 64,
          byteOrder: 'le',
          alignmentBits: 8,
          ...this.integerRest(reader, signed),
        };
      }
      case 'fixed-length-floating-point-number': {
        const bits = fixedLengthProperties(reader, 128);
        const { lengthBits } = bits;
        if (lengthBits !== 16 && lengthBits !== 32 && lengthBits !== 64 && lengthBits !== 128) {
          return this.place.fail(
            reader.required('length'),
            `a floating point number has 16, 32, 64 or 128 bits, not ${lengthBits}`,
          );
        }
        return { kind: 'float', ...bits, lengthBits };
      }
      case 'null-terminated-string':
        return { kind: 'string', encoding: encodingProperty(reader) };
      case 'static-length-string': {
        const lengthBytes = reader.count('length', 0, largestLength);
        return { kind: 'static-string', lengthBytes, encoding: encodingProperty(reader) };
      }
      case 'dynamic-length-string': {
        const lengthLocation = this.location(reader.required('length-field-location'));
        return { kind: 'dynamic-string', lengthLocation, encoding: encodingProperty(reader) };
      }
      case 'static-length-blob':
        return this.staticBlob(reader);
      case 'dynamic-length-blob': {
        const lengthLocation = this.location(reader.required('length-field-location'));
        return { kind: 'dynamic-blob', lengthLocation, mediaType: mediaTypeProperty(reader) };
      }
      case 'structure':
        return this.structure(reader);
      case 'static-length-array':
        return this.staticArray(reader);
      case 'dynamic-length-array': {
        const lengthLocation = this.location(reader.required('length-field-location'));
        return { kind: 'dynamic-array', lengthLocation, ...this.arrayRest(reader) };
      }
      case 'optional':
        return this.optional(reader);
      case 'variant':
        return this.variant(reader);
      default:
        return this.place.fail(
          reader.required('type'),
          `\`${shorten(type)}\` is no type of field class`,
          'ctf/metadata-invalid',
          type.endsWith('-enumeration')
            ? 'only drafts of CTF 2 had it; integers have `mappings` now'
            : undefined,
        );
    }
  }

  private integerRest(
    reader: JsonObjectReader,
    signed: boolean,
  ): Pick<IntegerFieldClass, 'displayBase' | 'mappings' | 'roles' | 'clockName'> {
    const base = reader.unsigned('preferred-display-base') ?? 10n;
    if (base !== 2n && base !== 8n && base !== 10n && base !== 16n) {
      this.place.fail(reader.required('preferred-display-base'), `${base} is none of 2, 8, 10, 16`);
    }
    const mappings = mappingsProperty(reader, 'mappings', signed);
    const roles = signed ? [] : this.roles(reader);
    const timed = roles.some((role) => role.endsWith('default-clock-timestamp'));
    const clockName = this.rules?.clockName;
    if (timed && this.rules !== undefined && clockName === undefined) {
      this.place.fail(
        reader.required('roles'),
        'a clock time stamp needs the property `default-clock-class-id` of the data stream class',
      );
    }
    return {
      displayBase: Number(base) as DisplayBase,
      ...(mappings.length === 0 ? {} : { mappings }),
      roles,
      ...(timed && clockName !== undefined ? { clockName } : {}),
    };
  }

  private roles(reader: JsonObjectReader): readonly Role[] {
    return (reader.array('roles') ?? []).map((json) => {
      const role = json.kind === 'string' ? json.text : '';
      if (!allIntegerRoles.has(role as Role)) {
        return this.place.fail(json, 'this is no role of an unsigned integer');
      }
      const { rules } = this;
      if (rules !== undefined && !integerRoles[rules.scope]?.includes(role as Role)) {
        this.place.fail(
          json,
          `the role \`${role}\` has no meaning in ${rules.scope.replaceAll('-', ' ')} fields`,
        );
      }
      return role as Role;
    });
  }

  private staticBlob(reader: JsonObjectReader): FieldClass {
    const lengthBytes = reader.count('length', 0, largestLength);
    const mediaType = mediaTypeProperty(reader);
    const roles = reader.array('roles') ?? [];
    for (const json of roles) {
      if (json.kind !== 'string' || json.text !== 'metadata-stream-uuid') {
        this.place.fail(json, 'the only role of a BLOB is `metadata-stream-uuid`');
      }
      if (lengthBytes !== 16) this.place.fail(json, `a UUID has 16 bytes, not ${lengthBytes}`);
      if (this.rules !== undefined && this.rules.scope !== 'packet-header') {
        this.place.fail(json, 'the UUID of the metadata stands in packet headers only');
      }
      if (this.rules?.hasMetadataUuid === false) {
        this.place.fail(json, 'the preamble has no `uuid` that this could be a copy of');
      }
    }
    return {
      kind: 'static-blob',
      lengthBytes,
      mediaType,
      ...(roles.length === 0 ? {} : { roles: ['metadata-stream-uuid'] }),
    };
  }

  private structure(reader: JsonObjectReader): StructureFieldClass {
    const minimum = alignmentProperty(reader, 'minimum-alignment');
    const names = new Set<string>();
    const members = (reader.array('member-classes') ?? []).map((json) => {
      const member = new JsonObjectReader(this.place, json);
      const name = member.requiredText('name');
      if (names.has(name)) {
        this.place.fail(member.required('name'), `the structure has a member \`${shorten(name)}\` already`);
      }
      names.add(name);
      this.path.push(name);
      const fieldClass = this.fieldClass(member.required('field-class'));
      this.path.pop();
      member.finish();
      return { name, fieldClass, ...member.attributes() };
    });
    const alignmentBits = members.reduce(
      (most, { fieldClass }) => Math.max(most, alignmentOf(fieldClass)),
      minimum,
    );
    return { kind: 'structure', members, alignmentBits };
  }

  private arrayRest(reader: JsonObjectReader): {
    readonly element: FieldClass;
    readonly alignmentBits: number;
  } {
    const element = this.fieldClass(reader.required('element-field-class'));
    const minimum = alignmentProperty(reader, 'minimum-alignment');
    return { element, alignmentBits: Math.max(minimum, alignmentOf(element)) };
  }

  private staticArray(reader: JsonObjectReader): FieldClass {
    const length = reader.count('length', 0, largestLength);
    const rest = this.arrayRest(reader);
    const least = leastBitsOf(rest.element);
    if (least === 0 ? length > mostEmptyElements : length * least > largestLength * 8) {
      this.place.fail(
        reader.required('length'),
        `an array of ${length} such elements is larger than any packet`,
      );
    }
    return { kind: 'static-array', length, ...rest };
  }

  private optional(reader: JsonObjectReader): FieldClass {
    const selectorLocation = this.location(reader.required('selector-field-location'));
    const json = reader.value('selector-field-ranges');
    const ranges = json === undefined ? undefined : reader.ranges(json);
    const fieldClass = this.fieldClass(reader.required('field-class'));
    return { kind: 'optional', selectorLocation, ...(ranges === undefined ? {} : { ranges }), fieldClass };
  }

  private variant(reader: JsonObjectReader): FieldClass {
    const selectorLocation = this.location(reader.required('selector-field-location'));
    reader.required('options');
    const taken: { readonly range: IntegerRange; readonly json: JsonValue; readonly option: number }[] = [];
    const options = reader.array('options')!.map((json, index): VariantOption => {
      const option = new JsonObjectReader(this.place, json);
      const name = option.text('name') ?? '';
      const rangesJson = option.required('selector-field-ranges');
      const ranges = option.ranges(rangesJson);
      for (const range of ranges) taken.push({ range, json: rangesJson, option: index });
      const fieldClass = this.fieldClass(option.required('field-class'));
      option.finish();
      return { name, fieldClass, ranges, ...option.attributes() };
    });
    if (options.length === 0)
      this.place.fail(reader.required('options'), 'a variant needs at least one option');
    taken.sort((left, right) => (left.range.lower < right.range.lower ? -1 : 1));
    let last = taken[0]!;
    for (const next of taken.slice(1)) {
      if (next.range.lower <= last.range.upper && next.option !== last.option) {
        this.place.fail(next.json, `the value ${next.range.lower} of the selector chooses two options`);
      }
      if (next.range.upper > last.range.upper) last = next;
    }
    return { kind: 'variant', selectorLocation, options };
  }

  /** Reads a location; a relative one starts from the structure that has what is being read. */
  private location(json: JsonValue): FieldLocation {
    const { place } = this;
    if (json.kind === 'array') {
      place.fail(
        json,
        'expected an object, not an array',
        'ctf/metadata-invalid',
        'drafts of CTF 2 had arrays here',
      );
    }
    const reader = new JsonObjectReader(place, json);
    const origin = reader.word('origin', Object.keys(origins));
    const pathValue = reader.required('path');
    const steps = reader.array('path')!;
    const last = steps[steps.length - 1];
    if (last === undefined || last.kind === 'null') {
      place.fail(last ?? pathValue, 'a path must end with the name of a field');
    }
    for (const step of steps) {
      if (step.kind !== 'string' && step.kind !== 'null') place.fail(step, 'expected a name or null');
    }
    for (const key of reader.json.members.keys()) {
      if (key !== 'origin' && key !== 'path')
        place.fail(json, `the property \`${shorten(key)}\` is not known here`);
    }
    const path = origin === undefined ? this.path.slice(0, -1) : [];
    for (const step of steps) {
      if (step.kind === 'string') path.push(step.text);
      else if (path.pop() === undefined && this.rules !== undefined) {
        place.fail(step, 'this step to the parent leads out of the scope');
      }
    }
    const scope = origin === undefined ? (this.rules?.scope ?? 'event-payload') : origins[origin]!;
    const location = { scope, path };
    this.locationValues.set(location, json);
    return location;
  }

  /** Throws for a location of a field class that was read. */
  failAt(place: FragmentPlace, location: FieldLocation, message: string): never {
    const json = this.locationValues.get(location);
    if (json === undefined) throw new SpoorError('ctf/metadata-invalid', message);
    return place.fail(json, message);
  }
}

/** What references of a filter lead to in a class of events, and how it is read. */
import {
  EnumValue,
  FlagsValue,
  type FieldClass,
  type FieldValue,
  type Scope,
  type StructureFieldClass,
} from '@spoor/ctf';
import type { FieldReader, FieldType, Reference, ValueType } from '@spoor/filter';
import { LABEL_SEPARATOR } from '../columns/labels.ts';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';

/** What predicates over events take: the packet's bytes twice, the event's position, what it needs of the packet. */
export type EventArguments = readonly [
  bytes: Uint8Array,
  view: DataView,
  offsetBits: number,
  externals: Float64Array,
  stream: OpenStream,
];

interface Root {
  readonly scope: Scope;
  readonly structure: StructureFieldClass | undefined;
}

/** The top-level member that a reference begins at. */
interface Found {
  readonly scope: Scope;
  readonly member: string;
  readonly fieldClass: FieldClass;
}

/** The scopes that are searched, in order. */
function rootsOf({ eventClass, streamClass }: EventClassInfo, scope: Reference['scope']): readonly Root[] {
  if (scope === 'payload') return [{ scope: 'event-payload', structure: eventClass.payload }];
  return [
    { scope: 'event-specific-context', structure: eventClass.specificContext },
    { scope: 'event-common-context', structure: streamClass.eventCommonContext },
    { scope: 'packet-context', structure: streamClass.packetContext },
  ];
}

/** Names of members that mean what a reference says: LTTng writes other characters of context names as `_`. */
function memberNames({ scope, steps: [first] }: Reference): readonly string[] {
  const name = String(first);
  if (scope === 'payload') return [name];
  const plain = name.replaceAll(/\W/g, '_');
  if (scope === 'context') return [name, plain];
  return [`$app.${name}`, `_app_${plain}`, `app_${plain}`];
}

function find(info: EventClassInfo, reference: Reference): Found | undefined {
  const names = memberNames(reference);
  for (const { scope, structure } of rootsOf(info, reference.scope)) {
    const member = structure?.members.find(({ name }) => names.includes(name));
    if (member !== undefined) return { scope, member: member.name, fieldClass: member.fieldClass };
  }
  return undefined;
}

/** Names that references of a scope may begin with, in a class of events. */
export function namesIn(info: EventClassInfo, scope: Reference['scope']): readonly string[] {
  return rootsOf(info, scope).flatMap(({ structure }) => structure?.members.map(({ name }) => name) ?? []);
}

/** Adds the types that the rest of a reference may have in a field class. */
function collectTypes(
  fieldClass: FieldClass,
  steps: readonly (string | number)[],
  into: Set<FieldType>,
): void {
  const [step, ...rest] = steps;
  switch (fieldClass.kind) {
    case 'integer':
      // Wider ones are outside of the language, in which integers have 64 bits.
      if (step === undefined && fieldClass.lengthBits <= 64) {
        into.add(fieldClass.mappings === undefined ? 'integer' : 'enumeration');
      }
      return;
    case 'boolean':
    case 'bit-array':
      if (step === undefined) into.add('integer');
      return;
    case 'float':
      if (step === undefined) into.add('float');
      return;
    case 'string':
    case 'static-string':
    case 'dynamic-string':
      if (step === undefined) into.add('string');
      return;
    case 'static-blob':
    case 'dynamic-blob':
      return;
    case 'structure': {
      const member = fieldClass.members.find(({ name }) => name === step);
      if (member !== undefined) collectTypes(member.fieldClass, rest, into);
      return;
    }
    case 'static-array':
    case 'dynamic-array':
      if (isText(fieldClass.element)) {
        if (step === undefined) into.add('string');
      } else if (typeof step === 'number') {
        if (fieldClass.kind === 'dynamic-array' || step < fieldClass.length) {
          collectTypes(fieldClass.element, rest, into);
        }
      }
      return;
    case 'optional':
      collectTypes(fieldClass.fieldClass, steps, into);
      return;
    case 'variant':
      for (const option of fieldClass.options) collectTypes(option.fieldClass, steps, into);
      return;
    default:
      fieldClass satisfies never;
  }
}

/** Whether arrays of this are text: bytes that stand for characters. */
function isText(element: FieldClass): boolean {
  return (
    element.kind === 'integer' &&
    element.encoding !== undefined &&
    element.lengthBits === 8 &&
    element.alignmentBits === 8
  );
}

/** The type of what a reference leads to in a class of events; undefined when it leads to no value. */
export function typeOfReference(info: EventClassInfo, reference: Reference): FieldType | undefined {
  const found = find(info, reference);
  if (found === undefined) return undefined;
  const types = new Set<FieldType>();
  collectTypes(found.fieldClass, reference.steps.slice(1), types);
  if (types.size > 1) return 'varying';
  return [...types][0];
}

function stepInto(value: FieldValue | undefined, step: string | number): FieldValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (typeof step === 'number')
    return Array.isArray(value) ? (value as readonly FieldValue[])[step] : undefined;
  if (!Object.hasOwn(value, step)) return undefined;
  return (value as { readonly [member: string]: FieldValue })[step];
}

/** The number of an enumeration or bit map; other values as they are. */
function plain(value: FieldValue | undefined): unknown {
  return value instanceof EnumValue || value instanceof FlagsValue ? value.value : value;
}

/** The labels of an enumeration, its number's digits where it has none; other values as `plain` has them. */
function labelled(value: FieldValue | undefined): unknown {
  if (!(value instanceof EnumValue)) return plain(value);
  return value.labels.length > 1 ? value.labels.join(LABEL_SEPARATOR) : String(value);
}

/**
 * Reads what a reference leads to; undefined where the event has it not.
 * @param type what it is compared as: enumerations are their numbers, and their labels as a text.
 */
export function readerOf(
  info: EventClassInfo,
  reference: Reference,
  type: ValueType = 'integer',
): FieldReader<EventArguments> {
  const found = find(info, reference);
  if (found === undefined) return () => undefined;
  const { scope, member } = found;
  const steps = reference.steps.slice(1);
  const settle = type === 'string' ? labelled : plain;
  if (scope === 'packet-context') {
    return (_bytes, _view, _offsetBits, _externals, stream) =>
      settle(steps.reduce<FieldValue | undefined>(stepInto, stream.packetContext()[member]));
  }
  const accessor = info.decoder.accessor(info.localIndex, scope, member);
  if (steps.length === 0) {
    return (bytes, view, offsetBits, externals) => settle(accessor(bytes, view, offsetBits, externals));
  }
  return (bytes, view, offsetBits, externals) => {
    let value = accessor(bytes, view, offsetBits, externals);
    for (const step of steps) value = stepInto(value, step);
    return settle(value);
  };
}

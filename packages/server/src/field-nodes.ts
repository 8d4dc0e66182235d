// Values of fields as the page shows them: text by the field's class, structures and arrays with their members.
import {
  EnumValue,
  FlagsValue,
  type FieldClass,
  type FieldValue,
  type StructureFieldClass,
} from '@spoor/ctf';
import { noText } from '@spoor/store';
import type { FieldNode } from './protocol.ts';

/** Elements of an array that are shown. */
const mostElements = 1000;

/** One node a member of the structure. */
export function fieldNodes(
  fieldClass: StructureFieldClass,
  values: { readonly [member: string]: FieldValue },
): FieldNode[] {
  return fieldClass.members.flatMap(({ name, fieldClass: memberClass }) => {
    const value = values[name];
    return value === undefined ? [] : [nodeOf(name, memberClass, value)];
  });
}

/** `name = value, …` on one line. */
export function fieldsLine(
  fieldClass: StructureFieldClass,
  values: { readonly [member: string]: FieldValue },
): string {
  let line = '';
  for (const { name, fieldClass: memberClass } of fieldClass.members) {
    const value = values[name];
    if (value === undefined) continue;
    line += `${line === '' ? '' : ', '}${name} = ${valueText(memberClass, value)}`;
  }
  return line;
}

function nodeOf(name: string, fieldClass: FieldClass, value: FieldValue): FieldNode {
  switch (fieldClass.kind) {
    case 'structure': {
      const members = fieldNodes(fieldClass, value as { readonly [member: string]: FieldValue });
      return { name, text: `{ ${members.length} ${members.length === 1 ? 'field' : 'fields'} }`, members };
    }
    case 'static-array':
    case 'dynamic-array': {
      if (!Array.isArray(value)) return { name, text: valueText(fieldClass, value), members: undefined };
      const elements = value as readonly FieldValue[];
      const members = elements
        .slice(0, mostElements)
        .map((element, index) => nodeOf(`[${index}]`, fieldClass.element, element));
      const text = `[ ${elements.length} ${elements.length === 1 ? 'element' : 'elements'} ]`;
      return { name, text, members };
    }
    case 'optional':
      return value === null
        ? { name, text: absentText, members: undefined }
        : nodeOf(name, fieldClass.fieldClass, value);
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
    case 'string':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
    case 'variant':
      return { name, text: valueText(fieldClass, value), members: undefined };
    default: {
      const never: never = fieldClass;
      return never;
    }
  }
}

/** One value as text: strings quoted, enumerations with label and number, integers in their display base. */
export function valueText(fieldClass: FieldClass, value: FieldValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (fieldClass.kind === 'optional') {
    return value === null ? absentText : valueText(fieldClass.fieldClass, value);
  }
  if (value instanceof EnumValue) {
    return value.labels.length === 0 ? String(value.value) : `${value.labels.join(' | ')} (${value.value})`;
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (fieldClass.kind === 'bit-array') return `0x${value.toString(16)}`;
    if (fieldClass.kind !== 'integer' || fieldClass.displayBase === 10) return String(value);
    const prefix = { 2: '0b', 8: '0', 16: '0x' }[fieldClass.displayBase];
    // A negative number shows its bits, as readers of such fields expect.
    const bits = value < 0 ? BigInt.asUintN(fieldClass.lengthBits, BigInt(value)) : value;
    return `${prefix}${bits.toString(fieldClass.displayBase)}`;
  }
  switch (fieldClass.kind) {
    case 'structure': {
      const line = fieldsLine(fieldClass, value as { readonly [member: string]: FieldValue });
      return line === '' ? '{ }' : `{ ${line} }`;
    }
    case 'static-array':
    case 'dynamic-array': {
      const elements = value as readonly FieldValue[];
      const shown = elements.slice(0, 32).map((element) => valueText(fieldClass.element, element));
      return `[${shown.join(', ')}${elements.length > 32 ? ', …' : ''}]`;
    }
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
    case 'string':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
    case 'variant':
      return plainText(value);
    default: {
      const never: never = fieldClass;
      return never;
    }
  }
}

/** Shown for an optional field that is not there. */
const absentText = '(none)';

/** Bytes of a BLOB that are shown. */
const mostBlobBytes = 64;

function blobText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, mostBlobBytes), (byte) => byte.toString(16).padStart(2, '0'));
  const rest = bytes.length > mostBlobBytes ? ` … (${bytes.length} bytes)` : '';
  return `${shown.join(' ')}${rest}`;
}

/** A value whose class is not known here: that of a variant's option. */
function plainText(value: FieldValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return absentText;
  if (value instanceof FlagsValue) {
    return value.flags.length === 0
      ? String(value)
      : `${value.flags.join(' | ')} (0x${value.value.toString(16)})`;
  }
  if (value instanceof Uint8Array) return blobText(value);
  if (typeof value !== 'object' || value instanceof EnumValue) return String(value);
  if (Array.isArray(value)) return `[${(value as readonly FieldValue[]).map(plainText).join(', ')}]`;
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name} = ${plainText(member as FieldValue)}`)
    .join(', ')} }`;
}

const placeFields: ReadonlySet<string> = new Set(['host', 'origin']);

/** What to write on a span: what it was about, from the fields of its first event. */
export function spanLabel(
  fieldClass: StructureFieldClass,
  values: { readonly [member: string]: FieldValue },
): string {
  const words = (wanted: (name: string) => boolean): string[] =>
    fieldClass.members.flatMap(({ name }) => {
      const value = values[name];
      if (!wanted(name) || value === '' || value === noText) return [];
      return typeof value === 'string' || value instanceof EnumValue ? [String(value)] : [];
    });
  // Where something went is said last: what was asked for tells more.
  return [...words((name) => !placeFields.has(name)), ...words((name) => placeFields.has(name))]
    .slice(0, 2)
    .join(' ');
}

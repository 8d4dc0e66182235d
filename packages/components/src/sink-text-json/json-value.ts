/** Values of fields as JSON, without loss. */
import { EnumValue, FlagsValue, type FieldValue } from '@spoor/ctf';

/** How values are written that have more than one form in JSON. */
export interface JsonForms {
  /**
   * Integers that a double cannot hold, as texts of their digits (`text`), or as numbers of all their digits (`number`),
   * which Python and jq from 1.7 on read exactly, and JavaScript does not.
   */
  readonly integers: 'text' | 'number';
  /** Enumerations and flags as objects with value and labels (`object`), or as the labels alone (`label`). */
  readonly enums: 'object' | 'label';
}

export const defaultJsonForms: JsonForms = { integers: 'text', enums: 'object' };

/** The labels of an enumeration or of flags, `|` between several; the number where there are none. */
export function labelText(value: EnumValue | FlagsValue): string {
  const labels = value instanceof EnumValue ? value.labels : value.flags;
  return labels.length === 0 ? String(value.value) : labels.join('|');
}

/**
 * JSON of a value. Infinities and what is not a number are texts; an enumeration is `{"value":3,"labels":["x"]}` unless
 * labels alone are wanted; bytes are text of hexadecimal digits.
 */
export function jsonOf(value: FieldValue, forms: JsonForms = defaultJsonForms): string {
  if (typeof value === 'bigint') return forms.integers === 'number' ? String(value) : `"${value}"`;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0';
    return Number.isFinite(value) ? String(value) : `"${value}"`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof EnumValue || value instanceof FlagsValue) {
    if (forms.enums === 'label') return JSON.stringify(labelText(value));
    const [title, labels] = value instanceof EnumValue ? ['labels', value.labels] : ['flags', value.flags];
    return `{"value":${jsonOf(value.value, forms)},"${title}":${JSON.stringify(labels)}}`;
  }
  if (value instanceof Uint8Array) {
    return `"${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
  }
  if (Array.isArray(value)) return `[${value.map((item: FieldValue) => jsonOf(item, forms)).join(',')}]`;
  const members = Object.entries(value as { readonly [member: string]: FieldValue });
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member, forms)}`).join(',')}}`;
}

/** Values of fields as JSON, without loss. */
import { EnumValue, FlagsValue, type FieldValue } from '@spoor/ctf';

/**
 * JSON of a value. Integers that a double cannot hold are texts of their digits, and so are infinities and what is not
 * a number; an enumeration is `{"value":3,"labels":["x"]}`; bytes are text of hexadecimal digits.
 */
export function jsonOf(value: FieldValue): string {
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0';
    return Number.isFinite(value) ? String(value) : `"${value}"`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof EnumValue) {
    return `{"value":${jsonOf(value.value)},"labels":${JSON.stringify(value.labels)}}`;
  }
  if (value instanceof FlagsValue) {
    return `{"value":${jsonOf(value.value)},"flags":${JSON.stringify(value.flags)}}`;
  }
  if (value instanceof Uint8Array) {
    return `"${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
  }
  if (Array.isArray(value)) return `[${value.map((item: FieldValue) => jsonOf(item)).join(',')}]`;
  const members = Object.entries(value as { readonly [member: string]: FieldValue });
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join(',')}}`;
}

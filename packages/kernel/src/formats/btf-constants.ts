/**
 * Constants of the kernel's enumerations, from its own type information (BTF, `/sys/kernel/btf/vmlinux`): print formats
 * use their names.
 */
import { SpoorError } from '@spoor/base';

const magic = 0xeb9f;
const kinds = {
  array: 3,
  structure: 4,
  union: 5,
  enumeration: 6,
  prototype: 13,
  section: 15,
  enumeration64: 19,
};

/** Bytes behind the 12 that all types have. */
function extraBytes(kind: number, count: number): number | undefined {
  switch (kind) {
    case 1:
    case 14:
    case 17:
      return 4;
    case kinds.array:
      return 12;
    case kinds.structure:
    case kinds.union:
    case kinds.section:
    case kinds.enumeration64:
      return count * 12;
    case kinds.enumeration:
    case kinds.prototype:
      return count * 8;
    case 2:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 16:
    case 18:
      return 0;
    default:
      return undefined;
  }
}

const latin1 = new TextDecoder('latin1');

/**
 * Constants by their names; of several enumerations that have one name the first counts.
 * @param wanted the names to look for.
 * @throws SpoorError `kernel/btf` for what is no BTF. Types of a newer kind than known end the search.
 */
export function btfConstants(bytes: Uint8Array, wanted: ReadonlySet<string>): ReadonlyMap<string, bigint> {
  const constants = new Map<string, bigint>();
  const fail = (what: string): never => {
    throw new SpoorError('kernel/btf', what, { where: 'BTF' });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24) fail('it is too short');
  const littleEndian = view.getUint16(0, true) === magic;
  if (!littleEndian && view.getUint16(0, false) !== magic) fail('it is no BTF');
  const word = (at: number): number => view.getUint32(at, littleEndian);
  const head = word(4);
  const typesAt = head + word(8);
  const typesEnd = typesAt + word(12);
  const textAt = head + word(16);
  const textEnd = textAt + word(20);
  if (typesEnd > bytes.length || textEnd > bytes.length) fail('its sections lie beyond its end');
  // Looking for the few names that are wanted is much faster than reading all names that there are.
  const text = latin1.decode(bytes.subarray(textAt, textEnd));
  const names = new Map<number, string>();
  for (const name of wanted) {
    const offset = text.indexOf(`\0${name}\0`);
    if (offset >= 0) names.set(offset + 1, name);
  }
  for (let at = typesAt; at + 12 <= typesEnd;) {
    const info = word(at + 4);
    const kind = (info >>> 24) & 31;
    const count = info & 0xffff;
    const isSigned = info >>> 31 === 1;
    const members = at + 12;
    const extra = extraBytes(kind, count);
    if (extra === undefined || members + extra > typesEnd) break;
    if (kind === kinds.enumeration || kind === kinds.enumeration64) {
      const size = kind === kinds.enumeration ? 8 : 12;
      for (let member = members; member < members + extra; member += size) {
        const name = names.get(word(member));
        if (name === undefined || constants.has(name)) continue;
        const low = BigInt(word(member + 4));
        const high = size === 12 ? BigInt(word(member + 8)) : 0n;
        const value = (high << 32n) | low;
        constants.set(name, isSigned ? BigInt.asIntN(size === 12 ? 64 : 32, value) : value);
      }
    }
    at = members + extra;
  }
  return constants;
}

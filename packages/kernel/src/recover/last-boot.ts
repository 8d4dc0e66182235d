/**
 * What the kernel says of a persistent ring's last boot (`last_boot_info` of its instance), and by which of the boots whose
 * formats were saved it can be read. Documentation/trace/debugging.rst.
 */

/** What there is to know of the boot that a persistent ring is of. */
export type LastBoot =
  /** The ring has been written to since: nothing of an earlier boot is in it. */
  | { readonly kind: 'current' }
  /** Linux 6.12 and 6.13: how far the kernel has moved since. */
  | { readonly kind: 'moved'; readonly textDelta: bigint; readonly dataDelta: bigint }
  /** Later: where the kernel was, or how far from where it was linked to, and where its modules were. */
  | { readonly kind: 'placed'; readonly kernel: bigint; readonly modules: ReadonlyMap<string, bigint> }
  | { readonly kind: 'unknown' };

const mask64 = (1n << 64n) - 1n;

/** Hexadecimal with or without a minus and `0x`. */
function signedHex(text: string): bigint {
  const magnitude = BigInt(`0x${text.replace(/^-?(?:0x)?/, '')}`);
  return text.startsWith('-') ? -magnitude : magnitude;
}

/** Reads the file. */
export function parseLastBoot(text: string): LastBoot {
  if (/^# Current\b/im.test(text)) return { kind: 'current' };
  const deltaOf = (name: string): bigint | undefined => {
    const found = new RegExp(`^${name} delta:\\s*(-?(?:0x)?[0-9a-f]{1,17})\\s*$`, 'im').exec(text)?.[1];
    return found === undefined ? undefined : signedHex(found);
  };
  const [textDelta, dataDelta] = [deltaOf('text'), deltaOf('data')];
  if (textDelta !== undefined && dataDelta !== undefined) return { kind: 'moved', textDelta, dataDelta };
  let kernel: bigint | undefined;
  const modules = new Map<string, bigint>();
  for (const [, address = '', name = ''] of text.matchAll(/^(?:0x)?([0-9a-f]{1,16})\s+(\S+)\s*$/gim)) {
    if (name === '[kernel]') kernel = BigInt(`0x${address}`);
    else modules.set(name, BigInt(`0x${address}`));
  }
  return kernel === undefined ? { kind: 'unknown' } : { kind: 'placed', kernel, modules };
}

/** Where x86-64 kernels are linked to; what they are moved by at their start is counted from there. */
const linkedAt = 0xffff_ffff_8100_0000n;

/** Address of the kernel's text by its list of symbols; undefined where that tells none. */
export function textAddress(kallsyms: string): bigint | undefined {
  const found = /^([0-9a-f]{8,16}) [Tt] _text$/m.exec(kallsyms)?.[1];
  return found === undefined || /^0+$/.test(found) ? undefined : BigInt(`0x${found}`);
}

/**
 * Whether a boot is the one that a ring is of, as far as addresses tell.
 * @param text address of the kernel's text in that boot.
 * @param current the same in this one.
 */
export function isBootOf(
  last: LastBoot,
  text: bigint | undefined,
  current: bigint | undefined,
): boolean | undefined {
  if (text === undefined) return undefined;
  switch (last.kind) {
    case 'placed':
      return last.kernel === text || ((text - last.kernel) & mask64) === linkedAt;
    case 'moved':
      return current === undefined ? undefined : current - text === last.textDelta;
    case 'current':
    case 'unknown':
      return undefined;
    default:
      return last satisfies never;
  }
}

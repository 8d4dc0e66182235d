/** Names of the kernel's addresses: `/proc/kallsyms`. */

/** Where an address lies. */
export interface SymbolPlace {
  readonly name: string;
  readonly offset: bigint;
  /** From the symbol to the next one. */
  readonly sizeBytes: bigint;
  /** The module that it belongs to. */
  readonly module: string | undefined;
}

/** Functions and variables of a kernel, by address. */
export class KernelSymbols {
  private readonly addresses: BigUint64Array;
  private readonly names: readonly string[];

  private constructor(addresses: BigUint64Array, names: readonly string[]) {
    this.addresses = addresses;
    this.names = names;
  }

  /** Parses lines of `ADDRESS TYPE NAME [MODULE]`; others are passed over. */
  static parse(text: string): KernelSymbols {
    const found: { readonly address: bigint; readonly name: string; readonly order: number }[] = [];
    for (const [, digits = '', name = ''] of text.matchAll(/^([\da-f]{8,16}) \S (.+)$/gm)) {
      const address = BigInt(`0x${digits}`);
      // To who may not see them all addresses are 0.
      if (address !== 0n) found.push({ address, name, order: found.length });
    }
    // Of several names for one address the kernel shows the first.
    found.sort((left, right) =>
      left.address < right.address ? -1 : left.address > right.address ? 1 : left.order - right.order,
    );
    return new KernelSymbols(
      BigUint64Array.from(found, ({ address }) => address),
      found.map(({ name }) => name),
    );
  }

  get size(): number {
    return this.names.length;
  }

  /** The symbol at or before an address; undefined for one before all of them. */
  find(address: bigint): SymbolPlace | undefined {
    const { addresses } = this;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const next = addresses[low];
    let index = low - 1;
    if (index < 0) return undefined;
    const start = addresses[index]!;
    while (index > 0 && addresses[index - 1] === start) index -= 1;
    const [name = '', module] = this.names[index]!.split(/\s+/);
    return {
      name,
      offset: address - start,
      sizeBytes: (next ?? start) - start,
      module: module === undefined ? undefined : module.replaceAll(/[[\]]/g, ''),
    };
  }
}

/** Parses `printk_formats`: texts of the kernel that events refer to by address. */
export function parsePrintkFormats(text: string): ReadonlyMap<bigint, string> {
  const texts = new Map<bigint, string>();
  for (const [, address = '', content = ''] of text.matchAll(/^0x([\da-f]+) : "(.*)"$/gm)) {
    texts.set(
      BigInt(`0x${address}`),
      content.replaceAll(/\\(.)/g, (_, letter: string) =>
        letter === 'n' ? '\n' : letter === 't' ? '\t' : letter,
      ),
    );
  }
  return texts;
}

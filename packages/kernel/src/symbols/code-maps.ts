/** Names of code that a process makes while it runs: `/tmp/perf-PID.map`, as `node --perf-basic-prof` writes it. */

interface CodePart {
  readonly begin: number;
  readonly end: number;
  readonly name: string;
}

/** A function at run time, and how far in it an address is. */
export interface CodePlace {
  readonly name: string;
  readonly distance: number;
}

/** More parts before the nearest one are not looked at: they do not overlap much. */
const mostLooks = 16;

/** One process. Later lines overrule earlier ones: code is moved and thrown away. */
export class CodeMap {
  private readonly parts: readonly CodePart[];

  private constructor(parts: readonly CodePart[]) {
    this.parts = parts;
  }

  /** Parses lines of `ADDRESS SIZE NAME`, numbers in hexadecimal digits; others are passed over. */
  static parse(text: string): CodeMap {
    const byBegin = new Map<number, CodePart>();
    for (const [, address = '', size = '', name = ''] of text.matchAll(
      /^(?:0x)?([\da-f]+) (?:0x)?([\da-f]+) (.+)$/gim,
    )) {
      const begin = parseInt(address, 16);
      byBegin.set(begin, { begin, end: begin + parseInt(size, 16), name });
    }
    return new CodeMap([...byBegin.values()].sort((left, right) => left.begin - right.begin));
  }

  find(address: number): CodePlace | undefined {
    const { parts } = this;
    let low = 0;
    let high = parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (parts[middle]!.begin <= address) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= Math.max(0, low - mostLooks); index -= 1) {
      const { begin, end, name } = parts[index]!;
      if (address < end) return { name, distance: address - begin };
    }
    return undefined;
  }
}

/** A function and where it is. */
export interface CodePlace {
  readonly name: string;
  /** `file:line:column` or `file:line`; '' where it is not known. */
  readonly source: string;
}

/** One function of a trace. */
export interface KnownFunction {
  /** From 0, dense. */
  readonly index: number;
  readonly place: CodePlace;
}

interface Found {
  readonly index: number;
  place: CodePlace;
  /** How often it was asked for while its address had no name; -1 when it has one, or needs none. */
  attempts: number;
}

/** The functions of a trace as its events tell them: by labels of enumerations, or by addresses. */
export class KnownFunctions {
  private readonly all: Found[] = [];
  private readonly byLabel = new Map<string, Found>();
  /** By thread: two processes have other things at one address. */
  private readonly byAddress: (Map<number | bigint, Found> | undefined)[] = [];

  /** @param label like a line of a stack trace: `name (file:line:column)`. */
  ofLabel(label: string): KnownFunction {
    let found = this.byLabel.get(label);
    if (found === undefined) {
      found = this.add(placeOfLabel(label), -1);
      this.byLabel.set(label, found);
    }
    return found;
  }

  /**
   * The function at an address of a thread's process.
   * @param placeOf what is known of the address by now; what lies where may be told after the first calls.
   */
  ofAddress(
    thread: number,
    address: number | bigint,
    placeOf: (address: bigint) => CodePlace | undefined,
  ): KnownFunction {
    const known = (this.byAddress[thread] ??= new Map());
    let found = known.get(address);
    if (found === undefined) {
      const digits = BigInt.asUintN(64, BigInt(address)).toString(16);
      found = this.add({ name: `0x${digits}`, source: '' }, 0);
      known.set(address, found);
    }
    if (found.attempts < 0) return found;
    // Asked for at the 1st, 2nd, 4th, 8th … time: a name that never comes must not cost much.
    const place = (found.attempts & (found.attempts - 1)) === 0 ? placeOf(BigInt(address)) : undefined;
    found.attempts += 1;
    if (place !== undefined) {
      found.place = place;
      found.attempts = -1;
    }
    return found;
  }

  private add(place: CodePlace, attempts: number): Found {
    const found: Found = { index: this.all.length, place, attempts };
    this.all.push(found);
    return found;
  }
}

function placeOfLabel(label: string): CodePlace {
  const at = label.lastIndexOf(' (');
  if (at <= 0 || !label.endsWith(')')) return { name: label, source: '' };
  return { name: label.slice(0, at), source: label.slice(at + 2, -1) };
}

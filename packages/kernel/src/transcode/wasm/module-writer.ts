/** Writes WebAssembly: instructions into functions, functions into a module that uses one memory of its host. */

/** Instructions that have no operand but those on the stack. */
const plain = {
  end: 0x0b,
  else: 0x05,
  return: 0x0f,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtU: 0x4b,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  and: 0x71,
  or: 0x72,
  shl: 0x74,
  shrU: 0x76,
  wrap: 0xa7,
  extendS: 0xac,
  extendU: 0xad,
  shrU64: 0x88,
} as const;

/** Loads: an address is on the stack, and the value after it. Sizes below 32 bits are without or with a sign. */
const loads = { i32: 0x28, i64: 0x29, s8: 0x2c, u8: 0x2d, s16: 0x2e, u16: 0x2f } as const;
/** Stores: an address and a value are on the stack. */
const stores = { i32: 0x36, i64: 0x37, b8: 0x3a, b16: 0x3b } as const;

const simdPrefix = 0xfd;
const nothing = 0x40;

function putUnsigned(bytes: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

function putSigned(bytes: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return;
    }
    bytes.push(low | 0x80);
  }
}

/** Instructions of one function, all of whose numbers are of 32 bits unless said otherwise. */
export class CodeWriter {
  readonly bytes: number[] = [];

  op(...names: readonly (keyof typeof plain)[]): this {
    for (const name of names) this.bytes.push(plain[name]);
    return this;
  }

  constant(value: number): this {
    this.bytes.push(0x41);
    putSigned(this.bytes, value);
    return this;
  }

  /** A number of 64 bits, for shifts by so many. */
  constant64(value: number): this {
    this.bytes.push(0x42);
    putSigned(this.bytes, value);
    return this;
  }

  get(...locals: readonly number[]): this {
    for (const local of locals) {
      this.bytes.push(0x20);
      putUnsigned(this.bytes, local);
    }
    return this;
  }

  set(local: number): this {
    this.bytes.push(0x21);
    putUnsigned(this.bytes, local);
    return this;
  }

  /** Sets a local and leaves the value. */
  tee(local: number): this {
    this.bytes.push(0x22);
    putUnsigned(this.bytes, local);
    return this;
  }

  load(kind: keyof typeof loads, offsetBytes: number): this {
    return this.access(loads[kind], offsetBytes);
  }

  store(kind: keyof typeof stores, offsetBytes: number): this {
    return this.access(stores[kind], offsetBytes);
  }

  /** 16 bytes at once. */
  load128(offsetBytes: number): this {
    this.bytes.push(simdPrefix);
    return this.access(0x00, offsetBytes);
  }

  store128(offsetBytes: number): this {
    this.bytes.push(simdPrefix);
    return this.access(0x0b, offsetBytes);
  }

  block(): this {
    this.bytes.push(0x02, nothing);
    return this;
  }

  loop(): this {
    this.bytes.push(0x03, nothing);
    return this;
  }

  if(): this {
    this.bytes.push(0x04, nothing);
    return this;
  }

  /** To the end of the block that many outside of this one, or to the beginning of such a loop. */
  branch(depth: number): this {
    this.bytes.push(0x0c);
    putUnsigned(this.bytes, depth);
    return this;
  }

  branchIf(depth: number): this {
    this.bytes.push(0x0d);
    putUnsigned(this.bytes, depth);
    return this;
  }

  /** By a number that is on the stack; the last depth is for all that are too great. */
  branchTable(depths: readonly number[]): this {
    this.bytes.push(0x0e);
    putUnsigned(this.bytes, depths.length - 1);
    for (const depth of depths) putUnsigned(this.bytes, depth);
    return this;
  }

  call(functionIndex: number): this {
    this.bytes.push(0x10);
    putUnsigned(this.bytes, functionIndex);
    return this;
  }

  private access(instruction: number, offsetBytes: number): this {
    // No alignment is promised.
    this.bytes.push(instruction, 0);
    putUnsigned(this.bytes, offsetBytes);
    return this;
  }
}

/** A function that takes and gives numbers of 32 bits. */
export interface WasmFunction {
  readonly parameterCount: number;
  /** Further locals of 32 bits, and of 64 bits behind them. */
  readonly localCount: number;
  readonly wideLocalCount: number;
  readonly code: CodeWriter;
}

const i32 = 0x7f;
const i64 = 0x7e;

/** A module with these functions; it imports its memory as `host.memory` and exports the last functions by these names. */
export function wasmModule(
  functions: readonly WasmFunction[],
  names: readonly string[],
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, content: readonly number[]): void => {
    bytes.push(id);
    putUnsigned(bytes, content.length);
    for (const byte of content) bytes.push(byte);
  };
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const vector = (items: readonly (readonly number[])[]): number[] => {
    const content: number[] = [];
    putUnsigned(content, items.length);
    for (const item of items) for (const byte of item) content.push(byte);
    return content;
  };
  const number = (value: number): number[] => {
    const content: number[] = [];
    putUnsigned(content, value);
    return content;
  };
  section(
    1,
    vector(
      functions.map(({ parameterCount }) => [
        0x60,
        ...number(parameterCount),
        ...Array.from({ length: parameterCount }, () => i32),
        1,
        i32,
      ]),
    ),
  );
  section(2, vector([[...name('host'), ...name('memory'), 2, 0, 1]]));
  section(3, vector(functions.map((_, index) => number(index))));
  const first = functions.length - names.length;
  section(7, vector(names.map((text, index) => [...name(text), 0, ...number(first + index)])));
  section(
    10,
    vector(
      functions.map(({ localCount, wideLocalCount, code }) => {
        const locals = vector([
          [...number(localCount), i32],
          [...number(wideLocalCount), i64],
        ]);
        const end = new CodeWriter().op('end').bytes;
        const size = number(locals.length + code.bytes.length + end.length);
        return [...size, ...locals, ...code.bytes, ...end];
      }),
    ),
  );
  return Uint8Array.from(bytes);
}

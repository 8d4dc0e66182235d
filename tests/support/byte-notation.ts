// The byte notation of the corpus' files of several parts (.mctf, .mp): integers of so many bits, strings, labels,
// variables and macros. Only as much of it as those files use.

type Scope = Map<string, bigint>;

interface Macro {
  readonly parameters: readonly string[];
  readonly body: string;
}

/** A sum of products of integers, labels and variables. */
function evaluate(text: string, look: (name: string) => bigint): bigint {
  const tokens = text.match(/0x[\da-f]+|\d+|\w+|[-+*()]/gi) ?? [];
  let at = 0;
  const factor = (): bigint => {
    const token = tokens[at++] ?? '';
    if (token === '-') return -factor();
    if (token === '(') {
      const value = sum();
      at += 1;
      return value;
    }
    return /^\d/.test(token) ? BigInt(token) : look(token);
  };
  const product = (): bigint => {
    let value = factor();
    while (tokens[at] === '*') {
      at += 1;
      value *= factor();
    }
    return value;
  };
  const sum = (): bigint => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at++];
      value = sign === '+' ? value + product() : value - product();
    }
    return value;
  };
  return sum();
}

const items =
  /\s+|#.*|!(?<order>[bl]e)\b|!macro\s+(?<macro>\w+)\((?<parameters>[^)]*)\)(?<body>[^]*?)!end|m:(?<call>\w+)\((?<values>[^)]*)\)|<(?<label>\w+)>|\{\s*(?<variable>\w+)\s*=(?<assigned>[^}]*)\}|\[(?<value>[^\]:]+):\s*(?<bits>\d+)(?<own>[bl]e)?\s*\]|"(?<text>(?:[^"\\]|\\.)*)"|(?<byte>[\da-f]{2})(?!\w)/gy;

/** Writes bytes; labels are known in the second of two passes. */
class Assembler {
  readonly bytes: number[] = [];
  private readonly macros = new Map<string, Macro>();
  private readonly labels: Map<number, Scope>;
  private littleEndian = true;
  private expansions = 0;

  constructor(labels: Map<number, Scope>) {
    this.labels = labels;
  }

  run(text: string, scopes: readonly Scope[] = [], id = 0): void {
    const labels = this.labels.get(id) ?? new Map<string, bigint>();
    this.labels.set(id, labels);
    const local: Scope = new Map();
    const inner = [local, labels, ...scopes];
    const look = (name: string): bigint => inner.find((scope) => scope.has(name))?.get(name) ?? 0n;
    const pattern = new RegExp(items.source, 'iy');
    while (pattern.lastIndex < text.length) {
      const from = pattern.lastIndex;
      const found = pattern.exec(text)?.groups;
      if (found === undefined) throw new Error(`byte notation: ${text.slice(from, from + 40)}`);
      if (found['order'] !== undefined) this.littleEndian = found['order'] === 'le';
      else if (found['macro'] !== undefined) {
        const parameters = found['parameters']!.split(',').map((name) => name.trim());
        this.macros.set(found['macro'], { parameters, body: found['body']! });
      } else if (found['call'] !== undefined) {
        const { parameters, body } = this.macros.get(found['call'])!;
        const values = found['values']!.split(',');
        const given: Scope = new Map(
          parameters.map((name, index) => [name, evaluate(values[index]!, look)] as const),
        );
        this.run(body, [given, ...inner], ++this.expansions);
      } else if (found['label'] !== undefined) labels.set(found['label'], BigInt(this.bytes.length));
      else if (found['variable'] !== undefined) {
        local.set(found['variable'], evaluate(found['assigned']!, look));
      } else if (found['value'] !== undefined) {
        const littleEndian = found['own'] === undefined ? this.littleEndian : found['own'] === 'le';
        this.number(found['value'], Number(found['bits']), littleEndian, look);
      } else if (found['text'] !== undefined) {
        this.bytes.push(...Buffer.from(found['text'].replaceAll('\\0', '\0')));
      } else if (found['byte'] !== undefined) this.bytes.push(Number.parseInt(found['byte'], 16));
    }
  }

  private number(text: string, bits: number, littleEndian: boolean, look: (name: string) => bigint): void {
    const view = new DataView(new ArrayBuffer(8));
    if (text.includes('.')) view.setFloat32(0, Number(text), littleEndian);
    else {
      const value = evaluate(text, look);
      // In the first or the last bytes of the eight, as the order is.
      if (littleEndian) view.setBigUint64(0, BigInt.asUintN(64, value), true);
      else view.setBigUint64(0, BigInt.asUintN(64, value << BigInt(64 - bits)), false);
    }
    this.bytes.push(...new Uint8Array(view.buffer, 0, bits / 8));
  }
}

/** The bytes that a text in the notation stands for. */
export function bytesOf(text: string): Uint8Array {
  const labels = new Map<number, Scope>();
  new Assembler(labels).run(text);
  const assembler = new Assembler(labels);
  assembler.run(text);
  return Uint8Array.from(assembler.bytes);
}

/** The parts of a file: their names, which may be empty, and their texts. */
export function partsOf(text: string): readonly (readonly [name: string, text: string])[] {
  return text
    .split(/^---/m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end).trim(), part.slice(end + 1)] as const;
    });
}

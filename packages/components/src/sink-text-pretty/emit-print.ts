/** Generated functions that print the fields of an event straight from packet bytes. Guarded by bench/read.ts. */
import {
  integerOfHalves,
  labelTableOf,
  type ArrayNode,
  type BigIntegerNode,
  type BitsNode,
  type BlobNode,
  type Emitter,
  type FloatNode,
  type IntegerNode,
  type IntegerRead,
  type PlanNode,
  type Scope,
  type StringNode,
  type StructureNode,
  type TextNode,
  type WalkStrategy,
} from '@spoor/ctf';
import { scopeTitles, type PrettyOptions } from './options.ts';
import { digits } from './plain-print.ts';
import { isShown } from './shown.ts';
import { putFloat } from './write-float.ts';
import {
  escapes,
  putAscii,
  putBinary,
  putBlob,
  putBracedLabels,
  putColoredLabels,
  putEscape,
  putFlags,
  putHex,
  putHex64,
  putLabels,
  putOctal64,
  putSigned,
  putSigned64,
  putUnsigned,
  putUnsigned64,
  putWideText,
} from './write-text.ts';

/** What generated code may call to print a value. */
const writers = {
  putBinary,
  putBracedLabels,
  putFlags,
  putHex,
  putHex64,
  putLabels,
  putOctal64,
  putSigned,
  putSigned64,
  putUnsigned,
  putUnsigned64,
} as const;

function putBoolean(out: Uint8Array, at: number, value: boolean): number {
  return putAscii(out, at, value ? 'true' : 'false');
}

const encoder = new TextEncoder();

/** Expression of the lowest `bits` bits of a value, unsigned. */
function masked(value: string, bits: number): string {
  return bits >= 32 ? `(${value}) >>> 0` : `(${value}) & ${2 ** bits - 1}`;
}

/**
 * Prints into `out` (with `outView` over the same) from `o` on. Constant text is gathered until a value comes, and
 * then stored four bytes at a time.
 */
export class PrintStrategy implements WalkStrategy {
  private pending = '';
  private named = true;
  private scope: Scope = 'event-payload';
  private readonly printed: number[] = [];
  private readonly options: PrettyOptions;
  private separator: string;

  /** Whether several labels of an enumeration stand in braces. */
  private readonly bracesLabels: boolean;

  /** @param separator what stands before the first scope. */
  constructor(options: PrettyOptions, separator: string, bracesLabels: boolean) {
    this.bracesLabels = bracesLabels;
    this.options = options;
    this.separator = separator;
  }

  /** Adds constant text. */
  say(text: string): void {
    this.pending += text;
  }

  /** Prints the stores of the text gathered so far. */
  flush(e: Emitter): void {
    const bytes = encoder.encode(this.pending);
    this.pending = '';
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      const word =
        (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
      e.line(`outView.setUint32(o${at === 0 ? '' : ` + ${at}`}, ${word}, true);`);
    }
    for (; at < bytes.length; at++) e.line(`out[o${at === 0 ? '' : ` + ${at}`}] = ${bytes[at]!};`);
    if (bytes.length > 0) e.line(`o += ${bytes.length};`);
  }

  beginScope(_e: Emitter, scope: Scope, node: StructureNode): boolean {
    if (scope === 'event-header' || scope === 'packet-header' || !isShown(node)) return false;
    this.named = scope === 'event-payload' ? this.options.namePayload : this.options.nameContext;
    this.scope = scope;
    return true;
  }

  endScope(): void {}

  private put(e: Emitter, writer: keyof typeof writers, ...values: readonly string[]): void {
    this.flush(e);
    e.line(`o = ${e.bind('put', writers[writer])}(out, outView, o, ${values.join(', ')});`);
  }

  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    if (node.fieldClass.mappings === undefined) {
      this.digits(e, node, read);
      return;
    }
    let { lo, hi } = read;
    if (!/^\w+$/.test(lo)) {
      const name = e.name('v');
      e.line(`const ${name} = ${lo};`);
      lo = name;
    }
    let value = lo;
    if (hi !== undefined) {
      const high = e.name('v');
      e.line(`const ${high} = ${hi};`);
      hi = high;
      value = `${e.bind('integer', integerOfHalves)}(${hi}, ${lo})`;
    }
    this.say('( ');
    this.labels(e, node.fieldClass, value);
    this.say(' : container = ');
    this.digits(e, node, hi === undefined ? { lo } : { lo, hi });
    this.say(' )');
  }

  private digits(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    this.say(this.options.colors.bold);
    this.plainDigits(e, node, read);
    this.say(this.options.colors.reset);
  }

  private plainDigits(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    const { displayBase, signed, lengthBits } = node.fieldClass;
    const { lo, hi } = read;
    switch (displayBase) {
      case 10:
        if (hi === undefined) this.put(e, signed ? 'putSigned' : 'putUnsigned', lo);
        else this.put(e, signed ? 'putSigned64' : 'putUnsigned64', hi, lo);
        break;
      case 16: {
        this.say('0x');
        // Negative values show as many digits as the field has, not 16.
        const shown = Math.ceil(lengthBits / 4) * 4;
        if (hi === undefined) this.put(e, 'putHex', masked(lo, signed ? shown : 32));
        else this.put(e, 'putHex64', masked(hi, signed ? shown - 32 : 32), lo);
        break;
      }
      case 8: {
        this.say('0');
        const shown = Math.ceil(lengthBits / 3) * 3;
        if (hi !== undefined) {
          this.put(e, 'putOctal64', signed && shown < 64 ? masked(hi, shown - 32) : hi, lo);
        } else if (signed && shown > 32) {
          this.put(e, 'putOctal64', `(${lo}) < 0 ? 1 : 0`, lo);
        } else {
          this.put(e, 'putOctal64', '0', signed ? masked(lo, shown) : lo);
        }
        break;
      }
      case 2:
        this.say('0b');
        this.put(e, 'putBinary', hi ?? '0', lo, String(lengthBits));
        break;
      default: {
        const never: never = displayBase;
        throw new TypeError(String(never));
      }
    }
  }

  bigInteger(e: Emitter, node: BigIntegerNode, value: string): void {
    const { fieldClass } = node;
    const name = e.name('v');
    e.line(`const ${name} = ${value};`);
    if (fieldClass.mappings !== undefined) {
      this.say('( ');
      this.labels(e, fieldClass, name);
      this.say(' : container = ');
    }
    this.say(this.options.colors.bold);
    this.flush(e);
    const text = `${e.bind('digits', digits)}(${e.bind('class', fieldClass)}, ${name})`;
    e.line(`o = ${e.bind('putAscii', putAscii)}(out, o, ${text});`);
    this.say(this.options.colors.reset);
    if (fieldClass.mappings !== undefined) this.say(' )');
  }

  float(e: Emitter, _node: FloatNode, value: string, negative: string): void {
    this.say(this.options.colors.bold);
    this.flush(e);
    e.line(`o = ${e.bind('putFloat', putFloat)}(out, outView, o, ${value}, ${negative});`);
    this.say(this.options.colors.reset);
  }

  private labels(e: Emitter, fieldClass: IntegerNode['fieldClass'], value: string): void {
    const table = e.bind('labels', labelTableOf(fieldClass));
    const { colors } = this.options;
    if (colors.reset === '') {
      this.put(e, this.bracesLabels ? 'putBracedLabels' : 'putLabels', table, value);
      return;
    }
    this.flush(e);
    const put = e.bind('put', putColoredLabels);
    e.line(`o = ${put}(out, o, ${table}, ${value}, ${e.bind('colors', colors)}, ${this.bracesLabels});`);
  }

  bits(e: Emitter, node: BitsNode, read: IntegerRead): void {
    const { lo, hi = '0' } = read;
    const { fieldClass } = node;
    this.flush(e);
    if (fieldClass.kind === 'boolean') {
      e.line(`o = ${e.bind('put', putBoolean)}(out, o, ((${hi}) | ${lo}) !== 0);`);
    } else if (fieldClass.flags === undefined) {
      this.say('0x');
      this.put(e, 'putHex64', `(${hi}) >>> 0`, `(${lo}) >>> 0`);
    } else {
      this.put(e, 'putFlags', e.bind('flags', fieldClass.flags), hi, lo);
    }
  }

  wideText(e: Emitter, node: StringNode | TextNode, start: string, end: string): void {
    this.say(`${this.options.colors.bold}"`);
    this.flush(e);
    const write = e.bind('put', putWideText);
    e.line(`o = ${write}(out, o, bytes, ${start}, ${end}, ${e.literal(node.encoding)});`);
    this.say(`"${this.options.colors.reset}`);
  }

  blob(e: Emitter, _node: BlobNode, start: string, length: string): void {
    this.flush(e);
    e.line(`o = ${e.bind('put', putBlob)}(out, o, bytes, ${start}, ${length});`);
  }

  /** Prints the bytes from `start` on to a NUL or to `limit`, in quotes; returns the variable of the end. */
  private quoted(e: Emitter, start: string, limit: string | undefined): string {
    this.say(`${this.options.colors.bold}"`);
    this.flush(e);
    const table = e.bind('escapes', escapes);
    const escape = e.bind('putEscape', putEscape);
    const at = e.name('n');
    const code = e.name('c');
    const kind = e.name('k');
    e.line(`let ${at} = ${start}, ${code} = 0, ${kind} = 0;`);
    e.open(limit === undefined ? 'for (;;)' : `while (${at} < ${limit})`);
    e.line(`${code} = bytes[${at}];`);
    e.line(`${kind} = ${table}[${code}];`);
    e.line(`if (${kind} === 0) out[o++] = ${code};`);
    e.line(`else if (${kind} === 1) break;`);
    e.line(`else o = ${escape}(out, o, ${code});`);
    e.line(`${at}++;`);
    e.close();
    this.say(`"${this.options.colors.reset}`);
    return at;
  }

  string(e: Emitter, _node: StringNode, start: string): string {
    return this.quoted(e, start, undefined);
  }

  text(e: Emitter, _node: TextNode, start: string, length: string): void {
    const limit = e.name('l');
    e.line(`const ${limit} = ${start} + ${length};`);
    this.quoted(e, start, limit);
  }

  beginStructure(_e: Emitter, _node: StructureNode): void {
    if (this.printed.length === 0) {
      this.say(this.separator);
      this.separator = ', ';
      const { bold, reset } = this.options.colors;
      if (this.options.nameScope) this.say(`${bold}${scopeTitles[this.scope]}${reset} = `);
    }
    this.printed.push(0);
    this.say('{');
  }

  beginMember(_e: Emitter, name: string, _depth: number, node: PlanNode): boolean {
    if (!isShown(node)) return false;
    const count = this.printed.pop()!;
    this.printed.push(count + 1);
    this.say(count === 0 ? ' ' : ', ');
    const { cyan, reset } = this.options.colors;
    if (this.named) this.say(`${cyan}${name}${reset} = `);
    return true;
  }

  endStructure(): void {
    this.printed.pop();
    this.say(' }');
  }

  beginArray(e: Emitter, _node: ArrayNode, _length: string): void {
    this.say('[');
    this.flush(e);
  }

  beginElement(e: Emitter, index: string): void {
    e.line(`if (${index} !== 0) out[o++] = 44;`);
    this.say(' ');
    if (this.named) {
      this.say('[');
      this.put(e, 'putUnsigned', index);
      this.say('] = ');
    }
  }

  endElement(e: Emitter): void {
    this.flush(e);
  }

  endArray(): void {
    this.say(' ]');
  }

  beginVariant(e: Emitter): void {
    this.say('{ ');
    this.flush(e);
  }

  endOption(e: Emitter): void {
    this.flush(e);
  }

  endVariant(): void {
    this.say(' }');
  }

  beginOptional(e: Emitter): void {
    this.flush(e);
  }

  beginPresent(): void {
    this.say('{ ');
  }

  endPresent(e: Emitter): void {
    this.say(' }');
    this.flush(e);
  }

  absent(e: Emitter): void {
    this.say('<none>');
    this.flush(e);
  }

  endOptional(): void {}
}

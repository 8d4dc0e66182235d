/** Generated functions that print the fields of an event in the sink's form. Guarded by bench/details.ts. */
import { decodeWideText } from '@spoor/ctf';
import type {
  ArrayNode,
  BigIntegerNode,
  BitsNode,
  BlobNode,
  Emitter,
  FloatNode,
  IntegerNode,
  IntegerRead,
  PlanNode,
  Scope,
  StringNode,
  StructureNode,
  TextEncoding,
  TextNode,
  WalkStrategy,
} from '@spoor/ctf';
import { isShown } from '../sink-text-pretty/shown.ts';
import { putAscii, putBlob, putBytes } from '../sink-text-pretty/write-text.ts';
import {
  groupedInteger,
  putFixed,
  putGrouped,
  putGrouped64,
  putGroupedSigned,
  putGroupedSigned64,
  putHexGrouped,
} from './grouped.ts';
import { rootNames } from './plain-details.ts';
import type { Style } from './style.ts';

const encoder = new TextEncoder();

function putInteger(
  out: Uint8Array,
  at: number,
  fieldClass: IntegerNode['fieldClass'],
  hi: number,
  lo: number,
): number {
  return putAscii(out, at, groupedInteger(fieldClass, (BigInt(hi) << 32n) | BigInt(lo >>> 0)));
}

function putBigInteger(
  out: Uint8Array,
  at: number,
  fieldClass: IntegerNode['fieldClass'],
  value: number | bigint,
): number {
  return putAscii(out, at, groupedInteger(fieldClass, value));
}

function putWide(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: TextEncoding,
): number {
  const text = encoder.encode(decodeWideText(bytes, start, end, encoding));
  return putBytes(out, at, text, text.length);
}

/** Prints into `out` from `o` on; constant text is gathered and stored eight bytes at a time. */
export class DetailsStrategy implements WalkStrategy {
  private pending = '';
  private indent = 2;
  private readonly style: Style;

  constructor(style: Style) {
    this.style = style;
  }

  /** Adds constant text. */
  say(text: string): void {
    this.pending += text;
  }

  /** Prints the stores of the text gathered so far. */
  flush(e: Emitter): void {
    const bytes = encoder.encode(this.pending);
    this.pending = '';
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      // A number that is not one could be stored as another such.
      const number = view.getFloat64(at, true);
      if (Number.isNaN(number)) break;
      e.line(`outView.setFloat64(o${at === 0 ? '' : ` + ${at}`}, ${number}, true);`);
    }
    for (; at + 4 <= bytes.length; at += 4) {
      const word =
        (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
      e.line(`outView.setUint32(o${at === 0 ? '' : ` + ${at}`}, ${word}, true);`);
    }
    for (; at < bytes.length; at++) e.line(`out[o${at === 0 ? '' : ` + ${at}`}] = ${bytes[at]!};`);
    if (bytes.length > 0) e.line(`o += ${bytes.length};`);
  }

  beginScope(_e: Emitter, scope: Scope, node: StructureNode): boolean {
    const name = rootNames[scope];
    if (name === undefined || !isShown(node)) return false;
    this.say(`  ${this.style.property(name)}:`);
    return true;
  }

  endScope(): void {
    this.say('\n');
  }

  /** Says what goes around a value, which `print` prints. */
  private value(e: Emitter, print: () => void): void {
    const { bold, reset } = this.style.colors;
    this.say(` ${bold}`);
    this.flush(e);
    print();
    this.say(reset);
  }

  integer(e: Emitter, node: IntegerNode, { lo, hi }: IntegerRead): void {
    const { fieldClass } = node;
    const { displayBase, signed } = fieldClass;
    this.value(e, () => {
      if (displayBase === 10) {
        const put =
          hi === undefined
            ? e.bind('put', signed ? putGroupedSigned : putGrouped)
            : e.bind('put', signed ? putGroupedSigned64 : putGrouped64);
        e.line(`o = ${put}(out, outView, o, ${hi === undefined ? lo : `${hi}, ${lo}`});`);
      } else if (displayBase !== 8 && !signed) {
        this.say('0x');
        this.flush(e);
        e.line(`o = ${e.bind('put', putHexGrouped)}(out, outView, o, ${hi ?? '0'}, ${lo});`);
      } else {
        const value = e.name('v');
        e.line(`const ${value} = ${lo};`);
        const high = hi ?? (signed ? `${value} < 0 ? -1 : 0` : '0');
        const bound = e.bind('class', fieldClass);
        e.line(`o = ${e.bind('put', putInteger)}(out, o, ${bound}, ${high}, ${value});`);
      }
    });
  }

  bigInteger(e: Emitter, { fieldClass }: BigIntegerNode, value: string): void {
    this.value(e, () => {
      e.line(`o = ${e.bind('put', putBigInteger)}(out, o, ${e.bind('class', fieldClass)}, ${value});`);
    });
  }

  float(e: Emitter, _node: FloatNode, value: string, negative: string): void {
    this.value(e, () => {
      e.line(`o = ${e.bind('put', putFixed)}(out, outView, o, ${value}, ${negative});`);
    });
  }

  bits(e: Emitter, { fieldClass }: BitsNode, { lo, hi = '0' }: IntegerRead): void {
    if (fieldClass.kind === 'boolean') {
      const put = e.bind('put', putAscii);
      const yes = e.literal(this.style.yesOrNo(true));
      const no = e.literal(this.style.yesOrNo(false));
      this.say(' ');
      this.flush(e);
      e.line(`o = ${put}(out, o, ((${hi}) | ${lo}) !== 0 ? ${yes} : ${no});`);
      return;
    }
    this.value(e, () => {
      this.say('0x');
      this.flush(e);
      e.line(`o = ${e.bind('put', putHexGrouped)}(out, outView, o, (${hi}) >>> 0, (${lo}) >>> 0);`);
    });
  }

  wideText(e: Emitter, { encoding }: StringNode | TextNode, start: string, end: string): void {
    this.value(e, () => {
      const put = e.bind('put', putWide);
      e.line(`o = ${put}(out, o, bytes, ${start}, ${end}, ${e.literal(encoding)});`);
    });
  }

  blob(e: Emitter, _node: BlobNode, start: string, length: string): void {
    this.value(e, () => {
      e.line(`o = ${e.bind('put', putBlob)}(out, o, bytes, ${start}, ${length});`);
    });
  }

  private copy(e: Emitter, start: string, limit: string | undefined): string {
    const at = e.name('n');
    const code = e.name('c');
    this.value(e, () => {
      e.line(`let ${at} = ${start}, ${code} = 0;`);
      const more = limit === undefined ? '' : `${at} < ${limit} && `;
      e.line(`while (${more}(${code} = bytes[${at}]) !== 0) { out[o++] = ${code}; ${at}++; }`);
    });
    return at;
  }

  string(e: Emitter, _node: StringNode, start: string): string {
    return this.copy(e, start, undefined);
  }

  text(e: Emitter, _node: TextNode, start: string, length: string): void {
    const limit = e.name('l');
    e.line(`const ${limit} = ${start} + ${length};`);
    this.copy(e, start, limit);
  }

  beginStructure(_e: Emitter, node: StructureNode): void {
    if (!node.members.some((member) => isShown(member.node))) this.say(` ${this.style.none('Empty')}`);
    this.indent += 2;
  }

  beginMember(_e: Emitter, name: string, _depth: number, node: PlanNode): boolean {
    if (!isShown(node)) return false;
    this.say(`\n${' '.repeat(this.indent)}${this.style.member(name)}`);
    return true;
  }

  endStructure(): void {
    this.indent -= 2;
  }

  beginArray(e: Emitter, _node: ArrayNode, length: string): void {
    const { bold, reset } = this.style.colors;
    this.flush(e);
    e.open(`if (${length} === 0)`);
    this.say(` ${this.style.none('Empty')}`);
    this.flush(e);
    e.close(' else {');
    this.say(` Length ${bold}`);
    this.flush(e);
    e.line(`o = ${e.bind('put', putGrouped)}(out, outView, o, ${length});`);
    this.say(`${reset}:`);
    this.flush(e);
    e.close();
    this.indent += 2;
  }

  beginElement(e: Emitter, index: string): void {
    const { cyan, reset } = this.style.colors;
    this.say(`\n${' '.repeat(this.indent)}${cyan}[`);
    this.flush(e);
    e.line(`o = ${e.bind('put', putGrouped)}(out, outView, o, ${index});`);
    this.say(`]${reset}:`);
  }

  endElement(e: Emitter): void {
    this.flush(e);
  }

  endArray(): void {
    this.indent -= 2;
  }

  beginVariant(e: Emitter): void {
    this.flush(e);
  }

  endOption(e: Emitter): void {
    this.flush(e);
  }

  endVariant(): void {}

  beginOptional(e: Emitter): void {
    this.flush(e);
  }

  beginPresent(): void {}

  endPresent(e: Emitter): void {
    this.flush(e);
  }

  absent(e: Emitter): void {
    this.say(` ${this.style.none('None')}`);
    this.flush(e);
  }

  endOptional(): void {}
}

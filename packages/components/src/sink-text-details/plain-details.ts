/** The interpreter's form of emit-details.ts, and what prints the contexts of packets. */
import {
  integerOfHalves,
  decodeWideText,
  SilentVisitor,
  type BigIntegerNode,
  type BitsNode,
  type FloatNode,
  type IntegerNode,
  type OptionalNode,
  type Scope,
  type StructureNode,
  type TextEncoding,
} from '@spoor/ctf';
import { isShown } from '../sink-text-pretty/shown.ts';
import { putBlob } from '../sink-text-pretty/write-text.ts';
import { fixedText, groupDigits, groupedDecimal, groupedInteger } from './grouped.ts';
import type { Style } from './style.ts';

/** Titles of the scopes that are printed. */
export const rootNames: Readonly<Partial<Record<Scope, string>>> = {
  'packet-context': 'Context',
  'event-common-context': 'Common context',
  'event-specific-context': 'Specific context',
  'event-payload': 'Payload',
};

const encoder = new TextEncoder();

/** Prints the fields that the interpreter walks. */
export class PlainDetails extends SilentVisitor {
  private readonly parts: (string | Uint8Array)[] = [];
  private readonly bytes: Uint8Array;
  private readonly style: Style;
  private indent = 2;
  /** Depth below a member that is not shown; 0 where all is. */
  private hidden = 0;
  private readonly frames: { readonly node: StructureNode; hides: boolean }[] = [];
  /** Title of the scope whose structure is about to begin. */
  private title: string | undefined;
  private atRoot = false;
  private scopeHides = false;

  constructor(bytes: Uint8Array, style: Style) {
    super();
    this.bytes = bytes;
    this.style = style;
  }

  /** What was printed. */
  printed(): Uint8Array {
    const chunks = this.parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
    const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  private say(part: string | Uint8Array): void {
    if (this.hidden === 0) this.parts.push(part);
  }

  override beginScope(scope: Scope): void {
    this.title = rootNames[scope];
    this.atRoot = true;
    this.scopeHides = false;
  }

  override endScope(): void {
    if (this.scopeHides) this.hidden -= 1;
    else this.say('\n');
  }

  override integer({ fieldClass }: IntegerNode, hi: number, lo: number): void {
    this.say(` ${this.style.value(groupedInteger(fieldClass, integerOfHalves(hi, lo)))}`);
  }

  override bigInteger({ fieldClass }: BigIntegerNode, value: number | bigint): void {
    this.say(` ${this.style.value(groupedInteger(fieldClass, value))}`);
  }

  override float(_node: FloatNode, value: number, negative: boolean): void {
    this.say(` ${this.style.value(fixedText(value, negative))}`);
  }

  override text(start: number, end: number): void {
    const { bold, reset } = this.style.colors;
    this.say(` ${bold}`);
    this.say(this.bytes.slice(start, end));
    this.say(reset);
  }

  override bits({ fieldClass }: BitsNode, hi: number, lo: number): void {
    const value = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    this.say(
      fieldClass.kind === 'boolean'
        ? ` ${this.style.yesOrNo(value !== 0n)}`
        : ` ${this.style.value(`0x${groupDigits(value.toString(16), 4, ':')}`)}`,
    );
  }

  override wideText(start: number, end: number, encoding: TextEncoding): void {
    this.say(` ${this.style.value(decodeWideText(this.bytes, start, end, encoding))}`);
  }

  override blob(start: number, end: number): void {
    const out = new Uint8Array((end - start) * 4 + 16);
    const { bold, reset } = this.style.colors;
    this.say(` ${bold}`);
    this.say(out.subarray(0, putBlob(out, 0, this.bytes, start, end - start)));
    this.say(reset);
  }

  override beginOptional(_node: OptionalNode, isPresent: boolean): void {
    if (!isPresent) this.say(` ${this.style.none('None')}`);
  }

  override beginStructure(node: StructureNode): void {
    if (this.atRoot) this.beginRoot(node);
    if (!node.members.some((member) => isShown(member.node))) this.say(` ${this.style.none('Empty')}`);
    this.frames.push({ node, hides: false });
    this.indent += 2;
  }

  private beginRoot(node: StructureNode): void {
    this.atRoot = false;
    this.scopeHides = this.title === undefined || !isShown(node);
    if (this.scopeHides) this.hidden += 1;
    else this.say(`  ${this.style.property(this.title!)}:`);
  }

  override beginMember(name: string, index: number): void {
    const frame = this.frames[this.frames.length - 1]!;
    this.leaveMember(frame);
    frame.hides = !isShown(frame.node.members[index]!.node);
    if (frame.hides) this.hidden += 1;
    else this.say(`\n${' '.repeat(this.indent)}${this.style.member(name)}`);
  }

  private leaveMember(frame: { hides: boolean }): void {
    if (frame.hides) this.hidden -= 1;
    frame.hides = false;
  }

  override endStructure(_node: StructureNode): void {
    this.leaveMember(this.frames.pop()!);
    this.indent -= 2;
  }

  override beginArray(length: number): void {
    const { style } = this;
    this.say(length === 0 ? ` ${style.none('Empty')}` : ` Length ${style.number(length)}:`);
    this.indent += 2;
  }

  override beginElement(index: number): void {
    const { cyan, reset } = this.style.colors;
    this.say(`\n${' '.repeat(this.indent)}${cyan}[${groupedDecimal(BigInt(index))}]${reset}:`);
  }

  override endArray(): void {
    this.indent -= 2;
  }
}

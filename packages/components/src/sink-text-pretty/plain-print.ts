/** The interpreter's form of emit-print.ts: the oracle of its tests, and the way where no code may be made. */
import {
  integerOfHalves,
  labelTableOf,
  SilentVisitor,
  type BigIntegerNode,
  type BitsNode,
  type FloatNode,
  type IntegerFieldClass,
  type IntegerNode,
  type OptionalNode,
  type Scope,
  type StructureNode,
  type TextEncoding,
} from '@spoor/ctf';
import { scopeTitles, type PrettyOptions } from './options.ts';
import { isShown } from './shown.ts';
import { putFloat } from './write-float.ts';
import {
  escapes,
  putBlob,
  putBracedLabels,
  putColoredLabels,
  putEscape,
  putFlags,
  putLabels,
  putWideText,
} from './write-text.ts';

interface Level {
  /** The structure, or undefined for an array. */
  readonly node: StructureNode | undefined;
  /** Members printed so far. */
  count: number;
  /** Whether the present member is not shown. */
  hides: boolean;
}

/** Prints the fields that the interpreter walks into growing bytes. */
export class PlainPrinter extends SilentVisitor {
  private out = new Uint8Array(1024);
  private view = new DataView(this.out.buffer);
  private at = 0;
  private readonly levels: Level[] = [];
  private scope: Scope = 'event-payload';
  private separator: string;
  private readonly bytes: Uint8Array;
  private readonly options: PrettyOptions;
  /** Whether several labels of an enumeration stand in braces. */
  private readonly bracesLabels: boolean;

  /** @param separator what stands before the first scope. */
  constructor(bytes: Uint8Array, options: PrettyOptions, separator: string, bracesLabels: boolean) {
    super();
    this.bracesLabels = bracesLabels;
    this.bytes = bytes;
    this.options = options;
    this.separator = separator;
  }

  /** What was printed. */
  printed(): Uint8Array {
    return this.out.subarray(0, this.at);
  }

  private room(length: number): void {
    if (this.at + length <= this.out.length) return;
    const larger = new Uint8Array(Math.max(this.out.length * 2, this.at + length));
    larger.set(this.out);
    this.out = larger;
    this.view = new DataView(larger.buffer);
  }

  private say(text: string): void {
    if (this.hidden) return;
    const bytes = new TextEncoder().encode(text);
    this.room(bytes.length);
    this.out.set(bytes, this.at);
    this.at += bytes.length;
  }

  private get named(): boolean {
    return this.scope === 'event-payload' ? this.options.namePayload : this.options.nameContext;
  }

  private get hidden(): boolean {
    return (
      this.scope === 'event-header' ||
      this.scope === 'packet-header' ||
      this.levels.some((level) => level.hides)
    );
  }

  override beginScope(scope: Scope): void {
    this.scope = scope;
  }

  override integer(node: IntegerNode, hi: number, lo: number): void {
    this.labelled(node.fieldClass, integerOfHalves(hi, lo));
  }

  private labelled(fieldClass: IntegerFieldClass, value: number | bigint): void {
    const { mappings } = fieldClass;
    if (mappings === undefined) {
      this.say(this.bold(digits(fieldClass, value)));
      return;
    }
    this.say('( ');
    if (!this.hidden) {
      this.room(mappings.reduce((sum, { label }) => sum + 12 * label.length + 4, 16));
      const put = this.bracesLabels ? putBracedLabels : putLabels;
      const { colors } = this.options;
      this.room(mappings.length * 32);
      this.at =
        colors.reset === ''
          ? put(this.out, this.view, this.at, labelTableOf(fieldClass), value)
          : putColoredLabels(this.out, this.at, labelTableOf(fieldClass), value, colors, this.bracesLabels);
    }
    this.say(` : container = ${this.bold(digits(fieldClass, value))} )`);
  }

  private bold(text: string): string {
    return `${this.options.colors.bold}${text}${this.options.colors.reset}`;
  }

  override bigInteger(node: BigIntegerNode, value: number | bigint): void {
    this.labelled(node.fieldClass, value);
  }

  override float(_node: FloatNode, value: number, negative: boolean): void {
    if (this.hidden) return;
    this.say(this.options.colors.bold);
    this.room(64);
    this.at = putFloat(this.out, this.view, this.at, value, negative);
    this.say(this.options.colors.reset);
  }

  override text(start: number, end: number): void {
    if (this.hidden) return;
    this.say(`${this.options.colors.bold}"`);
    this.room((end - start) * 4);
    for (let index = start; index < end; index++) {
      const code = this.bytes[index]!;
      if (escapes[code] === 0) this.out[this.at++] = code;
      else this.at = putEscape(this.out, this.at, code);
    }
    this.say(`"${this.options.colors.reset}`);
  }

  override bits(node: BitsNode, hi: number, lo: number): void {
    const { fieldClass } = node;
    if (fieldClass.kind === 'boolean') {
      this.say((hi | lo) === 0 ? 'false' : 'true');
      return;
    }
    if (this.hidden) return;
    const flags = fieldClass.flags ?? [];
    this.room(flags.reduce((sum, { label }) => sum + 12 * label.length + 4, 32));
    this.at = putFlags(this.out, this.view, this.at, flags, hi, lo);
  }

  override wideText(start: number, end: number, encoding: TextEncoding): void {
    if (this.hidden) return;
    this.say(`${this.options.colors.bold}"`);
    this.room((end - start) * 12);
    this.at = putWideText(this.out, this.at, this.bytes, start, end, encoding);
    this.say(`"${this.options.colors.reset}`);
  }

  override blob(start: number, end: number): void {
    if (this.hidden) return;
    this.room((end - start) * 3 + 3);
    this.at = putBlob(this.out, this.at, this.bytes, start, end - start);
  }

  override beginOptional(_node: OptionalNode, isPresent: boolean): void {
    this.say(isPresent ? '{ ' : '<none>');
  }

  override endOptional(isPresent: boolean): void {
    if (isPresent) this.say(' }');
  }

  override beginStructure(node: StructureNode): void {
    if (this.levels.length === 0) {
      if (!isShown(node)) {
        this.levels.push({ node, count: 0, hides: true });
        return;
      }
      this.say(this.separator);
      if (!this.hidden) this.separator = ', ';
      const { bold, reset } = this.options.colors;
      if (this.options.nameScope) this.say(`${bold}${scopeTitles[this.scope]}${reset} = `);
    }
    this.say('{');
    this.levels.push({ node, count: 0, hides: false });
  }

  override beginMember(name: string, index: number): void {
    const level = this.levels[this.levels.length - 1]!;
    const node = level.node!;
    level.hides = !isShown(node.members[index]!.node) || !isShown(node);
    if (level.hides) return;
    this.say(level.count === 0 ? ' ' : ', ');
    level.count += 1;
    const { cyan, reset } = this.options.colors;
    if (this.named) this.say(`${cyan}${name}${reset} = `);
  }

  override endStructure(node: StructureNode): void {
    this.levels.pop();
    if (this.levels.length > 0 || isShown(node)) this.say(' }');
  }

  override beginArray(_length: number): void {
    this.say('[');
    this.levels.push({ node: undefined, count: 0, hides: false });
  }

  override beginElement(index: number): void {
    this.say(index === 0 ? ' ' : ', ');
    if (this.named) this.say(`[${index}] = `);
  }

  override endArray(): void {
    this.levels.pop();
    this.say(' ]');
  }

  override beginVariant(): void {
    this.say('{ ');
  }

  override endVariant(): void {
    this.say(' }');
  }
}

/** An integer in its display base. */
export function digits(fieldClass: IntegerFieldClass, value: number | bigint): string {
  const { displayBase, lengthBits, signed } = fieldClass;
  if (displayBase === 10) return String(value);
  const digitBits = { 2: 1, 8: 3, 16: 4 }[displayBase];
  const whole = Math.ceil(lengthBits / digitBits) * digitBits;
  const shown = lengthBits <= 64 ? Math.min(64, whole) : whole;
  const text = BigInt.asUintN(signed ? shown : Math.max(64, lengthBits), BigInt(value))
    .toString(displayBase)
    .toUpperCase();
  const prefix = { 2: '0b', 8: '0', 16: '0x' }[displayBase];
  return prefix + (displayBase === 2 ? text.padStart(lengthBits, '0') : text);
}

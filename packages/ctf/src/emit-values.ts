/** Generated functions that make a program's values of the fields of an event. */
import { integerOfHalves } from './bits.ts';
import type { Emitter } from './emitter.ts';
import { emitFindNul } from './emit-walk.ts';
import type { IntegerRead } from './emit-read.ts';
import { bitArrayValue, decodeText, labelTableOf, type LabelTable } from './field-value.ts';
import type { Scope } from './model.ts';
import type {
  ArrayNode,
  BigIntegerNode,
  BitsNode,
  BlobNode,
  FloatNode,
  IntegerNode,
  StringNode,
  StructureNode,
  TextNode,
} from './plan.ts';
import { decodeWideText } from './wide-text.ts';
import type { WalkStrategy } from './walk-strategy.ts';

/** Index of the first NUL of at most `length` bytes, or their end. */
export function textEnd(bytes: Uint8Array, start: number, length: number): number {
  const limit = start + length;
  let end = start;
  while (end < limit && bytes[end] !== 0) end++;
  return end;
}

function enumValue(table: LabelTable, value: number | bigint): unknown {
  return table.enumValueOf(value);
}

/** Expression of an integer's value: a number, or a BigInt beyond 2^53. */
function integerValue(e: Emitter, node: IntegerNode, read: IntegerRead): string {
  let value = read.lo;
  if (read.hi !== undefined) {
    value =
      node.fieldClass.lengthBits <= 53
        ? `${read.hi} * 4294967296 + ${read.lo}`
        : `${e.bind('integer', integerOfHalves)}(${read.hi}, ${read.lo})`;
  }
  if (node.fieldClass.mappings === undefined) return value;
  return `${e.bind('enumValue', enumValue)}(${e.bind('labels', labelTableOf(node.fieldClass))}, ${value})`;
}

interface Frame {
  /** Variable that gets the value. */
  target: string;
  readonly members: { readonly name: string; readonly variable: string }[];
}

/**
 * Assigns the value of one scope, or of one member of it, to the variable `result`.
 * The statements stay in order of decoding, so each field is read once.
 */
export class ValueStrategy implements WalkStrategy {
  private readonly frames: Frame[] = [];
  /** Where the next value goes. */
  private target = '';
  private array = '';
  private readonly arrays: string[] = [];
  private readonly scope: Scope;
  private readonly member: string | undefined;

  constructor(scope: Scope, member?: string) {
    this.scope = scope;
    this.member = member;
  }

  beginScope(_e: Emitter, scope: Scope): boolean {
    this.target = 'result';
    return scope === this.scope;
  }

  endScope(_e: Emitter, _scope: Scope): void {}

  private put(e: Emitter, value: string): void {
    if (this.target === '') e.line(`${this.array}.push(${value});`);
    else e.line(`${this.target} = ${value};`);
  }

  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    this.put(e, integerValue(e, node, read));
  }

  bigInteger(e: Emitter, node: BigIntegerNode, value: string): void {
    if (node.fieldClass.mappings === undefined) this.put(e, value);
    else
      this.put(
        e,
        `${e.bind('enumValue', enumValue)}(${e.bind('labels', labelTableOf(node.fieldClass))}, ${value})`,
      );
  }

  float(e: Emitter, _node: FloatNode, value: string): void {
    this.put(e, value);
  }

  bits(e: Emitter, node: BitsNode, read: IntegerRead): void {
    const { lo, hi = '0' } = read;
    const { fieldClass } = node;
    if (fieldClass.kind === 'boolean') {
      this.put(e, `((${hi}) | ${lo}) !== 0`);
    } else {
      const make = e.bind('bitArray', bitArrayValue);
      this.put(e, `${make}(${e.bind('class', fieldClass)}, ${hi}, ${lo})`);
    }
  }

  wideText(e: Emitter, node: StringNode | TextNode, start: string, end: string): void {
    const decode = e.bind('wideText', decodeWideText);
    this.put(e, `${decode}(bytes, ${start}, ${end}, ${e.literal(node.encoding)})`);
  }

  blob(e: Emitter, _node: BlobNode, start: string, length: string): void {
    this.put(e, `bytes.slice(${start}, ${start} + ${length})`);
  }

  string(e: Emitter, _node: StringNode, start: string): string {
    const nul = emitFindNul(e, start);
    this.put(e, `${e.bind('text', decodeText)}(bytes, ${start}, ${nul})`);
    return nul;
  }

  text(e: Emitter, _node: TextNode, start: string, length: string): void {
    const end = `${e.bind('textEnd', textEnd)}(bytes, ${start}, ${length})`;
    this.put(e, `${e.bind('text', decodeText)}(bytes, ${start}, ${end})`);
  }

  beginStructure(_e: Emitter, _node: StructureNode): void {
    this.frames.push({ target: this.target, members: [] });
  }

  beginMember(e: Emitter, name: string, depth: number): boolean {
    if (this.member !== undefined && depth === 1) {
      if (name !== this.member) return false;
      this.target = 'result';
      return true;
    }
    const variable = e.name('m');
    e.line(`let ${variable};`);
    this.frames[this.frames.length - 1]!.members.push({ name, variable });
    this.target = variable;
    return true;
  }

  endStructure(e: Emitter, _node: StructureNode): void {
    const { target, members } = this.frames.pop()!;
    this.target = target;
    if (this.member !== undefined && this.frames.length === 0) return;
    // Computed names: `__proto__` must become a member like any other.
    const parts = members.map(
      ({ name, variable }) => `${name === '__proto__' ? '["__proto__"]' : e.literal(name)}: ${variable}`,
    );
    this.put(e, `{ ${parts.join(', ')} }`);
  }

  beginArray(e: Emitter, _node: ArrayNode, _length: string): void {
    const array = e.name('a');
    e.line(`const ${array} = [];`);
    this.put(e, array);
    this.arrays.push(this.array);
    this.frames.push({ target: this.target, members: [] });
    this.array = array;
  }

  beginElement(_e: Emitter, _index: string): void {
    this.target = '';
  }

  endElement(_e: Emitter): void {}

  endArray(_e: Emitter, _node: ArrayNode): void {
    this.target = this.frames.pop()!.target;
    this.array = this.arrays.pop()!;
  }

  beginVariant(): void {}

  endOption(): void {}

  endVariant(): void {}

  beginOptional(): void {}

  beginPresent(): void {}

  endPresent(): void {}

  absent(e: Emitter): void {
    this.put(e, 'null');
  }

  endOptional(): void {}
}

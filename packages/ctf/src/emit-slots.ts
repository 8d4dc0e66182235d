/** Generated functions that put all fields of an event into slots: see slots.ts. Guarded by bench/read.ts. */
import type { Emitter } from './emitter.ts';
import type { IntegerRead } from './emit-read.ts';
import { textEnd } from './emit-values.ts';
import { emitFindNul, emitWalk } from './emit-walk.ts';
import type { Scope } from './model.ts';
import type { BigIntegerNode, BitsNode, FloatNode, IntegerNode, Plan, StringNode, TextNode } from './plan.ts';
import { highWord, lowWord, type SlotField, type SlotLayout } from './slots.ts';
import type { WalkStrategy } from './walk-strategy.ts';

/** A field whose parts come next. */
interface Frame {
  readonly field: SlotField;
  /** The member or option that comes next. */
  next: number;
  /** Variable of the element's first slot outside. */
  readonly first: string;
}

class SlotStrategy implements WalkStrategy {
  private readonly layout: SlotLayout;
  private readonly frames: Frame[] = [];
  private target: SlotField | undefined;
  /** Variable of the first slot of the element that is decoded; empty outside of arrays. */
  private first = '';
  /** Variables of the first slots of the arrays around. */
  private readonly arrays: string[] = [];

  constructor(layout: SlotLayout) {
    this.layout = layout;
  }

  beginScope(_e: Emitter, scope: Scope): boolean {
    this.target = this.layout.scopes.find((candidate) => candidate.scope === scope)?.field;
    return this.target !== undefined;
  }

  endScope(): void {}

  private take<Kind extends SlotField['kind']>(kind: Kind): Extract<SlotField, { kind: Kind }> {
    const { target } = this;
    if (target?.kind !== kind) throw new TypeError(`a field is ${target?.kind} where it should be ${kind}`);
    return target as Extract<SlotField, { kind: Kind }>;
  }

  private begin(field: SlotField): void {
    this.frames.push({ field, next: 0, first: this.first });
  }

  private place(slot: number): string {
    return this.first === '' ? String(slot) : `${this.first} + ${slot}`;
  }

  private word(slot: number, word: number): string {
    return this.first === '' ? `words[${slot * 2 + word}]` : `words[${this.first} * 2 + ${slot * 2 + word}]`;
  }

  private putInteger(e: Emitter, { lo, hi }: IntegerRead, signed: boolean): void {
    const field = this.target;
    if (field?.kind === 'number') {
      e.line(`numbers[${this.place(field.slot)}] = ${hi === undefined ? lo : `${hi} * 4294967296 + ${lo}`};`);
      return;
    }
    const { slot } = this.take('wide');
    e.line(`${this.word(slot, lowWord)} = ${lo};`);
    e.line(`${this.word(slot, highWord)} = ${hi ?? (signed ? `(${lo}) >> 31` : '0')};`);
  }

  private putRange(e: Emitter, slot: number, start: string, end: string): void {
    e.line(`${this.word(slot, 0)} = ${start};`);
    e.line(`${this.word(slot, 1)} = ${end};`);
  }

  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    this.putInteger(e, read, node.fieldClass.signed);
  }

  bits(e: Emitter, node: BitsNode, { lo, hi }: IntegerRead): void {
    if (node.fieldClass.kind === 'boolean') {
      const any = hi === undefined ? lo : `(${hi}) | ${lo}`;
      e.line(`numbers[${this.place(this.take('number').slot)}] = (${any}) !== 0 ? 1 : 0;`);
      return;
    }
    const unsigned = { lo: `((${lo}) >>> 0)` };
    this.putInteger(e, hi === undefined ? unsigned : { ...unsigned, hi: `((${hi}) >>> 0)` }, false);
  }

  bigInteger(e: Emitter, _node: BigIntegerNode, value: string): void {
    e.line(`slots.others[${this.place(this.take('big').slot)}] = ${value};`);
  }

  float(e: Emitter, _node: FloatNode, value: string): void {
    e.line(`numbers[${this.place(this.take('number').slot)}] = ${value};`);
  }

  string(e: Emitter, _node: StringNode, start: string): string {
    const nul = emitFindNul(e, start);
    this.putRange(e, this.take('text').slot, start, nul);
    return nul;
  }

  text(e: Emitter, _node: TextNode, start: string, length: string): void {
    const end = `${e.bind('textEnd', textEnd)}(bytes, ${start}, ${length})`;
    this.putRange(e, this.take('text').slot, start, end);
  }

  wideText(e: Emitter, _node: StringNode | TextNode, start: string, end: string): void {
    this.putRange(e, this.take('text').slot, start, end);
  }

  blob(e: Emitter, _node: unknown, start: string, length: string): void {
    this.putRange(e, this.take('blob').slot, start, `${start} + ${length}`);
  }

  beginStructure(): void {
    this.begin(this.take('structure'));
  }

  beginMember(): boolean {
    const frame = this.frames.at(-1)!;
    if (frame.field.kind === 'structure') this.target = frame.field.members[frame.next]?.field;
    frame.next += 1;
    return true;
  }

  endStructure(): void {
    this.frames.pop();
  }

  beginArray(e: Emitter, _node: unknown, length: string): void {
    const field = this.take('array');
    const first = e.name('a');
    e.line(`const ${first} = slots.take(${length} * ${field.elementSlots});`);
    e.line('numbers = slots.numbers;');
    e.line('words = slots.words;');
    this.putRange(e, field.slot, first, length);
    this.begin(field);
    this.arrays.push(first);
  }

  beginElement(e: Emitter, index: string): void {
    const { field } = this.frames.at(-1)!;
    if (field.kind !== 'array') return;
    this.first = e.name('f');
    e.line(`const ${this.first} = ${this.arrays.at(-1)!} + ${index} * ${field.elementSlots};`);
    this.target = field.element;
  }

  endElement(): void {}

  endArray(): void {
    this.first = this.frames.pop()!.first;
    this.arrays.pop();
  }

  beginVariant(): void {
    this.begin(this.take('variant'));
    this.aimAtOption();
  }

  private aimAtOption(): void {
    const { field, next } = this.frames.at(-1)!;
    if (field.kind === 'variant') this.target = field.options[next]?.field;
  }

  endOption(e: Emitter): void {
    const frame = this.frames.at(-1)!;
    if (frame.field.kind === 'variant') e.line(`${this.word(frame.field.slot, 0)} = ${frame.next};`);
    frame.next += 1;
    this.aimAtOption();
  }

  endVariant(): void {
    this.frames.pop();
  }

  beginOptional(): void {
    this.begin(this.take('optional'));
  }

  beginPresent(e: Emitter): void {
    const { field } = this.frames.at(-1)!;
    if (field.kind !== 'optional') return;
    e.line(`${this.word(field.slot, 0)} = 1;`);
    this.target = field.field;
  }

  endPresent(): void {}

  absent(e: Emitter): void {
    const { field } = this.frames.at(-1)!;
    if (field.kind === 'optional') e.line(`${this.word(field.slot, 0)} = 0;`);
  }

  endOptional(): void {
    this.frames.pop();
  }
}

/**
 * Prints the decoding of an event that a scan found to be whole. The code sees `slots` beside what a walk sees; it
 * leaves room for the event's slots and the packet in `slots.bytes` to the caller.
 */
export function emitSlots(e: Emitter, plan: Plan, layout: SlotLayout): void {
  const keyword = layout.hasArrays ? 'let' : 'const';
  e.line(`${keyword} numbers = slots.numbers, words = slots.words;`);
  if (layout.hasArrays) e.line(`slots.used = ${layout.slotCount};`);
  emitWalk(e, plan, new SlotStrategy(layout));
}

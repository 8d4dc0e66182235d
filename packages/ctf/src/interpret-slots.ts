/** The interpreter's form of emit-slots.ts: the oracle of its tests, and the way where no code may be made. */
import { SilentVisitor } from './interpret.ts';
import type { Scope } from './model.ts';
import type { BigIntegerNode, BitsNode, FloatNode, IntegerNode, OptionalNode, VariantNode } from './plan.ts';
import { highWord, lowWord, type FieldSlots, type SlotField, type SlotLayout } from './slots.ts';

/** A field whose parts come next. */
interface Frame {
  readonly field: SlotField;
  /** First slot of the elements, of an array. */
  readonly elements: number;
  /** First slot of what the field is in. */
  readonly first: number;
}

/** Puts the fields that the interpreter walks into slots. */
export class SlotVisitor extends SilentVisitor {
  private readonly slots: FieldSlots;
  private readonly layout: SlotLayout;
  private readonly frames: Frame[] = [];
  private target: SlotField | undefined;
  private first = 0;

  constructor(slots: FieldSlots, layout: SlotLayout) {
    super();
    this.slots = slots;
    this.layout = layout;
    slots.used = layout.slotCount;
  }

  private begin(elements = 0): void {
    const { target, first } = this;
    if (target === undefined) throw new TypeError('a field without a slot');
    this.frames.push({ field: target, elements, first });
  }

  /** Index of the slot of the field that is met now. */
  private get slot(): number {
    const { target } = this;
    if (target === undefined || target.kind === 'structure') throw new TypeError('a field without a slot');
    return this.first + target.slot;
  }

  private putWords(low: number, high: number): void {
    const { slot } = this;
    this.slots.words[slot * 2] = low;
    this.slots.words[slot * 2 + 1] = high;
  }

  private putHalves(hi: number, lo: number): void {
    const { slot } = this;
    if (this.target?.kind === 'number') {
      this.slots.numbers[slot] = hi * 0x1_0000_0000 + lo;
    } else {
      this.slots.words[slot * 2 + lowWord] = lo;
      this.slots.words[slot * 2 + highWord] = hi;
    }
  }

  override beginScope(scope: Scope): void {
    this.target = this.layout.scopes.find((candidate) => candidate.scope === scope)?.field;
  }

  override integer(_node: IntegerNode, hi: number, lo: number): void {
    this.putHalves(hi, lo);
  }

  override bits(node: BitsNode, hi: number, lo: number): void {
    if (node.fieldClass.kind === 'boolean') this.slots.numbers[this.slot] = (hi | lo) === 0 ? 0 : 1;
    else this.putHalves(hi >>> 0, lo >>> 0);
  }

  override bigInteger(_node: BigIntegerNode, value: number | bigint): void {
    this.slots.others[this.slot] = value;
  }

  override float(_node: FloatNode, value: number): void {
    this.slots.numbers[this.slot] = value;
  }

  override text(start: number, end: number): void {
    this.putWords(start, end);
  }

  override wideText(start: number, end: number): void {
    this.putWords(start, end);
  }

  override blob(start: number, end: number): void {
    this.putWords(start, end);
  }

  override beginStructure(): void {
    this.begin();
  }

  override beginMember(_name: string, index: number): void {
    const { field } = this.frames.at(-1)!;
    if (field.kind === 'structure') this.target = field.members[index]?.field;
  }

  override endStructure(): void {
    this.frames.pop();
  }

  override beginArray(length: number): void {
    const { target } = this;
    if (target?.kind !== 'array') throw new TypeError('an array without a slot');
    const elements = this.slots.take(length * target.elementSlots);
    this.putWords(elements, length);
    this.begin(elements);
  }

  override beginElement(index: number): void {
    const { field, elements } = this.frames.at(-1)!;
    if (field.kind !== 'array') return;
    this.first = elements + index * field.elementSlots;
    this.target = field.element;
  }

  override endArray(): void {
    this.first = this.frames.pop()!.first;
  }

  override beginVariant(_node: VariantNode, option: number): void {
    const { target } = this;
    this.slots.words[this.slot * 2] = option;
    this.begin();
    if (target?.kind === 'variant') this.target = target.options[option]?.field;
  }

  override endVariant(): void {
    this.frames.pop();
  }

  override beginOptional(_node: OptionalNode, isPresent: boolean): void {
    const { target } = this;
    this.slots.words[this.slot * 2] = isPresent ? 1 : 0;
    this.begin();
    if (target?.kind === 'optional') this.target = target.field;
  }

  override endOptional(): void {
    this.frames.pop();
  }
}

// The Spoor side of “all fields” of bench/read.ts: decodes every field of every event in the order of time, into slots.
// Prints what it saw: the sum of all integers, of their halves where they are wide, the bytes of all texts; of the
// floats, which text rounds, their number and, given `check`, the sum of what text shows.
import { EventFields, openTrace } from '@spoor/components/node';
import type { SlotField, SlotLayout } from '@spoor/ctf';

/** The slots of one kind each. */
interface Picked {
  readonly integers: number[];
  readonly floats: number[];
  readonly wides: { readonly slot: number; readonly signed: boolean }[];
  readonly texts: number[];
  readonly arrays: { readonly slot: number; readonly elementSlots: number; readonly element: Picked }[];
}

function pick(field: SlotField, into: Picked): Picked {
  switch (field.kind) {
    case 'structure':
      for (const member of field.members) pick(member.field, into);
      return into;
    case 'number':
      (field.fieldClass.kind === 'float' ? into.floats : into.integers).push(field.slot);
      return into;
    case 'wide':
      into.wides.push(field);
      return into;
    case 'text':
      into.texts.push(field.slot);
      return into;
    case 'array': {
      const { slot, elementSlots } = field;
      into.arrays.push({ slot, elementSlots, element: pick(field.element, none()) });
      return into;
    }
    case 'big':
    case 'blob':
    case 'optional':
    case 'variant':
      throw new Error(`the benchmark's trace has a field that is ${field.kind}`);
    default:
      return field satisfies never;
  }
}

function none(): Picked {
  return { integers: [], floats: [], wides: [], texts: [], arrays: [] };
}

const [, , dir = '', mode = ''] = process.argv;
const check = mode === 'check';
const flow = openTrace(dir).read();
const fields = new EventFields(flow);
const { slots } = fields;
let integers = 0;
let textBytes = 0;
let floats = 0;
let shown = 0;

function take(picked: Picked, first: number): void {
  const { numbers, words } = slots;
  for (const slot of picked.integers) integers += numbers[first + slot]!;
  for (const { slot, signed } of picked.wides) {
    const at = (first + slot) * 2;
    integers += (words[at]! >>> 0) + (signed ? words[at + 1]! : words[at + 1]! >>> 0);
  }
  for (const slot of picked.texts) textBytes += words[(first + slot) * 2 + 1]! - words[(first + slot) * 2]!;
  for (const slot of picked.floats) {
    const value = numbers[first + slot]!;
    if (value === value) floats += 1;
    if (check) shown += Number(value.toPrecision(6));
  }
  for (const { slot, elementSlots, element } of picked.arrays) {
    const at = (first + slot) * 2;
    const from = words[at]!;
    const count = words[at + 1]!;
    for (let index = 0; index < count; index++) take(element, from + index * elementSlots);
  }
}

const pickedOf = new Map<SlotLayout, Picked>();
while (flow.next()) {
  const { count } = fields;
  for (let row = 0; row < count; row++) {
    const layout = fields.decode(row);
    let picked = pickedOf.get(layout);
    if (picked === undefined) {
      picked = none();
      for (const { field } of layout.scopes) pick(field, picked);
      pickedOf.set(layout, picked);
    }
    take(picked, 0);
  }
}
console.log(integers, textBytes, floats, ...(check ? [shown] : []));

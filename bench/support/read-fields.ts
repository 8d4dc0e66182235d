// The Spoor side of bench/scripted.ts: reads every field of every event, prints how many values there were and the
// characters of all strings.
import { openTrace } from '@spoor/components/node';
import { EnumValue, type FieldValue } from '@spoor/ctf';

let values = 0;
let characters = 0;

function takeAll(members: { readonly [name: string]: FieldValue }): void {
  for (const name in members) take(members[name]!);
}

function take(value: FieldValue): void {
  if (typeof value === 'string') {
    values += 1;
    characters += value.length;
  } else if (typeof value !== 'object' || value instanceof EnumValue) {
    values += 1;
  } else if (Array.isArray(value)) {
    for (const element of value as readonly FieldValue[]) take(element);
  } else {
    takeAll(value as { readonly [name: string]: FieldValue });
  }
}

const [, , dir = ''] = process.argv;
for (const event of openTrace(dir).events()) {
  takeAll(event.commonContext());
  takeAll(event.payload());
}
console.log(values, characters);

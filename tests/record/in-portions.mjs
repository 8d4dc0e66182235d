// in-portions.mjs FOLDER N…: emits events `t:number` in portions of N, each once the test made the file `go-K` in the folder
// (K counts from 0); then makes `done-K` there. However slow the machine is, a test has its events where it wants them.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32', text: 'string' });
const [folder, ...portions] = process.argv.slice(2);
let value = 0;

for (const [turn, count] of portions.map(Number).entries()) {
  while (!existsSync(join(folder, `go-${turn}`))) await sleep(5);
  for (let left = count; left > 0; left -= 1) number(value++, 'twelve chars');
  writeFileSync(join(folder, `done-${turn}`), '');
}
console.log(`emitted ${value}`);

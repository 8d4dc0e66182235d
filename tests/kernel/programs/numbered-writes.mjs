// Writes to /dev/null as often as each line of its input says; how much it writes tells the number of the write.
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const bytes = Buffer.alloc(1 << 20);
const fd = openSync('/dev/null', 'w');
let next = 0;
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left -= 1) writeSync(fd, bytes, 0, 20_000 + next++);
  console.log('done');
}
closeSync(fd);

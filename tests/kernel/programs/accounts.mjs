// Does work that it keeps account of, between marks: writes of sizes that nothing else writes. Prints the accounts.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { tracepoint } from '@spoor/tracer';

const middle = tracepoint('accounts:middle', { value: 'u32' });
const nowhere = openSync('/dev/null', 'w');
const mark = (sizeBytes) => writeSync(nowhere, Buffer.alloc(sizeBytes));

function switches() {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const count = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)[1]);
  return count('voluntary_ctxt_switches') + count('nonvoluntary_ctxt_switches');
}

mark(70_001);
const before = switches();
mark(70_002);

const file = openSync(process.argv[2], 'w+');
let writtenBytes = 0;
for (let index = 1; index <= 300; index += 1) writtenBytes += writeSync(file, Buffer.alloc(index, 'x'));
let readBytes = 0;
const buffer = Buffer.alloc(1000);
for (let position = 0; ;) {
  const { readSync } = await import('node:fs');
  const got = readSync(file, buffer, 0, buffer.length, position);
  if (got === 0) break;
  position += got;
  readBytes += got;
}
middle(7);
// Each wait is a switch to another thread.
for (let index = 0; index < 20; index += 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
for (let index = 0; index < 3; index += 1) spawnSync('/bin/true');

mark(70_003);
const after = switches();
mark(70_004);
closeSync(file);
console.log(JSON.stringify({ pid: process.pid, file, writtenBytes, readBytes, switches: after - before }));

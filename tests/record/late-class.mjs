// late-class.mjs FILE: emits 100 events, fills FILE's file system to the last byte, and emits 100 events of another class.
import { openSync, writeSync } from 'node:fs';
import { tracepoint } from '@spoor/tracer';

const early = tracepoint('t:early', { value: 'u32' });
const late = tracepoint('t:late', { value: 'u32' });
for (let value = 0; value < 100; value += 1) early(value);
const filler = openSync(process.argv[2], 'w');
for (let size = 1 << 16; size >= 1;) {
  try {
    writeSync(filler, Buffer.alloc(size));
  } catch {
    size >>= 1;
  }
}
for (let value = 0; value < 100; value += 1) late(value);

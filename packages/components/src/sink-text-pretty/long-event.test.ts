import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTrace } from '../source-ctf-fs/open-trace.node.ts';
import { defaultPrettyOptions } from './options.ts';
import { PrettySink } from './pretty-sink.ts';

test('an event whose text has no sensible end is an error, after all before it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-long-'));
  // Lists of elements without bits: four bytes of trace say how many there are.
  writeFileSync(
    join(folder, 'metadata'),
    `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; }; stream {};
    event { name = "e"; fields := struct { integer { size = 32; } n; struct {} x[n][n]; }; };`,
  );
  writeFileSync(join(folder, 'stream'), Buffer.from(Uint32Array.of(1, 2, 1000).buffer));
  let text = '';
  const set = openTrace(folder);
  const flow = set.read();
  const output = {
    write(bytes: Uint8Array, length: number) {
      text += Buffer.from(bytes.subarray(0, length)).toString();
    },
  };
  const sink = new PrettySink(flow, output, defaultPrettyOptions, () => undefined, true, 1 << 20);
  expect(() => {
    while (flow.next()) sink.consume(flow.batch);
  }).toThrow(expect.objectContaining({ code: 'text/event-too-long' }));
  expect(text.split('\n').map((line) => line.match(/n = \d+/)?.[0])).toEqual(['n = 1', 'n = 2', undefined]);
  rmSync(folder, { recursive: true });
});

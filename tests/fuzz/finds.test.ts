// What fuzzing found, as small as it can be: each once broke a reader.
import { readMetadata } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { compareReadings } from '../support/compare-readings.ts';

const stamp = 'integer { size = 64; align = 8; map = clock.c.value; }';

test.each([
  [
    // Generated code loaded the time far behind the packet's end: an alignment may leap over the buffer's padding.
    'an event header that is aligned to beyond the packet',
    `event.header := struct { integer { size = 64; align = 65536; } id; ${stamp} timestamp; };`,
    24,
  ],
  [
    'an option of an event header that is aligned to beyond the packet',
    `event.header := struct { enum : integer { size = 8; align = 8; } { a, b } t;
      variant <t> { struct { ${stamp} timestamp; } a; struct { integer { size = 8; align = 1048576; } x; ${stamp} timestamp; } b; } v; };`,
    10,
  ],
  [
    'options one after the other, which together leap over the padding',
    `event.header := struct { enum : integer { size = 8; align = 8; } { a } t; ${Array.from(
      { length: 12 },
      (_, index) => `variant <t> { struct { ${stamp} s; } a; } v${index};`,
    ).join(' ')} };`,
    40,
  ],
])('%s', (_, header, size) => {
  const traceClass = readMetadata(
    new TextEncoder().encode(`/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; };
      clock { name = c; }; stream { ${header} }; event { name = e; };`),
  );
  for (const fill of [0, 1]) {
    const { warnings } = compareReadings(traceClass, 's', new Uint8Array(size).fill(fill));
    expect(warnings.length).toBeGreaterThan(0);
  }
});

import { expect, test } from 'vitest';
import { parseTsdl } from './metadata.ts';
import { StreamDecoder } from './stream-decoder.ts';

// A role on an integer that is too wide was passed over without a word: all events had the time of their packet.
test.each([
  ['event.header', 'a clock', 'integer { size = 128; align = 8; map = clock.c.value; } timestamp;'],
  ['packet.context', 'a size', 'integer { size = 72; align = 8; } content_size;'],
])('%s: %s of more than 64 bits is refused', (place, _, member) => {
  const traceClass = parseTsdl(`/* CTF 1.8 */
    trace { major = 1; minor = 8; byte_order = le; };
    clock { name = c; };
    stream { ${place} := struct { ${member} }; };
    event { name = e; };`);
  expect(() => new StreamDecoder(traceClass, traceClass.streamClasses[0]!)).toThrow(
    expect.objectContaining({
      code: 'ctf/unsupported-integer',
      message: expect.stringMatching(/^an integer of \d+ bits cannot be the /) as string,
    }),
  );
});

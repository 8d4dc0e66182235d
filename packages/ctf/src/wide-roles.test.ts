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

test.each([
  ['0 ... 9007199254740991', '9007199254740991', false],
  ['1 ... 18446744073709551615', 'the last', false],
  ['9007199254740993', '2^53 + 1', true],
])('an option that is chosen by %s (%s)', (range, _, isRefused) => {
  const traceClass = parseTsdl(`/* CTF 1.8 */
    trace { major = 1; minor = 8; byte_order = le; };
    stream { };
    event { name = e; fields := struct {
      enum : integer { size = 64; align = 8; } { a = ${range} } t; variant <t> { string a; } v; }; };`);
  const plan = (): unknown => new StreamDecoder(traceClass, traceClass.streamClasses[0]!).planOf(0);
  if (isRefused) expect(plan).toThrow('selectors cannot be told from each other at 9007199254740993');
  else expect(plan).not.toThrow();
});

/** CTF 2 metadata that has every type of fragment and field class, for tests that need no corpus. */

const unsigned = (length: number, rest: object = {}): object => ({
  type: 'fixed-length-unsigned-integer',
  length,
  'byte-order': 'little-endian',
  alignment: 8,
  ...rest,
});

const member = (name: string, fieldClass: object | string): object => ({ name, 'field-class': fieldClass });
const structure = (...members: readonly object[]): object => ({
  type: 'structure',
  'member-classes': members,
});
const payload = (...path: readonly (string | null)[]): object => ({ origin: 'event-record-payload', path });

/** The fragments, to change some of them and write them with {@link ctf2Text}. */
export function ctf2Fragments(): Record<string, unknown>[] {
  return [
    {
      type: 'preamble',
      version: 2,
      uuid: [0x2a, 0x64, 0x22, 0xd0, 0x6c, 0xee, 0x11, 0xe0, 0x8c, 0x08, 0xcb, 0x07, 0xd7, 0xb3, 0xa5, 0x64],
      attributes: { 'example.com': { made: 'by hand' } },
      extensions: {},
    },
    { type: 'field-class-alias', name: 'u8', 'field-class': unsigned(8) },
    {
      type: 'field-class-alias',
      name: 'pair',
      'field-class': structure(member('x', 'u8'), member('y', 'u8')),
    },
    {
      type: 'clock-class',
      id: 'main',
      namespace: 'example.com',
      name: 'monotonic',
      uid: 'boot 17',
      description: 'counts from the start',
      frequency: 1_000_000_000,
      origin: 'unix-epoch',
      'offset-from-origin': { seconds: 1_700_000_000, cycles: 5 },
      precision: 3,
      accuracy: 100,
    },
    {
      type: 'trace-class',
      namespace: 'example.com',
      name: 'sample',
      uid: 'one',
      environment: { hostname: 'here', answer: 42, big: 2 ** 64 },
      'packet-header-field-class': structure(
        member('magic', unsigned(32, { roles: ['packet-magic-number'] })),
        member('uuid', { type: 'static-length-blob', length: 16, roles: ['metadata-stream-uuid'] }),
        member('stream', unsigned(8, { roles: ['data-stream-class-id'] })),
      ),
    },
    {
      type: 'data-stream-class',
      id: 3,
      namespace: 'example.com',
      name: 'stream',
      'default-clock-class-id': 'main',
      'packet-context-field-class': structure(
        member('begin', unsigned(64, { roles: ['default-clock-timestamp'] })),
        member('content', unsigned(32, { roles: ['packet-content-length'] })),
        member('total', unsigned(32, { roles: ['packet-total-length'] })),
        member('cpu_id', unsigned(8)),
        member('of_header', {
          type: 'optional',
          'selector-field-location': { origin: 'packet-header', path: ['stream'] },
          'selector-field-ranges': [[3, 3]],
          'field-class': 'u8',
        }),
      ),
      'event-record-header-field-class': structure(
        member('id', { type: 'variable-length-unsigned-integer', roles: ['event-record-class-id'] }),
        member('time', { type: 'variable-length-unsigned-integer', roles: ['default-clock-timestamp'] }),
        member('of_context', {
          type: 'dynamic-length-blob',
          'length-field-location': { origin: 'packet-context', path: ['cpu_id'] },
        }),
      ),
      'event-record-common-context-field-class': structure(member('n', 'u8')),
    },
    {
      type: 'event-record-class',
      id: 0,
      'data-stream-class-id': 3,
      name: 'scalars',
      attributes: { 'lttng.org,2009': { 'log-level': 'debug-line' } },
      'payload-field-class': structure(
        member('bits', {
          type: 'fixed-length-bit-array',
          length: 12,
          'byte-order': 'big-endian',
          'bit-order': 'first-to-last',
          alignment: 8,
        }),
        member('map', {
          type: 'fixed-length-bit-map',
          length: 8,
          'byte-order': 'little-endian',
          alignment: 8,
          flags: { write: [[1, 1]], read: [[0, 0]], rest: [[4, 7]] },
        }),
        member('yes', { type: 'fixed-length-boolean', length: 8, 'byte-order': 'little-endian' }),
        member('kind', unsigned(8, { mappings: { one: [[1, 1]], few: [[1, 3]] } })),
        member('hex', unsigned(16, { 'preferred-display-base': 16 })),
        member('signed', {
          type: 'fixed-length-signed-integer',
          length: 64,
          'byte-order': 'big-endian',
          alignment: 8,
          mappings: { least: [[-(2 ** 63), -(2 ** 63)]] },
        }),
        member('float', {
          type: 'fixed-length-floating-point-number',
          length: 32,
          'byte-order': 'little-endian',
          alignment: 8,
        }),
        member('uleb', { type: 'variable-length-unsigned-integer' }),
        member('sleb', { type: 'variable-length-signed-integer' }),
      ),
    },
    {
      type: 'event-record-class',
      id: 1,
      'data-stream-class-id': 3,
      name: 'compounds',
      'specific-context-field-class': structure(member('tag', 'u8')),
      'payload-field-class': structure(
        member('text', { type: 'null-terminated-string' }),
        member('wide', { type: 'null-terminated-string', encoding: 'utf-16le' }),
        member('fixed', { type: 'static-length-string', length: 8, encoding: 'utf-32be' }),
        member('length', { type: 'variable-length-unsigned-integer' }),
        member('sized', { type: 'dynamic-length-string', 'length-field-location': payload('length') }),
        member('blob', {
          type: 'dynamic-length-blob',
          'length-field-location': { path: ['length'] },
          'media-type': 'image/png',
        }),
        member('pairs', { type: 'static-length-array', length: 2, 'element-field-class': 'pair' }),
        member('many', {
          type: 'dynamic-length-array',
          'length-field-location': {
            origin: 'event-record-common-context',
            path: ['n'],
          },
          'element-field-class': 'u8',
          'minimum-alignment': 16,
        }),
        member(
          'inner',
          structure(
            member('has', { type: 'fixed-length-boolean', length: 8, 'byte-order': 'little-endian' }),
            member('maybe', {
              type: 'optional',
              'selector-field-location': { path: ['has'] },
              'field-class': 'u8',
            }),
            member('maybe_not', {
              type: 'optional',
              'selector-field-location': { path: [null, 'length'] },
              'selector-field-ranges': [[100, 200]],
              'field-class': 'pair',
            }),
          ),
        ),
        member('choice', {
          type: 'variant',
          'selector-field-location': { origin: 'event-record-specific-context', path: ['tag'] },
          options: [
            { name: 'small', 'selector-field-ranges': [[0, 4]], 'field-class': 'u8' },
            { 'selector-field-ranges': [[5, 9]], 'field-class': { type: 'null-terminated-string' } },
          ],
        }),
      ),
    },
  ];
}

/** The metadata text of fragments. Integers beyond 2^53 are lost to doubles, so the sample's are written by hand. */
export function ctf2Text(fragments: readonly unknown[] = ctf2Fragments()): string {
  return fragments
    .map((fragment) => `\u001e${JSON.stringify(fragment, null, 1)}\n`)
    .join('')
    .replaceAll('18446744073709552000', '18446744073709551615')
    .replaceAll('-9223372036854776000', '-9223372036854775808');
}

import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { parseTsdl, readMetadata } from './metadata.ts';
import { lttngSample as lttng } from './testing/lttng-sample.ts';
import type { FieldClass, StructureFieldClass, TraceClass } from './model.ts';

const types = `
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 64; align = 8; signed = false; } := unsigned long;
`;
const trace = `trace { major = 1; minor = 8; byte_order = le; };\n`;

/** The payload of the only event of metadata whose `fields` is given. */
function payloadOf(fields: string, before = ''): StructureFieldClass {
  const traceClass = parseTsdl(`${types}${before}${trace}event { name = e; fields := ${fields}; };`);
  return traceClass.streamClasses[0]!.eventClasses[0]!.payload!;
}

function member(structure: StructureFieldClass, name: string): FieldClass {
  return structure.members.find((candidate) => candidate.name === name)!.fieldClass;
}

/** `CODE WHERE: MESSAGE` of the error that metadata causes. */
function complaint(text: string): string {
  try {
    parseTsdl(text, 'm');
  } catch (error) {
    if (error instanceof SpoorError) return `${error.code} ${error.where}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('metadata as LTTng writes it', () => {
  const traceClass: TraceClass = parseTsdl(lttng);
  const [stream] = traceClass.streamClasses;

  test('the trace', () => {
    expect(traceClass.uuid).toBe('2a6422d0-6cee-11e0-8c08-cb07d7b3a564');
    expect([...traceClass.environment]).toEqual([
      ['hostname', 'box'],
      ['tracer_major', 2n],
      ['vpid', -1n],
    ]);
    expect(traceClass.clockClasses[0]?.offsetTicks).toBe(1594406328768346378n);
  });

  test('roles by the names of fields', () => {
    const rolesOf = (structure: StructureFieldClass | undefined): unknown =>
      structure?.members.map(({ name, fieldClass }) => [name, 'roles' in fieldClass ? fieldClass.roles : []]);
    expect(rolesOf(traceClass.packetHeader)).toEqual([
      ['magic', ['packet-magic-number']],
      ['uuid', ['metadata-stream-uuid']],
      ['stream_id', ['data-stream-class-id']],
      ['stream_instance_id', ['data-stream-id']],
    ]);
    expect(rolesOf(stream?.packetContext)).toEqual([
      ['timestamp_begin', ['default-clock-timestamp']],
      ['timestamp_end', ['packet-end-default-clock-timestamp']],
      ['content_size', ['packet-content-length']],
      ['packet_size', ['packet-total-length']],
      ['packet_seq_num', ['packet-sequence-number']],
      ['events_discarded', ['discarded-event-record-counter-snapshot']],
      ['cpu_id', []],
    ]);
    expect(stream?.clockClass?.name).toBe('monotonic');
  });

  test('the compact event header', () => {
    const header = stream!.eventHeader!;
    expect(header.alignmentBits).toBe(8);
    const id = member(header, 'id');
    const variant = member(header, 'v');
    if (id.kind !== 'integer' || variant.kind !== 'variant') throw new Error('wrong kinds');
    expect(id).toMatchObject({ lengthBits: 5, roles: ['event-record-class-id'] });
    expect(variant.selectorLocation).toEqual({ scope: 'event-header', path: ['id'] });
    expect(variant.options.map(({ name, ranges }) => [name, ranges])).toEqual([
      ['compact', [{ lower: 0n, upper: 30n }]],
      ['extended', [{ lower: 31n, upper: 31n }]],
    ]);
    const extended = variant.options[1]!.fieldClass as StructureFieldClass;
    expect(member(extended, 'id')).toMatchObject({ roles: ['event-record-class-id'] });
    expect(member(extended, 'timestamp')).toMatchObject({
      roles: ['default-clock-timestamp'],
      clockName: 'monotonic',
    });
  });

  test('an event', () => {
    const [event] = stream!.eventClasses;
    expect(event).toMatchObject({ id: 7n, name: 'shop:order', logLevel: 6 });
    expect(event?.payload?.members.map(({ name }) => name)).toEqual([
      'order',
      'customer',
      '_items_length',
      'items',
    ]);
    expect(member(event!.payload!, 'items')).toMatchObject({
      kind: 'dynamic-array',
      lengthLocation: { scope: 'event-payload', path: ['_items_length'] },
    });
  });
});

describe('types', () => {
  test('dimensions nest as in C', () => {
    const field = member(payloadOf('struct { uint8_t a[2][3]; }'), 'a');
    expect(field).toMatchObject({ kind: 'static-array', length: 2, element: { length: 3 } });
  });

  test('a declaration may stand after its use by a block, and types before the byte order', () => {
    const text = `typealias integer { size = 16; } := u16; event { name = e; fields := struct s; };
      trace { major = 1; minor = 8; byte_order = be; }; struct s { u16 x; };`;
    const payload = parseTsdl(text).streamClasses[0]!.eventClasses[0]!.payload!;
    expect(member(payload, 'x')).toMatchObject({ byteOrder: 'be', alignmentBits: 8 });
  });

  test('pointers have types of their own and are shown in base 16', () => {
    const field = member(
      payloadOf('struct { void *p; }', 'typealias integer { size = 64; align = 8; } := void *;\n'),
      'p',
    );
    expect(field).toMatchObject({ lengthBits: 64, displayBase: 16 });
  });

  test('a length is looked for outwards, and an unsuitable field of that name is passed over', () => {
    const payload = payloadOf(`struct { uint8_t len;
      typedef struct { uint32_t a[len]; } inner_t;
      struct { string len; inner_t x; } s; }`);
    const inner = member(member(payload, 's') as StructureFieldClass, 'x') as StructureFieldClass;
    expect(member(inner, 'a')).toMatchObject({ lengthLocation: { scope: 'event-payload', path: ['len'] } });
  });

  test('alignment is the greatest of the declared one and the members', () => {
    expect(payloadOf('struct { uint8_t a; } align(32)').alignmentBits).toBe(32);
    expect(payloadOf('struct { integer { size = 8; align = 64; } a[0]; } align(32)').alignmentBits).toBe(64);
  });
});

describe('errors', () => {
  test('name the place and what belongs there', () => {
    expect(complaint(`${trace}typealias integer { size = ; } := x;`)).toBe(
      'ctf/metadata-syntax m:2:28: expected the size of an integer in bits, but found `;`',
    );
    expect(complaint(`${trace}event { name = e; fields := struct { nix a; }; };`)).toBe(
      'ctf/metadata-invalid m:2:38: no type named `nix` is defined before this place',
    );
    expect(complaint(`${trace}stream {`)).toBe('ctf/metadata-syntax m:2:8: this `{` has no matching `}`');
  });

  test('a missing trace block', () => {
    expect(complaint(types)).toContain('no `trace` block');
  });
});

describe('packets', () => {
  /** Wraps text in packets of at most `size` bytes of content. */
  function packets(text: string, littleEndian: boolean, size: number): Uint8Array {
    const content = new TextEncoder().encode(text);
    const parts: number[] = [];
    for (let at = 0; at < content.length; at += size) {
      const piece = content.subarray(at, at + size);
      const packet = new Uint8Array(37 + size);
      const view = new DataView(packet.buffer);
      view.setUint32(0, 0x75d11d57, littleEndian);
      view.setUint32(24, (37 + piece.length) * 8, littleEndian);
      view.setUint32(28, packet.length * 8, littleEndian);
      packet.set([1, 8], 35);
      packet.set(piece, 37);
      parts.push(...packet);
    }
    return Uint8Array.from(parts);
  }

  test('of both byte orders, cut within words', () => {
    expect(readMetadata(packets(lttng, true, 100))).toEqual(parseTsdl(lttng));
    const bigEndian = lttng.replace('byte_order = le', 'byte_order = be');
    expect(readMetadata(packets(bigEndian, false, 77))).toEqual(parseTsdl(bigEndian));
    expect(() => readMetadata(packets(lttng, false, 77))).toThrow('the metadata packets are be');
  });

  test('cut short: the error names the byte', () => {
    const whole = packets(lttng, true, 100);
    expect(() => readMetadata(whole.subarray(0, 300), 'm')).toThrow(
      expect.objectContaining({ code: 'ctf/metadata-packet', where: 'm at byte 274' }),
    );
    expect(() => readMetadata(whole.subarray(0, 140), 'm')).toThrow(
      expect.objectContaining({ code: 'ctf/metadata-packet', where: 'm at byte 137' }),
    );
  });

  test('cut short: what is whole can be kept', () => {
    const problems: string[] = [];
    const onTruncated = (error: SpoorError): void => void problems.push(`${error.where}: ${error.message}`);
    const salvage = (bytes: Uint8Array): TraceClass => readMetadata(bytes, 'm', { onTruncated });
    const event = lttng.slice(lttng.indexOf('event {'));
    const two = `${lttng}${event.replace('id = 7', 'id = 8')}`;
    const whole = packets(two, true, 1 << 16).subarray(0, 37 + two.length);
    for (const cut of [1, 10, 100, event.length - 1]) {
      const [stream] = salvage(whole.subarray(0, whole.length - cut)).streamClasses;
      expect(stream?.eventClasses.map(({ id }) => id)).toEqual(cut === 1 ? [7n, 8n] : [7n]);
    }
    expect(problems[0]).toBe(
      `m at byte 0: the metadata is cut short: a packet of 65573 bytes has only ${whole.length - 1}`,
    );
    problems.length = 0;
    const text = new TextEncoder().encode(two);
    expect(salvage(text.subarray(0, text.length - 20)).streamClasses[0]?.eventClasses.length).toBe(1);
    expect(problems.length).toBe(1);
    expect(() => salvage(text.subarray(0, 500))).toThrow('this string has no end');
    expect(() => salvage(new TextEncoder().encode(two.replace('size = 16', 'size = 0')))).toThrow(
      'at least one bit',
    );
    expect(() => readMetadata(text.subarray(0, text.length - 20))).toThrow('has no matching');
  });

  test('of another version, and what is no metadata at all', () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(() => readMetadata(bytes('\u001e{"type":"preamble","version":3}'))).toThrow('not version 2');
    expect(() => readMetadata(bytes('hello'))).toThrow('not the metadata of a CTF trace');
    expect(() => readMetadata(bytes(`/* CTF 1.9 */\n${trace}`))).toThrow('only 1.8');
  });
});

test.each(['struct {} x[4294967295]', 'struct {} x[1000][1000]', 'struct { struct {} a[500]; } x[500]'])(
  'elements without bits are not without number: %s',
  (field) => {
    const text = (inner: string) =>
      `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; }; stream {};
      event { name = "e"; fields := struct { ${inner}; }; };`;
    expect(() => parseTsdl(text(field))).toThrow(/too many parts/);
    expect(() => parseTsdl(text('struct {} x[1000]'))).not.toThrow();
    expect(() => parseTsdl(text('integer { size = 1; } x[4294967295]'))).not.toThrow();
  },
);

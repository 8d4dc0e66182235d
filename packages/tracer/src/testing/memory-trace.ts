// A trace made in memory by the parts that a recording uses, for tests without processes.
import { formatEventTsdl, formatTraceTsdl } from '@spoor/ctf/encode';
import { RingProducer, RingReader, memoryStore, ringSizeBytes, type RingGeometry } from '@spoor/ringbuffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSerialiser } from '../compile.ts';
import type { Declaration } from '../declaration.ts';
import { RingStrings, StringTable, stringDeclaration } from '../interned-strings.ts';
import { makeRingWriter, makeStacks, type RingWriter, type Sink, type Stacks } from '../serialiser.ts';
import { makeEventClass, makeStreamClass, makeTraceClass } from '../trace-class.ts';
import type { ContextField } from '../contexts.ts';

const uuid = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

/** A ring in memory with all that serialisers need. */
export interface MemoryRing {
  readonly writer: RingWriter;
  readonly stacks: Stacks;
  readonly reader: RingReader;
}

/** The ring as the only one that events of a class go to. */
export function sinksOf({ writer }: MemoryRing, eventId: number): readonly Sink[] {
  return [{ writer, eventId, contexts: [] }];
}

/** The same for events with interned strings, whose texts events of `stringEventId` tell. */
export function sinksWithStrings(
  { writer, stacks }: MemoryRing,
  eventId: number,
  stringEventId: number,
  make: typeof compileSerialiser = compileSerialiser,
  contexts: readonly ContextField[] = [],
  table: StringTable = new StringTable(),
): readonly Sink[] {
  const tell = make(stringDeclaration, [{ writer, eventId: stringEventId, contexts }], stacks);
  const strings = new RingStrings(table, writer.ring, tell);
  return [{ writer, eventId, contexts, strings }];
}

export function makeMemoryRing(
  geometry: RingGeometry = { subBufferSizeBytes: 64 * 1024, subBufferCount: 8 },
): MemoryRing {
  const memory = new ArrayBuffer(ringSizeBytes(geometry));
  const ring = new RingProducer(memory, {
    ...geometry,
    mode: 'discard',
    pid: 1,
    tid: 2,
    ringNumber: 0,
    processStartTicks: 0n,
    threadStartTicks: 0n,
    uuid: Buffer.from(uuid.replaceAll('-', ''), 'hex'),
    tier: 'mapped',
    streamClassId: 0,
    channelName: 'ch0',
    cpuId: () => 0,
  });
  return {
    writer: makeRingWriter(ring),
    stacks: makeStacks(),
    reader: new RingReader(memoryStore(memory), 'memory'),
  };
}

/** Runs `emit` and hands the bytes of the event's payload back; undefined when it was lost. */
export function payloadBytes({ writer: { ring } }: MemoryRing, emit: () => void): Uint8Array | undefined {
  const before = ring.committed[0]!;
  const base = ring.base;
  let at = ring.pos;
  emit();
  if (ring.committed[0] === before) return undefined;
  if (ring.base !== base || at === 0) at = ring.base + 80;
  const headerBytes = (ring.bytes[at]! & 31) === 31 ? 13 : 4;
  return new Uint8Array(ring.bytes.subarray(at + headerBytes, ring.pos));
}

/** Metadata of a trace with these event classes, whose ids are their positions. */
export function metadataText(
  declarations: readonly Declaration[],
  contexts: readonly ContextField[] = [],
): string {
  const traceClass = makeTraceClass({
    uuid,
    environment: new Map<string, string | bigint>([
      ['domain', 'ust'],
      ['hostname', 'test'],
    ]),
    clockUuid: undefined,
    clockOffsetNs: 1_700_000_000_000_000_000n,
  });
  const members = contexts.flatMap((context) => context.members);
  const header = formatTraceTsdl(traceClass, [makeStreamClass(0, members)]);
  const events = declarations.map((declaration, id) => formatEventTsdl(makeEventClass(declaration, id), 0n));
  return [header, ...events].join('\n');
}

/** Writes what the ring holds as a trace directory. */
export function writeTrace(
  folder: string,
  declarations: readonly Declaration[],
  { writer, reader }: MemoryRing,
  contexts: readonly ContextField[] = [],
): void {
  writer.ring.close();
  const packets: Uint8Array[] = [];
  for (const sequence of reader.poll().finished) {
    packets.push(reader.read(sequence)!.bytes.slice());
    reader.release(sequence);
  }
  const rest = reader.recover();
  if (rest !== undefined) packets.push(rest.bytes.slice());
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'metadata'), metadataText(declarations, contexts));
  writeFileSync(join(folder, 'ch0_0'), Buffer.concat(packets));
}

// A trace made in memory by the parts that a recording uses, for tests without processes.
import { formatEventTsdl, formatTraceTsdl } from '@spoor/ctf/encode';
import { RingProducer, RingReader, memoryStore, ringSizeBytes, type RingGeometry } from '@spoor/ringbuffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Declaration } from '../declaration.ts';
import { makeThreadWriter, type ThreadWriter } from '../serialiser.ts';
import { STREAM_CLASS_ID, makeEventClass, makeTraceClass } from '../trace-class.ts';

const uuid = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

/** A ring in memory with all that serialisers need. */
export interface MemoryRing {
  readonly writer: ThreadWriter;
  readonly reader: RingReader;
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
    streamClassId: STREAM_CLASS_ID,
    cpuId: () => 0,
  });
  return { writer: makeThreadWriter(ring), reader: new RingReader(memoryStore(memory), 'memory') };
}

/** Metadata of a trace with these event classes, whose ids are their positions. */
export function metadataText(declarations: readonly Declaration[]): string {
  const header = formatTraceTsdl(
    makeTraceClass({
      uuid,
      environment: new Map<string, string | bigint>([
        ['domain', 'ust'],
        ['hostname', 'test'],
      ]),
      clockUuid: undefined,
      clockOffsetNs: 1_700_000_000_000_000_000n,
    }),
  );
  const events = declarations.map((declaration, id) =>
    formatEventTsdl(makeEventClass(declaration, id), BigInt(STREAM_CLASS_ID)),
  );
  return [header, ...events].join('\n');
}

/** Writes what the ring holds as a trace directory. */
export function writeTrace(
  folder: string,
  declarations: readonly Declaration[],
  { writer, reader }: MemoryRing,
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
  writeFileSync(join(folder, 'metadata'), metadataText(declarations));
  writeFileSync(join(folder, 'ch0_0'), Buffer.concat(packets));
}

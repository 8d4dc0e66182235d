// What a subscription reads by: a private ring of this thread, in plain memory, and decoders of the classes in it. The
// same thread writes and reads, never at once: so nothing waits for anything.
import {
  MemorySource,
  EventBatch,
  PacketHeaderDecoder,
  StreamDecoder,
  StreamReader,
  scanStatus,
  type Accessor,
  type FieldValue,
  type TraceClass,
} from '@spoor/ctf';
import {
  RingProducer,
  RingReader,
  currentThreadId,
  measureClockOffsetNs,
  memoryStore,
  ringSizeBytes,
  type EventRule,
  type RingGeometry,
} from '@spoor/ringbuffer';
import type { Declaration, FieldPlan } from './declaration.ts';
import { RuleSet } from './event-rules.ts';
import { RingStrings, stringDeclaration } from './interned-strings.ts';
import { hrtimeBigint } from './primordials.ts';
import { hasInternedStrings, makeRingWriter, type RingWriter, type Sink } from './serialiser.ts';
import type { EventReceiver, ReceiverParts } from './session-slot.ts';
import { makeEventClass, makeStreamClass, makeTraceClass } from './trace-class.ts';
import { ownPid } from '@spoor/sys';

/** An event of the program's own, with all its values. */
export interface OwnEvent {
  /** `provider:event`. */
  readonly name: string;
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** LTTng-UST's number of its log level. */
  readonly logLevel: number;
  readonly fields: { readonly [member: string]: FieldValue };
}

const uuid = '00000000-0000-0000-0000-000000000000';
const SUB_BUFFER_COUNT = 8;
const GRAIN_BYTES = 4096;
const BATCH_EVENTS = 1024;

/** A ring of about so many bytes. */
function geometryOf(memoryBytes: number): RingGeometry {
  const grains = Math.max(1, Math.floor(memoryBytes / SUB_BUFFER_COUNT / GRAIN_BYTES));
  return { subBufferCount: SUB_BUFFER_COUNT, subBufferSizeBytes: grains * GRAIN_BYTES };
}

/** Takes events of this thread and hands them out again. */
export class OwnEvents implements EventReceiver {
  readonly #rules: RuleSet;
  readonly #memory: ArrayBuffer;
  readonly #ring: RingProducer;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #batch = new EventBatch(BATCH_EVENTS);
  /** By event id; the first tells the texts of interned strings. */
  readonly #classes: Declaration[] = [stringDeclaration];
  readonly #texts = new Map<FieldValue, FieldValue>();
  readonly #clockOffsetNs: bigint;
  readonly #beganNs = hrtimeBigint();
  #strings: RingStrings | undefined;
  /** For the classes so far. */
  #decoders: Decoders | undefined;

  /** @throws SpoorError `filter/…` when a rule's filter cannot be read. */
  constructor(rules: readonly EventRule[], memoryBytes: number) {
    const geometry = geometryOf(memoryBytes);
    this.#rules = new RuleSet(rules);
    this.#memory = new ArrayBuffer(ringSizeBytes(geometry));
    this.#ring = new RingProducer(this.#memory, {
      ...geometry,
      mode: 'discard',
      pid: ownPid,
      tid: currentThreadId(),
      ringNumber: 0,
      processStartTicks: 0n,
      threadStartTicks: 0n,
      uuid: new Uint8Array(16),
      tier: 'mapped',
      streamClassId: 0,
      channelName: 'own',
      cpuId: () => 0,
    });
    this.#writer = makeRingWriter(this.#ring);
    this.#reader = new RingReader(memoryStore(this.#memory), 'own events');
    this.#clockOffsetNs = measureClockOffsetNs();
  }

  /** Events lost so far, because nobody had read those before. */
  get lostEvents(): number {
    return this.#ring.lostEvents;
  }

  takes(declaration: Declaration): boolean {
    return this.#rules.takes(declaration);
  }

  sinkOf(declaration: Declaration, parts: ReceiverParts): Sink | undefined {
    const verdict = this.#rules.verdict(declaration, parts.contexts);
    if (verdict === 'none') return undefined;
    const writer = this.#writer;
    return {
      writer,
      eventId: this.#idOf(declaration),
      contexts: [],
      filters: verdict === 'all' ? undefined : verdict,
      strings: hasInternedStrings(declaration.fields) ? this.#openStrings(parts) : undefined,
    };
  }

  /** Decodes what is in the ring and takes it out: a packet whenever the one before was used up. */
  *take(): Generator<OwnEvent, void, undefined> {
    this.#ring.flush();
    for (const sequence of this.#reader.poll().finished) {
      // A copy: while its events are used, others may be recorded, and read by others who take them.
      const bytes = this.#reader.read(sequence)?.bytes.slice();
      this.#reader.release(sequence);
      if (bytes !== undefined) yield* this.#decode(bytes);
    }
  }

  #idOf(declaration: Declaration): number {
    const known = this.#classes.indexOf(declaration);
    if (known >= 0) return known;
    this.#decoders = undefined;
    return this.#classes.push(declaration) - 1;
  }

  #openStrings({ strings, makeSerialiser }: ReceiverParts): RingStrings {
    const writer = this.#writer;
    this.#strings ??= new RingStrings(
      strings,
      writer.ring,
      makeSerialiser(stringDeclaration, [{ writer, eventId: 0, contexts: [] }]),
    );
    return this.#strings;
  }

  *#decode(bytes: Uint8Array): Generator<OwnEvent, void, undefined> {
    const decoders = (this.#decoders ??= new Decoders(this.#classes, this.#clockOffsetNs));
    const { stream, header, accessors, interned } = decoders;
    const silent = { damaged() {}, lost() {} };
    const reader = new StreamReader([new MemorySource('own events', bytes)], header, stream, silent, 0);
    if (!reader.nextPacket()) return;
    const { cursor } = reader;
    // Times relative to this are exact for 104 days.
    cursor.originHi = Number(this.#beganNs >> 32n);
    cursor.originLo = Number(this.#beganNs & 0xffff_ffffn);
    const baseNs = this.#clockOffsetNs + this.#beganNs;
    const batch = this.#batch;
    this.#texts.clear();
    for (;;) {
      batch.count = 0;
      const status = stream.scan(cursor, batch, Infinity);
      // Rows are handed out in between: another reading may fill the batch meanwhile.
      const rows = Array.from({ length: batch.count }, (_, row) => ({
        classIndex: batch.classIndex[row]!,
        offsetBits: batch.offsetBits[row]!,
        timeNs: batch.timeNs[row]!,
      }));
      for (const { classIndex, offsetBits, timeNs } of rows) {
        const values = accessors[classIndex]!(cursor.bytes, cursor.view, offsetBits, cursor.externals);
        const fields = (values ?? {}) as Record<string, FieldValue>;
        if (classIndex === 0) {
          this.#texts.set(fields['id']!, fields['text']!);
          continue;
        }
        for (const path of interned[classIndex]!) replaceId(fields, path, this.#texts);
        const { name, logLevel } = decoders.classes[classIndex]!;
        yield { name, time: baseNs + BigInt(timeNs), logLevel, fields };
      }
      if (status !== scanStatus.batchFull) return;
    }
  }
}

/** Decoders of a set of classes. */
class Decoders {
  readonly classes: readonly Declaration[];
  readonly header: PacketHeaderDecoder;
  readonly stream: StreamDecoder;
  readonly accessors: readonly Accessor[];
  /** By class: where interned strings are in the payload. */
  readonly interned: readonly (readonly (readonly string[])[])[];

  constructor(classes: readonly Declaration[], clockOffsetNs: bigint) {
    this.classes = [...classes];
    const facts = { uuid, environment: new Map(), clockUuid: undefined, clockOffsetNs };
    const bare = makeTraceClass(facts);
    const streamClass = {
      ...makeStreamClass(0, [], bare.clockClasses[0]),
      eventClasses: classes.map((declaration, id) => makeEventClass(declaration, id)),
    };
    const traceClass: TraceClass = { ...bare, streamClasses: [streamClass] };
    this.header = new PacketHeaderDecoder(traceClass);
    const stream = new StreamDecoder(traceClass, streamClass);
    this.stream = stream;
    this.accessors = classes.map((_, index) => stream.accessor(index, 'event-payload'));
    this.interned = classes.map(({ fields }) => internedPaths(fields, []));
  }
}

function internedPaths(
  fields: readonly FieldPlan[],
  path: readonly string[],
): readonly (readonly string[])[] {
  return fields.flatMap(({ name, plan }) => {
    if (plan.kind === 'struct') return internedPaths(plan.members, [...path, name]);
    return plan.kind === 'string' && plan.storage === 'interned' ? [[...path, name]] : [];
  });
}

/** Puts a text where its number is. */
function replaceId(
  fields: Record<string, FieldValue>,
  path: readonly string[],
  texts: ReadonlyMap<FieldValue, FieldValue>,
): void {
  let holder = fields;
  for (const name of path.slice(0, -1)) holder = holder[name] as Record<string, FieldValue>;
  const last = path.at(-1)!;
  holder[last] = texts.get(holder[last]!) ?? '';
}

/** Where the pages of one ring of a session go: into the files of the current trace chunk, or into those of a snapshot. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '@spoor/base';
import { birthEvent, namingEvent, tasksIn, type RingTasks } from '../contexts/task-births.ts';
import type { Settler } from '../contexts/task-table.ts';
import { batchBytesOf } from '../drain/page-sink.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { lostOf, parseRingStatistics } from '../tracefs/ring-statistics.ts';
import { factsBefore, type PacketFacts } from '../transcode/packet-buffer.ts';
import type { PageStream } from '../transcode/page-stream.ts';
import type { KernelTranscoder } from '../transcode/transcoder.ts';
import type { SpoolOutput } from './page-spool.node.ts';
import type { ConversionKind, RingTotals, TracePlace } from './reader-messages.ts';
import { borrow, giveBack, type SessionSinkData } from './session-transcoder.node.ts';
import { StreamFiles, unlimited, type FileLimits } from './stream-files.node.ts';

const nothing = { eventCount: 0, lostCount: 0, unwrittenCount: 0 };

/** Of packets in files that are large enough. */
const usualPacketBytes = 524_288;

interface Packet {
  readonly bytes: Uint8Array;
  readonly lengthBytes: number;
  readonly facts: PacketFacts;
  /** Classes of which it has events, by their ids. */
  readonly used: Uint8Array;
}

/** What no time will mend: the directory was removed, or no file can have the name. */
const lasting: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** Whether what the output does not take may be taken later: when there is room, or may be written, or fewer files are open. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = (error.cause ?? error) as NodeJS.ErrnoException;
  return errno !== undefined && !lasting.has(code);
}

/** The sink of one ring. */
export class SessionSink implements SpoolOutput {
  private readonly cpu: number;
  private readonly layout: PageLayout;
  private readonly statisticsPath: string;
  private readonly settle: Settler | undefined;
  private data: SessionSinkData;
  private transcoder: KernelTranscoder;
  private stream: PageStream;
  private place: TracePlace | undefined;
  private files: StreamFiles | undefined;
  /** Where packets went before it was suspended. */
  private placeBefore: TracePlace | undefined;
  /** The last packet of the stream in files that are closed. */
  private last: PacketFacts | undefined;
  private pastEvents = 0;
  private pastBytes = 0;
  private pastUnwritten = 0;
  private pastDamaged = 0;
  /** Whether all of its streams are among the past ones. */
  private isClosed = false;
  /** Packets of pages that have waited, which found no room yet, in their order. */
  private held: (Packet & { readonly events: number })[] = [];
  /** Whether packets that find no room are held. */
  private holdsPackets = false;
  /** Why they are. */
  stuck: string | undefined;
  /** Why events could not be written, the first time. */
  trouble: string | undefined;
  /** Losses that earlier streams and readers have told of. */
  private pastLost: number;

  constructor(
    cpu: number,
    layout: PageLayout,
    instancePath: string,
    data: SessionSinkData,
    place: TracePlace | undefined,
    toldLost: number,
    settle: Settler | undefined,
  ) {
    this.cpu = cpu;
    this.layout = layout;
    this.statisticsPath = join(instancePath, `per_cpu/cpu${cpu}/stats`);
    this.data = data;
    this.place = place;
    this.pastLost = toldLost;
    this.settle = settle;
    this.transcoder = borrow(data, layout, settle);
    this.stream = this.makeStream();
  }

  /** @param isSnapshot whether nobody is told of what was before: that more is not kept is what was asked for. */
  private makeStream(limits: FileLimits = this.data.limits, isSnapshot = false): PageStream {
    const { cpu, transcoder } = this;
    const { sizeBytes } = limits;
    const stream: PageStream = transcoder.stream({
      cpu,
      // Streams of a trace differ in class and number.
      instance: cpu,
      inputBytes: batchBytesOf(this.layout),
      toldLost: isSnapshot ? 0 : this.pastLost,
      tellsFirstLoss: !isSnapshot,
      // A packet has room beyond that for its last event, and must not be larger than a file.
      ...(sizeBytes > 0 ? { packetBytes: Math.min(usualPacketBytes, Math.ceil(sizeBytes / 2)) } : {}),
      output: {
        packet: (bytes, lengthBytes, facts) => {
          if (this.place === undefined) {
            // What it tells of losses is not told again.
            this.last = facts;
            return;
          }
          const packet = { bytes, lengthBytes, facts, used: stream.used };
          try {
            if (this.held.length === 0) this.write(packet, limits, isSnapshot);
            else this.hold(packet, stream.packetEvents);
          } catch (error) {
            if (this.holdsPackets && isPassing(error)) {
              this.stuck = describeError(error);
              this.hold(packet, stream.packetEvents);
              return;
            }
            // There may be room again later: until then losses are counted.
            stream.giveUp();
            this.trouble ??= describeError(error);
          }
        },
      },
    });
    return stream;
  }

  /** Name of its file, or what the names of its files begin with. */
  private get streamName(): string {
    const { channel, fileSuffix } = this.data;
    return `${channel}_${this.cpu}${fileSuffix}`;
  }

  private write({ bytes, lengthBytes, facts, used }: Packet, limits: FileLimits, isSnapshot: boolean): void {
    const before = isSnapshot ? facts : (this.last ?? factsBefore(facts));
    this.files ??= new StreamFiles(this.place!, this.streamName, this.transcoder, limits, before);
    this.files.packet(bytes, lengthBytes, facts, used);
  }

  private hold({ bytes, lengthBytes, facts, used }: Packet, events: number): void {
    this.held.push({ bytes: bytes.slice(0, lengthBytes), lengthBytes, facts, used: used.slice(), events });
  }

  /** Whether packets of pages that have waited find no room. They are held, and nothing more must come. */
  get isStuck(): boolean {
    return this.held.length > 0;
  }

  /**
   * Pages that have waited come now: first what was held of those before. Packets that find no room are held, unless it is the last
   * time that there may be some.
   */
  beginConversion(how: ConversionKind): void {
    if (how === 'cleared') this.held = [];
    this.stuck = undefined;
    this.holdsPackets = how === 'kept';
    while (this.held.length > 0) {
      try {
        this.write(this.held[0]!, this.data.limits, false);
        this.held.shift();
      } catch (error) {
        if (this.holdsPackets && isPassing(error)) {
          this.stuck = describeError(error);
          return;
        }
        this.trouble ??= describeError(error);
        const lost = this.held;
        this.held = [];
        this.stream.loseLast(lost);
      }
    }
  }

  /** What comes now is as if it had not waited. */
  endConversion(): void {
    this.holdsPackets = false;
    if (!this.isStuck && !this.isSuspended) this.tellLosses();
  }

  /** Where pages that have waited go to. */
  get target(): { readonly directory: string; readonly stream: string } | undefined {
    return this.place && { directory: this.place.directory, stream: this.streamName };
  }

  get damagedCount(): number {
    return this.pastDamaged + (this.isClosed ? 0 : this.stream.statistics.damagedCount);
  }

  get handledCount(): number {
    const { eventCount, unwrittenCount } = this.isClosed ? nothing : this.stream.statistics;
    return this.pastEvents + this.pastUnwritten + eventCount + unwrittenCount;
  }

  endPacket(): void {
    this.stream.flush();
  }

  miss(count: number): void {
    this.stream.miss(count);
  }

  /** Types of the records that are events of the trace, where filters take them. */
  get wantedTypes(): ReadonlySet<number> {
    const wanted = new Set(this.data.wanted);
    return new Set(
      this.data.formats.flatMap(({ system, name, id }) => (wanted.has(`${system}:${name}`) ? [id] : [])),
    );
  }

  /** Memory that pages are best read into, of this stream: {@link batchBytesOf} the layout. */
  get input(): Uint8Array<ArrayBuffer> | undefined {
    return this.stream.input;
  }

  page(bytes: Uint8Array, at: number, lengthBytes: number): void {
    this.stream.page(bytes, at, lengthBytes);
  }

  /** Whether there are events of tasks that another ring may tell of. */
  get isWaiting(): boolean {
    return this.stream.isWaiting;
  }

  /** @param mayHaveLost whether the ring may have been full since the last time. */
  flush(mayHaveLost: boolean): void {
    this.stream.flush();
    if (mayHaveLost || this.stream.hasUncountedLosses) this.reckonLosses();
  }

  /** Has packets that are written tell of all that the ring has lost, for whoever reads the trace now. */
  tellLosses(): void {
    this.reckonLosses();
    this.stream.tellLosses();
  }

  /** Pages tell of events that were overwritten, if they have room for the number, and not of those that found no room. */
  private reckonLosses(): void {
    const counts = parseRingStatistics(readFileSync(this.statisticsPath, 'latin1'), this.cpu);
    this.stream.reckonLosses(lostOf(counts) - this.pastLost);
  }

  totals(failure: string | undefined): RingTotals {
    const { eventCount, lostCount, unwrittenCount } = this.isClosed ? nothing : this.stream.statistics;
    return {
      cpu: this.cpu,
      eventCount: this.pastEvents + eventCount,
      lostCount: this.pastLost + lostCount,
      unwrittenCount: this.pastUnwritten + unwrittenCount,
      writtenBytes: this.pastBytes + (this.files?.writtenBytes ?? 0),
      failure: failure ?? this.trouble,
    };
  }

  /** Whether there is no place that packets could go to. */
  get isSuspended(): boolean {
    return this.place === undefined;
  }

  /** Writes what there is; what comes waits until it is known where it goes. */
  suspend(): void {
    if (!this.isSuspended) this.tellLosses();
    this.placeBefore = this.place;
    this.place = undefined;
  }

  /** @param place where it goes from now on; undefined goes on where it was, in the same files. */
  resume(place: TracePlace | undefined): void {
    if (place !== undefined) this.closeFiles();
    this.place = place ?? this.placeBefore;
  }

  /** Ends the stream, and begins one of another description. */
  configure(data: SessionSinkData, place: TracePlace | undefined): void {
    const transcoder = borrow(data, this.layout, this.settle);
    this.endStream();
    giveBack(this.data);
    this.data = data;
    this.transcoder = transcoder;
    this.place = place;
    this.stream = this.makeStream();
  }

  /** Writes pages as a stream of their own, into another place. */
  writeTo(place: TracePlace, pages: Iterable<Uint8Array>): void {
    this.place = place;
    this.stream = this.makeStream(unlimited, true);
    for (const page of pages) this.stream.page(page, 0, page.length);
    this.endStream();
    this.place = undefined;
    this.stream = this.makeStream();
  }

  /** What pages tell of tasks; undefined where they do not tell who was made. */
  tasksIn(pages: Iterable<Uint8Array>): RingTasks | undefined {
    const formatOf = (event: string) =>
      this.data.formats.find(({ system, name }) => `${system}:${name}` === event);
    const birth = formatOf(birthEvent);
    return birth === undefined ? undefined : tasksIn(pages, this.layout, birth, formatOf(namingEvent));
  }

  close(): void {
    this.reckonLosses();
    this.endStream();
    this.isClosed = true;
    giveBack(this.data);
  }

  private endStream(): void {
    this.stream.close();
    const { eventCount, lostCount, unwrittenCount, damagedCount } = this.stream.statistics;
    this.pastUnwritten += unwrittenCount;
    this.pastDamaged += damagedCount;
    this.pastEvents += eventCount;
    this.pastLost += lostCount;
    this.closeFiles();
    this.last = undefined;
  }

  private closeFiles(): void {
    if (this.files === undefined) return;
    this.pastBytes += this.files.writtenBytes;
    this.last = this.files.last;
    this.files.close();
    this.files = undefined;
  }
}

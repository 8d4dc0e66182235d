/** Where the pages of one ring of a session go: into the files of the current trace chunk, or into those of a snapshot. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '@spoor/base';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { finderFor, taskFinder } from '../contexts/fill-task-table.node.ts';
import { birthEvent, namingEvent, tasksIn, type RingTasks } from '../contexts/task-births.ts';
import { TaskTable, type Settler, type TaskFinder } from '../contexts/task-table.ts';
import { batchBytesOf } from '../drain/page-sink.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { lostOf, parseRingStatistics } from '../tracefs/ring-statistics.ts';
import { MetAddresses } from '../symbols/met-addresses.ts';
import type { KernelTraceFacts } from '../transcode/kernel-trace-class.ts';
import { factsBefore, type PacketFacts } from '../transcode/packet-buffer.ts';
import type { PageStream } from '../transcode/page-stream.ts';
import type { TaskSelection } from '../transcode/record-filter.ts';
import { KernelTranscoder } from '../transcode/transcoder.ts';
import type { RingTotals, TracePlace } from './reader-messages.ts';
import { StreamFiles, unlimited, type FileLimits } from './stream-files.node.ts';
import { filtersOfEvent, markerEvent, type KernelRule } from './session-rules.ts';

/** How pages of a channel become events; all of it can be sent to a thread. */
export interface SessionSinkData {
  /** Channel and number of the description: rings of one share their code. */
  readonly key: string;
  /** Files are named by it, `NAME_CPU`, and `NAME_CPU-N` from the second description on. */
  readonly channel: string;
  readonly fileSuffix: string;
  /** Of each processor's files; those of snapshots have none. */
  readonly limits: FileLimits;
  readonly streamClass: number;
  readonly formats: readonly KernelEventFormat[];
  /** The file `printk_formats`, where formats need it. */
  readonly printkFormats: string;
  /** `SYSTEM:NAME` of what is in the trace. */
  readonly wanted: readonly string[];
  readonly rules: readonly KernelRule[];
  readonly selections: readonly TaskSelection[];
  readonly contexts: readonly string[];
  readonly machine: string;
  /** Names of events that are not the kernel's, by `SYSTEM:NAME`. */
  readonly eventNames: ReadonlyMap<string, string>;
  /** Events of probes that read texts of system calls, `SYSTEM:NAME`. */
  readonly textEvents: readonly string[];
  readonly facts: KernelTraceFacts;
  /** Of the task table. */
  readonly tasks: SharedArrayBuffer;
  /** The table of addresses of call stacks, where there are any. */
  readonly metAddresses: SharedArrayBuffer | undefined;
}

/** Looks for tasks where contexts, filters or trackers are about them. */
function finderOf(
  { contexts, selections, rules }: SessionSinkData,
  wanted: ReadonlySet<string>,
): TaskFinder | undefined {
  const filters = rules.flatMap(({ filter }) => filter ?? []);
  if (selections.length > 0) return taskFinder(ControlGroups.askedFor(contexts, filters));
  return finderFor(contexts, filters, wanted);
}

/** The transcoder that a description asks for: the same in all threads. */
export function sessionTranscoder(
  data: SessionSinkData,
  layout: PageLayout,
  settle?: Settler,
): KernelTranscoder {
  const wanted = new Set(data.wanted);
  const { rules, selections } = data;
  return new KernelTranscoder(new KernelFormats(layout, data.formats, () => data.printkFormats), {
    naming: 'lttng',
    machine: data.machine,
    wants: (name) => wanted.has(name),
    eventNames: data.eventNames,
    textEvents: data.textEvents,
    contexts: data.contexts,
    facts: data.facts,
    ...(data.metAddresses === undefined ? {} : { metAddresses: new MetAddresses(data.metAddresses) }),
    tasks: new TaskTable(data.tasks, finderOf(data, wanted), undefined, settle),
    streamClass: data.streamClass,
    filter: {
      filtersOf: (event) => filtersOfEvent(rules, event),
      ...(selections.length === 0 ? {} : { tasks: selections }),
    },
  });
}

/** Transcoders of this thread, by their descriptions. */
const transcoders = new Map<string, { readonly transcoder: KernelTranscoder; users: number }>();

function borrow(data: SessionSinkData, layout: PageLayout, settle: Settler | undefined): KernelTranscoder {
  const known = transcoders.get(data.key);
  if (known !== undefined) {
    known.users += 1;
    return known.transcoder;
  }
  const transcoder = sessionTranscoder(data, layout, settle);
  transcoder.warmUp();
  transcoders.set(data.key, { transcoder, users: 1 });
  return transcoder;
}

function giveBack({ key }: SessionSinkData): void {
  const known = transcoders.get(key);
  if (known === undefined) return;
  known.users -= 1;
  if (known.users === 0) transcoders.delete(key);
}

const nothing = { eventCount: 0, lostCount: 0, unwrittenCount: 0 };

/** Of packets in files that are large enough. */
const usualPacketBytes = 524_288;

/** The sink of one ring. */
export class SessionSink {
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
  /** Whether all of its streams are among the past ones. */
  private isClosed = false;
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
    const { data, cpu, transcoder } = this;
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
          if (this.place === undefined) return;
          const name = `${data.channel}_${cpu}${data.fileSuffix}`;
          try {
            const before = isSnapshot ? facts : (this.last ?? factsBefore(facts));
            this.files ??= new StreamFiles(this.place, name, transcoder, limits, before);
            this.files.packet(bytes, lengthBytes, facts, stream.used);
          } catch (error) {
            // There may be room again later: until then losses are counted.
            stream.giveUp();
            this.trouble ??= describeError(error);
          }
        },
      },
    });
    return stream;
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
    const { eventCount, lostCount, unwrittenCount } = this.stream.statistics;
    this.pastUnwritten += unwrittenCount;
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

/** Whether an event is in a trace without having been switched on. */
export const isAlwaysOn = (event: string): boolean => event === markerEvent;

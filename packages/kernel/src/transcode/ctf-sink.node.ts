/**
 * The sink of live recordings: runs in the threads that read rings, and writes what the pages hold as the streams of one
 * CTF trace, `CHANNEL_CPU` with their indexes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '@spoor/base';
import { finderFor } from '../contexts/fill-task-table.node.ts';
import { TaskLives } from '../contexts/task-lives.ts';
import { TaskTable, type Settler } from '../contexts/task-table.ts';
import { batchBytesOf, type PageSink, type RingPlace } from '../drain/page-sink.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import type { Naming } from '../mapping/map-events.ts';
import { recordFilterOf } from '../live/recording-filter.ts';
import { lostOf, parseRingStatistics } from '../tracefs/ring-statistics.ts';
import { MetAddresses } from '../symbols/met-addresses.ts';
import type { KernelTraceFacts, PlainEvent } from './kernel-trace-class.ts';
import { MetadataFile } from './metadata-file.node.ts';
import { factsBefore } from './packet-buffer.ts';
import { PacketFile } from './packet-file.node.ts';
import type { PageStream, PageStreamStatistics } from './page-stream.ts';
import { KernelTranscoder } from './transcoder.ts';

/** What the sink is asked for with; all of it can be sent to a thread. */
export interface CtfSinkData {
  /** Formats of the events that are wanted, and of all others that these need. */
  readonly formats: readonly KernelEventFormat[];
  /** The file `printk_formats`, where formats need it. */
  readonly printkFormats: string;
  /** `SYSTEM:NAME` of what is in the trace. */
  readonly wanted: readonly string[];
  /** System calls that are in the trace; all without. */
  readonly calls?: readonly string[] | undefined;
  /** Names of events that are not the kernel's, by `SYSTEM:NAME`. */
  readonly eventNames?: ReadonlyMap<string, string>;
  /** Events of probes that read texts of system calls, `SYSTEM:NAME`. */
  readonly textEvents?: readonly string[];
  /** What of the records becomes events, as an expression; all without. */
  readonly filter?: string | undefined;
  readonly naming: Naming;
  readonly machine: string;
  readonly contexts: readonly string[];
  readonly facts: KernelTraceFacts;
  readonly moreEvents: readonly PlainEvent[];
  /** Of the task table. */
  readonly tasks: SharedArrayBuffer;
  /** Of the lives of tasks, where a command is followed. */
  readonly lives?: SharedArrayBuffer | undefined;
  /** The table of addresses of call stacks, where there are any. */
  readonly metAddresses?: SharedArrayBuffer | undefined;
  /** A word a class: which are in the metadata. */
  readonly declared: SharedArrayBuffer;
  /** Where the trace is; its metadata has been begun. */
  readonly directory: string;
  readonly channel: string;
  /** Folder of the instance. */
  readonly instancePath: string;
}

/** What a ring's stream became. */
export type CtfSinkResult = PageStreamStatistics & {
  readonly writtenBytes: number;
  /** Why events are not written, if some are not. */
  readonly trouble: string | undefined;
};

/** The transcoder that {@link CtfSinkData} describes: the same in all threads. */
export function transcoderOf(
  data: Omit<CtfSinkData, 'declared'>,
  layout: RingPlace['layout'],
  settle?: Settler,
): KernelTranscoder {
  const wanted = new Set(data.wanted);
  const calls = data.calls === undefined ? undefined : new Set(data.calls);
  return new KernelTranscoder(new KernelFormats(layout, data.formats, () => data.printkFormats), {
    naming: data.naming,
    machine: data.machine,
    wants: (name) => wanted.has(name),
    ...(data.eventNames === undefined ? {} : { eventNames: data.eventNames }),
    ...(data.textEvents === undefined ? {} : { textEvents: data.textEvents }),
    ...(data.filter === undefined ? {} : { filter: recordFilterOf(data.filter) }),
    ...(calls === undefined ? {} : { wantsCall: (call: string) => calls.has(call) }),
    contexts: data.contexts,
    facts: data.facts,
    moreEvents: data.moreEvents,
    ...(data.metAddresses === undefined ? {} : { metAddresses: new MetAddresses(data.metAddresses) }),
    tasks: new TaskTable(
      data.tasks,
      finderFor(data.contexts, data.filter === undefined ? [] : [data.filter], wanted),
      data.lives === undefined ? undefined : new TaskLives(data.lives),
      settle,
    ),
  });
}

/** One transcoder for all rings that a thread reads: its code is warm for the second one. */
let last: { readonly data: CtfSinkData; readonly transcoder: KernelTranscoder } | undefined;

function sharedTranscoder(data: CtfSinkData, { layout, settle }: RingPlace): KernelTranscoder {
  if (last?.data !== data) {
    last = { data, transcoder: transcoderOf(data, layout, settle) };
    last.transcoder.warmUp();
  }
  return last.transcoder;
}

class CtfSink implements PageSink {
  readonly input: Uint8Array<ArrayBuffer> | undefined;
  private readonly stream: PageStream;
  private readonly metadata: MetadataFile;
  private readonly file: PacketFile;
  private readonly statisticsPath: string;
  private readonly cpu: number;
  private trouble: string | undefined;

  constructor(data: CtfSinkData, place: RingPlace) {
    const { cpu, layout, onTrouble } = place;
    const transcoder = sharedTranscoder(data, place);
    const name = `${data.channel}_${cpu}`;
    this.cpu = cpu;
    this.statisticsPath = join(data.instancePath, `per_cpu/cpu${cpu}/stats`);
    this.metadata = new MetadataFile(
      join(data.directory, 'metadata'),
      transcoder.traceClass,
      new Int32Array(data.declared),
    );
    this.metadata.warmUp();
    this.file = new PacketFile(data.directory, name);
    this.stream = transcoder.stream({
      cpu,
      inputBytes: batchBytesOf(layout),
      output: {
        packet: (bytes, lengthBytes, facts) => {
          try {
            // A reader that sees the packet must find its classes.
            this.metadata.declare(this.stream.used);
            this.file.appendAfter(factsBefore(facts), bytes, lengthBytes, facts);
          } catch (error) {
            // There may be room again later: until then losses are counted, and told once.
            this.stream.giveUp();
            if (this.trouble === undefined) onTrouble?.(describeError(error));
            this.trouble ??= describeError(error);
          }
        },
      },
    });
    this.input = this.stream.input;
  }

  get isWaiting(): boolean {
    return this.stream.isWaiting;
  }

  page(bytes: Uint8Array, at: number, lengthBytes: number): void {
    this.stream.page(bytes, at, lengthBytes);
  }

  flush(mayHaveLost: boolean): void {
    this.stream.flush();
    // Pages tell of events that were overwritten, if they have room for the number, and not of those that found no room.
    if (mayHaveLost || this.stream.hasUncountedLosses) this.stream.reckonLosses(this.lostCount());
  }

  close(): CtfSinkResult {
    this.flush(true);
    this.stream.close();
    this.metadata[Symbol.dispose]();
    this.file.close();
    return { ...this.stream.statistics, writtenBytes: this.file.sizeBytes, trouble: this.trouble };
  }

  private lostCount(): number {
    return lostOf(parseRingStatistics(readFileSync(this.statisticsPath, 'latin1'), this.cpu));
  }
}

/** Makes the sink of one ring; what the drain calls. */
export function createPageSink(data: unknown, place: RingPlace): PageSink {
  return new CtfSink(data as CtfSinkData, place);
}

import type { CodePlace, TraceEvent } from '@spoor/analysis';
import {
  AddressNames,
  FileBinaries,
  clockOffsetNs,
  codePlaceOf,
  defaultDebugInfoDir,
  lossBeginNs,
  type EventView,
  type Loss,
  type StreamInfo,
  type TraceInfo,
  type TraceSet,
} from '@spoor/components/node';
import type { ProcessFacts, ThreadFacts } from './facts.ts';

/** How a stream tells which thread made an event. */
interface StreamThreads {
  /** Events carry the thread in their own context, as in LTTng's traces of many threads a stream. */
  readonly fromContext: boolean;
  /** The number of all its events' thread, if they are of one. */
  readonly thread: number;
}

/** Numbers the threads of a trace set, and shows its events to the analyses under these numbers. */
export class ThreadedTrace {
  readonly processes: ProcessFacts[] = [];
  readonly threads: ThreadFacts[] = [];
  private readonly set: TraceSet;
  private readonly streams: readonly StreamThreads[];
  private readonly processNumbers = new Map<string, number>();
  private readonly threadNumbers = new Map<string, number>();
  /** By thread: nanoseconds from the monotonic clock's origin to the trace set's base, negated. */
  private readonly offsetsNs: bigint[] = [];

  constructor(set: TraceSet) {
    this.set = set;
    this.streams = set.streams.map((stream) => {
      const fromContext = hasMember(stream, 'vtid') || hasMember(stream, 'tid');
      return { fromContext, thread: fromContext ? -1 : this.threadOfStream(stream) };
    });
  }

  /** What to add to a monotonic clock value of a thread to get nanoseconds after the base. */
  monotonicOffsetNs(thread: number): bigint {
    return this.offsetsNs[thread] ?? 0n;
  }

  /** All events in order of time, through one object that is moved along. */
  *events(): Generator<TraceEvent, void, undefined> {
    const names = this.addressNames();
    const window = new ThreadEvent(names, this.set.traces);
    const lossCounts = new Uint32Array(this.set.streams.length);
    /** Of streams that many threads write to: a thread of one may have lost events to any. */
    let sharedLossCount = 0;
    let lossesSeen = 0;
    /** Losses that are known, and are behind the event: batches are read ahead. */
    let lossesAhead: Loss[] = [];
    for (const view of this.set.events()) {
      const stream = this.streams[view.stream.index]!;
      const { losses } = this.set;
      for (; lossesSeen < losses.length; lossesSeen += 1) lossesAhead.push(losses[lossesSeen]!);
      if (lossesAhead.length > 0) {
        lossesAhead = lossesAhead.filter((loss) => {
          const isAhead = (lossBeginNs(loss, this.set.baseNs) ?? -Infinity) > view.timeNs;
          if (isAhead) return true;
          if (this.streams[loss.stream.index]!.fromContext) sharedLossCount += 1;
          else lossCounts[loss.stream.index]! += 1;
          return false;
        });
      }
      if (names?.tells(view.info) === true) names.note(view.info, view.place);
      window.view = view;
      window.lossCount = stream.fromContext ? sharedLossCount : lossCounts[view.stream.index]!;
      window.hasTid = stream.fromContext;
      window.thread = stream.fromContext ? this.threadOfContext(view) : stream.thread;
      yield window;
    }
  }

  /** For traces with addresses of functions. */
  private addressNames(): AddressNames | undefined {
    const has = this.set.eventClasses.some(({ eventClass }) =>
      eventClass.name.startsWith('lttng_ust_cyg_profile'),
    );
    return has ? new AddressNames(new FileBinaries(), { debugInfoDir: defaultDebugInfoDir }) : undefined;
  }

  private threadOfStream(stream: StreamInfo): number {
    // A stream of no known thread stands for one.
    const tid = stream.vtid ?? 0;
    const key = tid === 0 ? `stream ${stream.index}` : `${this.processOf(stream.trace, undefined)} ${tid}`;
    return this.thread(key, stream, this.processOf(stream.trace, undefined), tid);
  }

  private threadOfContext(view: EventView): number {
    const context = view.commonContext();
    const tid = Number(context['vtid'] ?? context['tid']);
    const pid = context['vpid'] ?? context['pid'];
    const process = this.processOf(view.stream.trace, pid === undefined ? undefined : Number(pid), context);
    return this.thread(`${process} ${tid}`, view.stream, process, tid);
  }

  private thread(key: string, stream: StreamInfo, process: number, tid: number): number {
    const known = this.threadNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.threads.length;
    this.threadNumbers.set(key, number);
    this.threads.push({ process, tid });
    const clock = stream.streamClass.clockClass;
    this.offsetsNs.push((clock === undefined ? 0n : clockOffsetNs(clock)) - this.set.baseNs);
    return number;
  }

  private processOf(
    trace: TraceInfo,
    contextPid: number | undefined,
    context: { readonly [member: string]: unknown } = {},
  ): number {
    const { environment } = trace;
    const pid = contextPid ?? Number(environment.get('vpid') ?? 0);
    const key = `${this.set.traces.indexOf(trace)} ${pid}`;
    const known = this.processNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.processes.length;
    this.processNumbers.set(key, number);
    const name = context['procname'] ?? environment.get('procname');
    this.processes.push({ name: typeof name === 'string' && name !== '' ? name : trace.name, pid });
    return number;
  }
}

/** No machine has as many processors: those of one trace have numbers of their own this way. */
const MOST_CPUS = 65_536;

/** An event view with the number of its thread. */
class ThreadEvent implements TraceEvent {
  view!: EventView;
  thread = 0;
  lossCount = 0;
  /** Whether its context names the thread. */
  hasTid = false;
  private readonly names: AddressNames | undefined;
  private readonly traceNumbers: ReadonlyMap<TraceInfo, number>;

  constructor(names: AddressNames | undefined, traces: readonly TraceInfo[]) {
    this.names = names;
    this.traceNumbers = new Map(traces.map((trace, number) => [trace, number]));
  }

  get name(): string {
    return this.view.name;
  }

  get eventClass(): object {
    return this.view.eventClass;
  }

  get timeNs(): number {
    return this.view.timeNs;
  }

  field(name: string): unknown {
    return this.view.field(name);
  }

  get tid(): number | undefined {
    if (!this.hasTid) return undefined;
    const { tid, vtid } = this.view.commonContext();
    const own = tid ?? vtid;
    return own === undefined ? undefined : Number(own);
  }

  get cpu(): number | undefined {
    const cpu = this.view.packetContext()['cpu_id'];
    return cpu === undefined
      ? undefined
      : this.traceNumbers.get(this.view.stream.trace)! * MOST_CPUS + Number(cpu);
  }

  placeOf(address: bigint): CodePlace | undefined {
    const found = this.names?.lookUp(this.view.info, this.view.place, address);
    return found === undefined ? undefined : codePlaceOf(found);
  }
}

function hasMember(stream: StreamInfo, name: string): boolean {
  return stream.streamClass.eventCommonContext?.members.some((member) => member.name === name) ?? false;
}

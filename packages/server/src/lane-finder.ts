// Which lane an event belongs to: its thread, as its contexts, its stream or the trace's environment tell.
import type { EventClassInfo, OpenStream, StreamInfo } from '@spoor/components';
import type { Accessor, StreamClass } from '@spoor/ctf';
import type { TraceStore } from '@spoor/store';

/** Names that LTTng and others give to the contexts that tell a process and a thread. */
const threadFields = ['vtid', 'tid'] as const;
const processFields = ['vpid', 'pid'] as const;

interface ContextAccess {
  readonly tid: Accessor;
  readonly pid: Accessor | undefined;
  readonly procname: Accessor | undefined;
}

/** Whether the events of a stream tell their thread each, so that those of one thread may be in several streams. */
export function tellsThread({ eventCommonContext }: StreamClass): boolean {
  return (
    eventCommonContext?.members.some(({ name }) => threadFields.some((field) => field === name)) ?? false
  );
}

/** Finds lanes, and makes them in the store when their first event comes. */
export class LaneFinder {
  readonly #store: TraceStore;
  readonly #streamLanes: (number | undefined)[] = [];
  /** Lanes of a stream whose events tell their thread, by process and thread. */
  readonly #streamThreads: (Map<number, number> | undefined)[] = [];
  readonly #processes = new Map<string, number>();
  readonly #lanes = new Map<string, number>();
  readonly #accesses = new Map<EventClassInfo, ContextAccess | null>();

  constructor(store: TraceStore) {
    this.#store = store;
  }

  /** The lanes that hold events of a stream so far; one is made when there is none. */
  lanesOf(stream: StreamInfo): readonly number[] {
    const threads = this.#streamThreads[stream.index];
    return threads === undefined ? [this.#laneOfStream(stream)] : [...new Set(threads.values())];
  }

  /** The lane of an event whose stream's packet is loaded. */
  laneOf(open: OpenStream, info: EventClassInfo, offsetBits: number): number {
    const access = this.#accessOf(info);
    if (access === null) return this.#streamLanes[open.info.index] ?? this.#laneOfStream(open.info);
    const { bytes, view, externals } = open.reader.cursor;
    const tid = Number(access.tid(bytes, view, offsetBits, externals));
    const pid = access.pid === undefined ? -1 : Number(access.pid(bytes, view, offsetBits, externals));
    const lanes = (this.#streamThreads[open.info.index] ??= new Map());
    // Linux numbers processes and threads below 2^22, so the key is an exact integer.
    const key = pid * 0x40_0000 + tid;
    let lane = lanes.get(key);
    if (lane === undefined) {
      const procname = access.procname?.(bytes, view, offsetBits, externals);
      lane = this.#laneOfThread(
        open.info,
        pid < 0 ? undefined : pid,
        tid,
        typeof procname === 'string' ? procname : undefined,
      );
      lanes.set(key, lane);
    }
    return lane;
  }

  #accessOf(info: EventClassInfo): ContextAccess | null {
    const known = this.#accesses.get(info);
    if (known !== undefined) return known;
    const members = new Set(info.streamClass.eventCommonContext?.members.map(({ name }) => name));
    const accessor = (names: readonly string[]): Accessor | undefined => {
      const name = names.find((one) => members.has(one));
      if (name === undefined) return undefined;
      return info.decoder.accessor(info.localIndex, 'event-common-context', name);
    };
    const tid = accessor(threadFields);
    const access =
      tid === undefined ? null : { tid, pid: accessor(processFields), procname: accessor(['procname']) };
    this.#accesses.set(info, access);
    return access;
  }

  #laneOfThread(
    stream: StreamInfo,
    pid: number | undefined,
    tid: number,
    procname: string | undefined,
  ): number {
    const own = environmentOf(stream);
    // Threads whose processes are not told, as of kernels, are those of the trace: beside its processors and dumps.
    const isOfTrace = pid === undefined && own.pid === undefined;
    const process = isOfTrace
      ? this.#process(stream.trace.path, own.name ?? shortName(stream), undefined)
      : this.#process(
          `${stream.trace.path}/${pid ?? own.pid}`,
          own.name ?? procname ?? (pid === undefined ? shortName(stream) : 'process'),
          pid ?? own.pid,
        );
    // Threads of one process may write to several streams (one a CPU): they are one lane.
    const shared = `${process}#${tid}`;
    let lane = this.#lanes.get(shared);
    if (lane === undefined) {
      // LTTng's `procname` is the name of the thread, which for the first thread is that of the program.
      const name = tid === (pid ?? own.pid) ? 'main' : (procname ?? 'thread');
      lane = this.#store.addLane(process, name, tid);
      this.#lanes.set(shared, lane);
    }
    return lane;
  }

  #laneOfStream(stream: StreamInfo): number {
    const known = this.#streamLanes[stream.index];
    if (known !== undefined) return known;
    const { pid, name } = environmentOf(stream);
    const process = this.#process(stream.trace.path, name ?? shortName(stream), pid);
    const { vtid } = stream;
    const lane =
      vtid !== undefined
        ? this.#store.addLane(process, vtid === pid ? 'main' : 'thread', vtid)
        : this.#laneOfProcessor(stream, process);
    this.#streamLanes[stream.index] = lane;
    return lane;
  }

  #laneOfProcessor(stream: StreamInfo, process: number): number {
    const { cpuId, id } = stream;
    const name = isStateDump(stream) ? 'state dump' : cpuId === undefined ? `stream ${id}` : `CPU ${cpuId}`;
    // The kernel has a stream for each channel and processor: what happened on one is one lane.
    if (stream.trace.environment.get('domain') !== 'kernel') {
      return this.#store.addLane(process, name, undefined);
    }
    const shared = `${process}#${name}`;
    let lane = this.#lanes.get(shared);
    if (lane === undefined) {
      lane = this.#store.addLane(process, name, undefined);
      this.#lanes.set(shared, lane);
    }
    return lane;
  }

  #process(key: string, name: string, pid: number | undefined): number {
    let process = this.#processes.get(key);
    if (process === undefined) {
      process = this.#store.addProcess(name, pid);
      this.#processes.set(key, process);
    }
    return process;
  }
}

/** Whether a stream has nothing but what the machine was like: it is of no processor. */
function isStateDump({ streamClass: { eventClasses } }: StreamInfo): boolean {
  return eventClasses.length > 0 && eventClasses.every(({ name }) => name?.startsWith('lttng_statedump_'));
}

function environmentOf(stream: StreamInfo): {
  readonly pid: number | undefined;
  readonly name: string | undefined;
} {
  const pid = stream.trace.environment.get('vpid');
  const name = stream.trace.environment.get('procname');
  return {
    pid: pid === undefined ? undefined : Number(pid),
    name: name === undefined || name === '' ? undefined : String(name),
  };
}

function shortName(stream: StreamInfo): string {
  return stream.trace.path.split('/').filter(Boolean).at(-1) ?? 'trace';
}

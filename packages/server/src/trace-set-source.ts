// Traces on disk as a source of the viewer: one pass over the batches fills the index; afterwards single events are
// decoded again from their packets, which the index says where to find.
import {
  AddressNames,
  clockOffsetNs,
  defaultDebugInfoDir,
  lossBeginNs,
  nanosecondsOfClock,
  type BinaryFiles,
  type EventArguments,
  type EventClassInfo,
  type OpenStream,
  type TraceSet,
} from '@spoor/components';
import {
  shownEventName,
  type Accessor,
  type FieldValue,
  type Scope,
  type StructureFieldClass,
} from '@spoor/ctf';
import { noText, spanRuleOf, type SpanRule, type SpanTrack, type TraceStore } from '@spoor/store';
import { CallLanes, type CallClass } from './call-lanes.ts';
import { fieldNodes, fieldsLine, spanLabel } from './field-nodes.ts';
import { LaneFinder } from './lane-finder.ts';
import { PacketTable, type LoadedPacket } from './packet-table.ts';
import type { FieldSection } from './protocol.ts';
import { stackSections } from './stack-sections.ts';
import type { DecodedEvent, ViewSource } from './source.ts';

/** Where LTTng's log levels are named; index is the number. */
const logLevels = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug: system',
  'debug: program',
  'debug: process',
  'debug: module',
  'debug: unit',
  'debug: function',
  'debug: line',
  'debug',
];
/** The events by which a thread and a process of Node.js tell what they are, and the field that holds it. */
const threadNameEvent = { name: 'nodejs:thread_begin', field: 'name' } as const;
const processNameEvent = { name: 'nodejs:process_start', field: 'script' } as const;

/** What indexing needs to know of an event class. */
interface ClassPlan {
  readonly info: EventClassInfo;
  readonly rule: SpanRule;
  /** Its type in the store; -1 before its first event. */
  type: number;
  /** Of events of calls. */
  readonly call: CallClass | undefined;
  readonly id: Accessor | undefined;
  readonly start: Accessor | undefined;
  readonly duration: Accessor | undefined;
  readonly threadName: Accessor | undefined;
  readonly processName: Accessor | undefined;
  /** What turns a clock value of its trace into time after the base. */
  readonly originNs: bigint;
  /** Series of its events by lane: `lane * 2` for points and span edges, `+ 1` for strays. */
  readonly series: number[];
  /** Tracks of its spans by lane. */
  readonly tracks: SpanTrack[];
}

/**
 * Makes a source of opened traces.
 * @param files finds the programs of traces with addresses of functions, which have no names without.
 */
export function traceSetSource(set: TraceSet, paths: readonly string[], files?: BinaryFiles): ViewSource {
  return new TraceSetSource(set, paths, files);
}

class TraceSetSource implements ViewSource {
  readonly title: string;
  readonly paths: readonly string[];
  readonly baseNs: bigint;
  readonly absolute: boolean;
  readonly warnings: readonly string[];
  readonly #set: TraceSet;
  readonly #packets = new PacketTable();
  readonly #files: BinaryFiles | undefined;
  #store: TraceStore | undefined;
  #calls: CallLanes | undefined;
  #names: AddressNames | undefined;
  /** Class of an event by its series: a series is of one type, and a type of one class of each trace. */
  readonly #classOfSeries: number[] = [];
  /** By class; empty before indexing. */
  #plans: readonly ClassPlan[] = [];

  constructor(set: TraceSet, paths: readonly string[], files: BinaryFiles | undefined) {
    this.#set = set;
    this.#files = files;
    this.paths = paths;
    this.title = paths.map((path) => path.replace(/\/+$/, '').split('/').at(-1) || path).join(', ');
    this.baseNs = set.baseNs;
    this.warnings = set.warnings;
    // CTF 1.8 knows no absolute flag for what LTTng writes, but its offsets are from the epoch.
    const clock = set.streams.map((stream) => stream.streamClass.clockClass).find(Boolean);
    this.absolute =
      clock !== undefined && (clock.absolute || clockOffsetNs(clock) > 1_000_000_000n * 86_400n * 365n);
  }

  *index(store: TraceStore): Generator<number> {
    this.#store = store;
    const reading = this.#set.read();
    const hasAddresses = this.#set.eventClasses.some(({ eventClass }) =>
      eventClass.name.startsWith('lttng_ust_cyg_profile'),
    );
    if (hasAddresses && this.#files !== undefined) {
      this.#names = new AddressNames(this.#files, { debugInfoDir: defaultDebugInfoDir });
    }
    const calls = new CallLanes(store, this.#names);
    this.#calls = calls;
    const plans = this.#set.eventClasses.map((info) => this.#planOf(info, calls));
    this.#plans = plans;
    const typeByName = new Map<string, number>();
    const finder = new LaneFinder(store);
    const packetOf = new Int32Array(reading.streams.length).fill(-1);
    const packetSeen = new Int32Array(reading.streams.length).fill(-1);
    const totalBytes = reading.streams.reduce((sum, { reader }) => sum + reader.sizeBytes, 0);
    let doneBytes = 0;
    let lossesSeen = 0;
    let lossesTold = 0;
    let lastNs = -Infinity;
    let wentBack = false;
    while (reading.next()) {
      const { batch } = reading;
      store.reserve(batch.count);
      for (let row = 0; row < batch.count; row++) {
        const streamIndex = batch.streamIndex[row]!;
        const open = reading.streams[streamIndex]!;
        const { reader } = open;
        for (; lossesTold < this.#set.losses.length; lossesTold++) this.#tellCalls(calls, lossesTold);
        if (packetSeen[streamIndex] !== reader.packetNumber) {
          packetSeen[streamIndex] = reader.packetNumber;
          const place = reader.packetPlace;
          doneBytes += place.sizeBytes;
          const { decoder } = plans[batch.classIndex[row]!]!.info;
          packetOf[streamIndex] = this.#packets.add(place, reader.cursor.externals, decoder);
        }
        const plan = plans[batch.classIndex[row]!]!;
        if (plan.type < 0) plan.type = addType(store, typeByName, plan);
        let timeNs = batch.timeNs[row]!;
        if (timeNs < lastNs) {
          wentBack = true;
          timeNs = lastNs;
        }
        lastNs = timeNs;
        const offset = batch.offsetBits[row]!;
        const lane = finder.laneOf(open, plan.info, offset);
        this.#add(store, plan, batch.classIndex[row]!, lane, open, timeNs, packetOf[streamIndex]!, offset);
      }
      for (; lossesSeen < this.#set.losses.length; lossesSeen++) {
        this.#addLoss(store, finder, lossesSeen, lastNs);
      }
      yield totalBytes === 0 ? 0 : doneBytes / totalBytes;
    }
    for (; lossesSeen < this.#set.losses.length; lossesSeen++) {
      this.#addLoss(store, finder, lossesSeen, Math.max(0, lastNs));
    }
    if (wentBack) this.#set.warnings.push('a clock goes back in this trace: some times are shown too late');
  }

  #add(
    store: TraceStore,
    plan: ClassPlan,
    classIndex: number,
    lane: number,
    open: OpenStream,
    timeNs: number,
    packet: number,
    offset: number,
  ): void {
    const { role, spanName } = plan.rule;
    const { cursor } = open.reader;
    if (plan.threadName !== undefined) {
      const name = plan.threadName(cursor.bytes, cursor.view, offset, cursor.externals);
      if (typeof name === 'string' && name !== '') store.renameLane(lane, name);
    }
    if (plan.processName !== undefined) {
      const script = plan.processName(cursor.bytes, cursor.view, offset, cursor.externals);
      const name = typeof script === 'string' ? script.split('/').at(-1) : undefined;
      if (name !== undefined && name !== '' && name !== noText)
        store.renameProcess(store.lanes[lane]!.process, name);
    }
    const { call } = plan;
    let use: 'span' | 'stray' = 'span';
    if (call !== undefined) {
      const at: EventArguments = [cursor.bytes, cursor.view, offset, cursor.externals, open];
      if (!this.#calls!.take(call, lane, timeNs, store.count, at)) use = 'stray';
    } else if (this.#names?.tells(plan.info) === true) {
      this.#names.note(plan.info, [cursor.bytes, cursor.view, offset, cursor.externals, open]);
    }
    if (role === 'enter' || role === 'leave') {
      store.append(this.#series(store, plan, classIndex, lane, use), timeNs, packet, offset);
      return;
    }
    if (role === 'point') {
      store.append(this.#series(store, plan, classIndex, lane, 'point'), timeNs, packet, offset);
      return;
    }
    const track = (plan.tracks[lane] ??= store.trackFor(lane, spanName));
    const event = store.count;
    if (role === 'complete') {
      const read = (accessor: Accessor): bigint =>
        BigInt(Math.trunc(Number(accessor(cursor.bytes, cursor.view, offset, cursor.externals))));
      const startNs = Number(read(plan.start!) + plan.originNs);
      store.append(this.#series(store, plan, classIndex, lane, 'span'), timeNs, packet, offset);
      track.complete(startNs, startNs + Number(read(plan.duration!)), event);
      return;
    }
    const id = Number(plan.id!(cursor.bytes, cursor.view, offset, cursor.externals));
    if (role === 'begin') {
      track.begin(id, timeNs, event);
      store.append(this.#series(store, plan, classIndex, lane, 'span'), timeNs, packet, offset);
    } else {
      if (!track.end(id, timeNs, event) && call === undefined) use = 'stray';
      store.append(this.#series(store, plan, classIndex, lane, use), timeNs, packet, offset);
    }
  }

  #series(
    store: TraceStore,
    plan: ClassPlan,
    classIndex: number,
    lane: number,
    use: 'point' | 'span' | 'stray',
  ): number {
    const slot = lane * 2 + (use === 'stray' ? 1 : 0);
    let series = plan.series[slot];
    if (series === undefined) {
      series = store.addSeries(lane, plan.type, use);
      plan.series[slot] = series;
      this.#classOfSeries[series] = classIndex;
    }
    return series;
  }

  #planOf(info: EventClassInfo, calls: CallLanes): ClassPlan {
    const names = new Set(info.eventClass.payload?.members.map(({ name }) => name));
    const rule = spanRuleOf(info.eventClass.name, names);
    const accessor = (name: string): Accessor =>
      info.decoder.accessor(info.localIndex, 'event-payload', name);
    const telling = ({
      name,
      field,
    }: {
      readonly name: string;
      readonly field: string;
    }): Accessor | undefined =>
      info.eventClass.name === name && names.has(field) ? accessor(field) : undefined;
    const clock = info.streamClass.clockClass;
    return {
      info,
      rule,
      type: -1,
      call: rule.call === undefined ? undefined : calls.classOf(info, rule.call),
      id: rule.role === 'begin' || rule.role === 'end' ? accessor('id') : undefined,
      start: rule.role === 'complete' ? accessor('start_ns') : undefined,
      duration: rule.role === 'complete' ? accessor('duration_ns') : undefined,
      threadName: telling(threadNameEvent),
      processName: telling(processNameEvent),
      originNs: clock === undefined ? 0n : clockOffsetNs(clock) - this.baseNs,
      series: [],
      tracks: [],
    };
  }

  #tellCalls(calls: CallLanes, index: number): void {
    const loss = this.#set.losses[index]!;
    const fromNs = lossBeginNs(loss, this.baseNs) ?? loss.stream.beginNs ?? 0;
    calls.lose(loss.stream, fromNs);
  }

  #addLoss(store: TraceStore, finder: LaneFinder, index: number, lastNs: number): void {
    const loss = this.#set.losses[index]!;
    const clock = loss.stream.streamClass.clockClass;
    const timeOf = (ticks: bigint | undefined, otherwise: number): number =>
      ticks === undefined || clock === undefined
        ? otherwise
        : Number(nanosecondsOfClock(clock, ticks) - this.baseNs);
    const fromNs = lossBeginNs(loss, this.baseNs) ?? loss.stream.beginNs ?? 0;
    const toNs = Math.max(fromNs, timeOf(loss.endTicks, lastNs));
    const lanes = finder.lanesOf(loss.stream);
    const count = loss.kind === 'events' && loss.count !== undefined ? Number(loss.count) : undefined;
    // Of a stream that several threads write to, it is not known whose events were lost.
    lanes.forEach((lane, i) => store.addLoss({ lane, fromNs, toNs, count: i === 0 ? count : undefined }));
  }

  decode(event: number): DecodedEvent {
    const { info, packet, offset } = this.#locate(event);
    const sections: FieldSection[] = [];
    const section = (title: string, scope: Scope, fieldClass: StructureFieldClass | undefined): void => {
      if (fieldClass === undefined || fieldClass.members.length === 0) return;
      const values = this.#values(info, scope, packet, offset);
      if (values !== undefined) sections.push({ title, fields: fieldNodes(fieldClass, values) });
    };
    section('Payload', 'event-payload', info.eventClass.payload);
    const at = [packet.bytes, packet.view, offset, packet.externals] as const;
    sections.push(...stackSections(info, at, this.#store!.timeNs.values[event]!, this.baseNs));
    section('Event context', 'event-specific-context', info.eventClass.specificContext);
    section('Common context', 'event-common-context', info.streamClass.eventCommonContext);
    const contextClass = info.streamClass.packetContext;
    const context = info.decoder.packetValues(packet.bytes, packet.sizeBytes * 8)['packet-context'];
    if (contextClass !== undefined && context !== undefined) {
      sections.push({ title: 'Packet context', fields: fieldNodes(contextClass, context) });
    }
    const level = info.eventClass.logLevel;
    return { logLevel: level === undefined ? undefined : (logLevels[level] ?? String(level)), sections };
  }

  fieldsText(event: number): string {
    const { info, packet, offset } = this.#locate(event);
    const values = this.#values(info, 'event-payload', packet, offset);
    const { payload } = info.eventClass;
    return payload === undefined || values === undefined ? '' : fieldsLine(payload, values);
  }

  label(event: number): string {
    const { info, packet, offset } = this.#locate(event);
    const series = this.#store!.series[this.#store!.seriesOf.values[event]!]!;
    const call = this.#plans[this.#classOfSeries[series.index]!]?.call;
    if (call !== undefined) {
      const at = [packet.bytes, packet.view, offset, packet.externals] as const;
      return this.#calls!.labelOf(call, series.lane, [...at]);
    }
    const values = this.#values(info, 'event-payload', packet, offset);
    const { payload } = info.eventClass;
    return payload === undefined || values === undefined ? '' : spanLabel(payload, values);
  }

  #locate(event: number): {
    readonly info: EventClassInfo;
    readonly packet: LoadedPacket;
    readonly offset: number;
  } {
    const store = this.#store!;
    const { packet, offset } = store.placeOf(event);
    const classIndex = this.#classOfSeries[store.seriesOf.values[event]!]!;
    return { info: this.#set.eventClasses[classIndex]!, packet: this.#packets.load(packet), offset };
  }

  #values(
    info: EventClassInfo,
    scope: Scope,
    packet: LoadedPacket,
    offset: number,
  ): { readonly [member: string]: FieldValue } | undefined {
    const accessor = info.decoder.accessor(info.localIndex, scope);
    return accessor(packet.bytes, packet.view, offset, packet.externals) as
      { readonly [member: string]: FieldValue } | undefined;
  }
}

/** The type of a class: classes of one name and use are one type, whatever their trace. */
function addType(store: TraceStore, byName: Map<string, number>, plan: ClassPlan): number {
  const name = shownEventName(plan.info.eventClass);
  const key = `${plan.rule.role} ${name}`;
  let type = byName.get(key);
  if (type === undefined) {
    type = store.addType(name, plan.rule.role, plan.rule.spanName);
    byName.set(key, type);
  }
  return type;
}

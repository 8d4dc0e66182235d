// Calls of functions while traces are indexed: which function an event enters or leaves, and the stack of its lane.
import {
  codePlaceOf,
  type AddressNames,
  type EventArguments,
  type EventClassInfo,
  type StreamInfo,
} from '@spoor/components';
import { EnumValue, type Accessor } from '@spoor/ctf';
import {
  CALLS_NAME,
  CallStack,
  KnownFunctions,
  noEvent,
  type CallRule,
  type CodePlace,
  type KnownFunction,
  type SpanTrack,
  type TraceStore,
} from '@spoor/store';
import { tellsThread } from './lane-finder.ts';

/** What is known of a class of events of calls. */
export interface CallClass {
  readonly rule: CallRule;
  readonly info: EventClassInfo;
  /** Whether a thread's events may be in several streams. */
  readonly isShared: boolean;
  readonly functionField: Accessor | undefined;
  /** By the number in the enumeration. */
  readonly known: Map<number | bigint, KnownFunction>;
}

/** Stands for all streams that many threads write to: what a thread lost may have been in any of them. */
const sharedStreams = -1;

interface CallLane {
  readonly track: SpanTrack;
  readonly stack: CallStack<number>;
  /** How many of the losses of its stream the calls have come to. */
  lossCount: number;
}

/** The stacks of all lanes. */
export class CallLanes {
  readonly #store: TraceStore;
  readonly #names: AddressNames | undefined;
  readonly #functions = new KnownFunctions();
  readonly #hues: number[] = [];
  readonly #lanes: (CallLane | undefined)[] = [];
  /** When losses began, by stream; those of streams of many threads at {@link sharedStreams}. */
  readonly #lossesNs = new Map<number, number[]>();
  /** Until when the calls last that are cut: the event that is taken now, or a loss. */
  #untilNs = 0;

  constructor(store: TraceStore, names: AddressNames | undefined) {
    this.#store = store;
    this.#names = names;
  }

  classOf(info: EventClassInfo, rule: CallRule): CallClass {
    const { functionField: name } = rule;
    const functionField =
      name === undefined ? undefined : info.decoder.accessor(info.localIndex, 'event-payload', name);
    return { rule, info, isShared: tellsThread(info.streamClass), functionField, known: new Map() };
  }

  /** Takes an event of a call; false when it leaves what was never entered. */
  take(own: CallClass, laneIndex: number, timeNs: number, event: number, at: EventArguments): boolean {
    const lane = this.#laneOf(laneIndex);
    const losses = this.#lossesNs.get(own.isShared ? sharedStreams : at[4].info.index);
    if (losses !== undefined && lane.lossCount < losses.length) this.#pass(lane, losses, timeNs);
    this.#untilNs = timeNs;
    const fn = this.#functionOf(own, laneIndex, at);
    if (own.rule.edge === 'leave') {
      const left = lane.stack.leave(fn?.index);
      if (left !== undefined) lane.track.leave(left.depth, timeNs, event);
      return left !== undefined;
    }
    const { index = 0 } = fn ?? {};
    const { depth } = lane.stack;
    lane.track.enter(depth, this.#hueOf(index, fn?.place), timeNs, event);
    lane.stack.enter(index, depth);
    return true;
  }

  /** Tells that events of a stream were lost from a time on, which ascends. */
  lose(stream: StreamInfo, fromNs: number): void {
    const key = tellsThread(stream.streamClass) ? sharedStreams : stream.index;
    const losses = this.#lossesNs.get(key);
    if (losses === undefined) this.#lossesNs.set(key, [fromNs]);
    else losses.push(fromNs);
  }

  /** What to write on a call. */
  labelOf(own: CallClass, lane: number, at: Parameters<Accessor>): string {
    const value = own.functionField?.(...at);
    if (value instanceof EnumValue) return String(value);
    if (typeof value !== 'number' && typeof value !== 'bigint') return '';
    const { name, source } = this.#functions.ofAddress(lane, value, () => undefined).place;
    return source === '' ? name : `${name} (${source})`;
  }

  /** Which of the calls that are open go on behind a gap is not known: they end there. */
  #pass(lane: CallLane, lossesNs: readonly number[], timeNs: number): void {
    for (const fromNs of lossesNs.slice(lane.lossCount)) {
      // Batches are read ahead: it may be a loss behind this event.
      if (fromNs > timeNs) break;
      lane.lossCount += 1;
      this.#untilNs = fromNs;
      lane.stack.clear();
    }
  }

  #laneOf(index: number): CallLane {
    let lane = this.#lanes[index];
    if (lane === undefined) {
      const track = this.#store.trackFor(index, CALLS_NAME, true);
      const stack = new CallStack<number>((_call, depth) => track.leave(depth, this.#untilNs, noEvent));
      lane = { track, stack, lossCount: 0 };
      this.#lanes[index] = lane;
    }
    return lane;
  }

  #functionOf(own: CallClass, lane: number, at: EventArguments): KnownFunction | undefined {
    const [bytes, view, offsetBits, externals] = at;
    const value = own.functionField?.(bytes, view, offsetBits, externals);
    if (value instanceof EnumValue) {
      let known = own.known.get(value.value);
      if (known === undefined) {
        known = this.#functions.ofLabel(String(value));
        own.known.set(value.value, known);
      }
      return known;
    }
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    return this.#functions.ofAddress(lane, value, (address) => {
      const found = this.#names?.lookUp(own.info, at, address);
      return found === undefined ? undefined : codePlaceOf(found);
    });
  }

  /** The same for a function in all traces, so far as its name is. */
  #hueOf(index: number, place: CodePlace | undefined): number {
    return (this.#hues[index] ??=
      hashOf(place === undefined ? '' : `${place.name} ${place.source}`) & 0xffff);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

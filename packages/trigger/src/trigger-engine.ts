/**
 * Decides when triggers fire. It does nothing by itself: events that the programs noticed, counts, usages and rotations
 * are handed in, and actions are carried out by a function of its owner.
 */
import { SpoorError } from '@spoor/base';
import type {
  CapturedValue,
  Condition,
  Domain,
  NoticedEvent,
  Trigger,
  TriggerNotification,
  TriggerStatus,
} from '@spoor/control';
import type { Reference } from '@spoor/filter';
import { ActionQueue, type CarryOut } from './action-queue.ts';
import { captured, parseCapture } from './capture.ts';
import { checkTexts, isDoneByTracer, type RuleRole } from './condition-rules.ts';
import { RateWatch, SilenceWatch, ThresholdWatch } from './samplers.ts';
import { SpanMatcher, type LongSpan } from './span-matcher.ts';

/** An event that a program noticed for a trigger, with all its values. */
export interface Notice {
  readonly name: string;
  /** Of the monotonic clock. */
  readonly monotonicNs: number;
  /** Since the Unix epoch. */
  readonly epochNs: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly procname: string;
  /** Tells processes apart for good: number and start time. */
  readonly process: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly contexts: Readonly<Record<string, unknown>>;
}

/** How full the fullest ring of a channel is. */
export interface BufferUsage {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** What the engine needs of its owner. */
export interface EnginePort {
  readonly carryOut: CarryOut;
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number;
  /** Nanoseconds since the Unix epoch. */
  readonly epochNs: () => bigint;
}

/** What spans keep of their beginning. */
interface SpanBegin {
  readonly process: string;
  readonly event: NoticedEvent;
  readonly epochNs: bigint;
  readonly key: readonly CapturedValue[];
  readonly captures: readonly CapturedValue[];
}

/** What a condition says of its being met. */
type Facts = Pick<TriggerNotification, 'measured'> &
  Partial<Pick<TriggerNotification, 'event' | 'end' | 'captures'>>;

class ArmedTrigger {
  readonly trigger: Trigger;
  readonly queue: ActionQueue;
  readonly captures: readonly Reference[];
  readonly keys: { readonly begin: readonly Reference[]; readonly end: readonly Reference[] };
  readonly spans: SpanMatcher<SpanBegin> | undefined;
  readonly rate: RateWatch | undefined;
  readonly silence: SilenceWatch | undefined;
  readonly threshold: ThresholdWatch | undefined;
  firedCount = 0;
  discardedCount = 0;

  constructor(trigger: Trigger, carryOut: CarryOut) {
    const { condition } = trigger;
    this.trigger = trigger;
    this.queue = new ActionQueue(trigger, carryOut);
    this.captures = 'captures' in condition ? condition.captures.map(parseCapture) : [];
    const isSpan = condition.kind === 'span-duration';
    this.keys = {
      begin: isSpan ? condition.beginKey.map(parseCapture) : [],
      end: isSpan ? condition.endKey.map(parseCapture) : [],
    };
    this.spans = isSpan ? new SpanMatcher(condition.thresholdMs * 1e6, condition.at) : undefined;
    this.rate =
      condition.kind === 'event-rate' ? new RateWatch(condition.count, condition.periodMs) : undefined;
    this.silence = condition.kind === 'event-silence' ? new SilenceWatch(condition.durationMs) : undefined;
    this.threshold = thresholdOf(condition);
  }
}

function thresholdOf(condition: Condition): ThresholdWatch | undefined {
  if (condition.kind === 'session-consumed-size') return new ThresholdWatch('at-least', condition.sizeBytes);
  if (condition.kind !== 'channel-buffer-usage') return undefined;
  const { comparison, threshold } = condition;
  return new ThresholdWatch(comparison, 'ratio' in threshold ? threshold.ratio : threshold.sizeBytes);
}

/** The triggers of a daemon. */
export class TriggerEngine {
  readonly #port: EnginePort;
  readonly #armed = new Map<string, ArmedTrigger>();

  constructor(port: EnginePort) {
    this.#port = port;
  }

  /** @throws SpoorError `trigger/exists`, `trigger/domain`, `trigger/capture`, `trigger/key`, `filter/…`. */
  add(trigger: Trigger): void {
    if (this.#armed.has(trigger.name)) {
      throw new SpoorError('trigger/exists', `there is a trigger \`${trigger.name}\` already`, {
        hint: 'remove-trigger takes it away',
      });
    }
    checkTexts(trigger);
    this.#armed.set(trigger.name, new ArmedTrigger(trigger, this.#port.carryOut));
  }

  /** @throws SpoorError `trigger/unknown`. */
  remove(name: string): Trigger {
    const { trigger } = this.#find(name);
    this.#armed.delete(name);
    return trigger;
  }

  has(name: string): boolean {
    return this.#armed.has(name);
  }

  /** The first of `trigger0`, `trigger1` … that is free. */
  freeName(): string {
    for (let number = 0; ; number += 1) {
      if (!this.#armed.has(`trigger${number}`)) return `trigger${number}`;
    }
  }

  /** All triggers, by name. */
  list(): readonly Trigger[] {
    return this.#sorted().map(({ trigger }) => trigger);
  }

  /** How they have fared, in the order of {@link list}. */
  status(): readonly TriggerStatus[] {
    return this.#sorted().map(({ trigger, firedCount, discardedCount, queue }) => ({
      trigger: trigger.name,
      firedCount,
      discardedCount,
      actions: queue.status,
    }));
  }

  /**
   * An event matched the rule of that role. Those of a span must come in the order of their times. A trigger that was
   * removed meanwhile is left alone.
   */
  onNotice(name: string, role: RuleRole, notice: Notice): void {
    const armed = this.#armed.get(name);
    if (armed === undefined) return;
    if (role === 'match') {
      const facts = { event: eventOf(notice), captures: capturesOf(armed, notice), measured: {} };
      this.#fire(armed, facts, notice.epochNs);
      return;
    }
    const { spans, keys, trigger } = armed;
    const { condition } = trigger;
    if (role === 'count' || spans === undefined || condition.kind !== 'span-duration') return;
    const key = keys[role].map((reference) => valueOf(reference, notice));
    const { scope } = condition;
    const place =
      scope === 'all' ? '' : scope === 'process' ? notice.process : `${notice.process}/${notice.tid}`;
    const text = JSON.stringify([place, ...key]);
    if (role === 'begin') {
      spans.begin(text, notice.monotonicNs, {
        process: notice.process,
        event: eventOf(notice),
        epochNs: notice.epochNs,
        key,
        captures: armed.captures.map((reference) => valueOf(reference, notice)),
      });
      return;
    }
    const span = spans.end(text, notice.monotonicNs);
    if (span !== undefined) this.#fireSpan(armed, span, notice);
  }

  /** Notices of the trigger that were lost, beyond those that were told before. */
  onDiscarded(name: string, count: number): void {
    const armed = this.#armed.get(name);
    if (armed !== undefined) armed.discardedCount += count;
  }

  /** A process is over: its open spans will not end. */
  onProcessEnd(process: string): void {
    for (const { spans } of this.#armed.values()) spans?.forget((begin) => begin.process === process);
  }

  /** How many events the rule of a rate or a silence has matched by now, in all programs. */
  onCount(name: string, total: number): void {
    const armed = this.#armed.get(name);
    if (armed === undefined) return;
    const nowMs = this.#port.nowMs();
    const { rate, silence } = armed;
    if (rate?.sample(nowMs, total) === true) {
      this.#fire(armed, { measured: { count: Math.round(rate.count) } });
    }
    if (silence?.sample(nowMs, total) === true) {
      this.#fire(armed, { measured: { silentMs: Math.round(silence.silentMs) } });
    }
  }

  /** How full a channel's rings are now. */
  onUsage(session: string, domain: Domain, channel: string, usage: BufferUsage): void {
    for (const armed of this.#armed.values()) {
      const { condition } = armed.trigger;
      if (condition.kind !== 'channel-buffer-usage') continue;
      if (condition.session !== session || condition.channel !== channel || condition.domain !== domain) {
        continue;
      }
      const { usedBytes, capacityBytes } = usage;
      const isRatio = 'ratio' in condition.threshold;
      const value = isRatio ? (capacityBytes === 0 ? 0 : usedBytes / capacityBytes) : usedBytes;
      if (armed.threshold!.sample(value)) {
        this.#fire(armed, { measured: { session, channel, ...usage } });
      }
    }
  }

  /** How much was taken out of a session's rings by now. */
  onConsumed(session: string, sizeBytes: number): void {
    for (const armed of this.#armed.values()) {
      const { condition } = armed.trigger;
      if (condition.kind !== 'session-consumed-size' || condition.session !== session) continue;
      if (armed.threshold!.sample(sizeBytes)) {
        this.#fire(armed, { measured: { session, sizeBytes } });
      }
    }
  }

  /** A rotation of a session began or ended. */
  onRotation(session: string, phase: 'starts' | 'finishes', archivePath?: string): void {
    for (const armed of this.#armed.values()) {
      const { condition } = armed.trigger;
      const isStart = condition.kind === 'session-rotation-starts';
      if (!isStart && condition.kind !== 'session-rotation-finishes') continue;
      if (isStart !== (phase === 'starts') || condition.session !== session) continue;
      this.#fire(armed, { measured: { session, ...(archivePath === undefined ? {} : { archivePath }) } });
    }
  }

  /**
   * Fires for spans that are open too long.
   * @param monotonicNs the time of the clock that notices have.
   * @returns when to call again at the latest: a time of that clock; undefined when nothing is awaited.
   */
  lookForOverdue(monotonicNs: number): number | undefined {
    let next: number | undefined;
    for (const armed of this.#armed.values()) {
      for (const span of armed.spans?.overdue(monotonicNs) ?? []) this.#fireSpan(armed, span, undefined);
      const due = armed.spans?.nextOverdueNs;
      if (due !== undefined) next = Math.min(next ?? Infinity, due);
    }
    return next;
  }

  #fireSpan(armed: ArmedTrigger, span: LongSpan<SpanBegin>, end: Notice | undefined): void {
    const { condition } = armed.trigger;
    if (condition.kind !== 'span-duration') return;
    const { event, epochNs, key, captures } = span.begin;
    this.#fire(
      armed,
      {
        event,
        ...(end === undefined ? {} : { end: eventOf(end) }),
        captures: [
          ...condition.beginKey.map((expression, index) => ({ expression, value: key[index]! })),
          ...condition.captures.map((expression, index) => {
            const ofEnd = end === undefined ? null : valueOf(armed.captures[index]!, end);
            return { expression, value: ofEnd ?? captures[index]! };
          }),
        ],
        measured: { durationNs: span.durationNs },
      },
      epochNs + BigInt(Math.round(span.durationNs)),
    );
  }

  #fire(armed: ArmedTrigger, facts: Facts, epochNs: bigint = this.#port.epochNs()): void {
    const { trigger } = armed;
    armed.firedCount += 1;
    const notification: TriggerNotification = {
      trigger: trigger.name,
      ownerUid: trigger.ownerUid,
      condition: trigger.condition.kind,
      timeNs: String(epochNs),
      captures: [],
      ...facts,
    };
    armed.queue.fire(notification, this.#port.nowMs(), (action) => isDoneByTracer(trigger, action));
  }

  #sorted(): readonly ArmedTrigger[] {
    return [...this.#armed.values()].sort((a, b) => (a.trigger.name < b.trigger.name ? -1 : 1));
  }

  #find(name: string): ArmedTrigger {
    const armed = this.#armed.get(name);
    if (armed !== undefined) return armed;
    throw new SpoorError('trigger/unknown', `there is no trigger \`${name}\``, {
      hint: 'list-triggers shows them',
    });
  }
}

function eventOf({ name, epochNs, pid, tid, procname }: Notice): NoticedEvent {
  return { name, timeNs: String(epochNs), pid, tid, procname };
}

/** Null where the event has no such field. */
function valueOf(reference: Reference, { fields, contexts }: Notice): CapturedValue {
  return captured(reference, fields, contexts) ?? null;
}

function capturesOf({ trigger, captures }: ArmedTrigger, notice: Notice): TriggerNotification['captures'] {
  const { condition } = trigger;
  const expressions = 'captures' in condition ? condition.captures : [];
  return expressions.map((expression, index) => ({ expression, value: valueOf(captures[index]!, notice) }));
}

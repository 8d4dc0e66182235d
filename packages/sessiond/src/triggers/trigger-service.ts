/**
 * The triggers and counter maps of a daemon, joined to programs: what they ask is written for them, what programs noticed
 * and counted is read, and what fires is carried out.
 */
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SpoorError, closestName, describeError } from '@spoor/base';
import type { FileUser } from '@spoor/sys';
import type {
  Action,
  CounterMap,
  MapValue,
  Notification,
  RecordSnapshot,
  SessionUsage,
  Trigger,
  TriggerNotification,
  TriggerRequest,
  TriggerStatus,
} from '@spoor/control';
import { expandNameTemplate, parseNameTemplate } from '@spoor/filter';
import { measureClockOffsetNs, type EventRule } from '@spoor/ringbuffer';
import { TriggerEngine, checkTexts, conditionRules } from '@spoor/trigger';
import { describeOwnSession } from '../daemon/own-session.ts';
import { maySee, ownerOf, requirePermittedRules } from '../daemon/ownership.ts';
import { userOfNumber } from '../daemon/user-accounts.ts';
import { removeSession } from '../other-users.ts';
import { postNotification, runCommand } from './action-runner.ts';
import { CounterMaps } from './counter-maps.ts';
import { KernelTriggers, kernelWishes } from './kernel-triggers.ts';
import { readTriggerState, writeTriggerState } from './trigger-state.ts';
import {
  WATCH_SESSION,
  channelOwner,
  countName,
  describeWatch,
  isIdle,
  type Numbered,
} from './watch-description.ts';
import { WatchReader } from './watch-reader.ts';
import type { RingNotice, WatchedProcess } from './watched-process.ts';

/** What triggers have done, and whom they tell: the rest of the daemon. */
export interface ActionTarget {
  readonly startSession: (name: string) => Promise<void>;
  readonly stopSession: (name: string) => Promise<void>;
  readonly rotateSession: (name: string) => Promise<void>;
  readonly recordSnapshot: (asked: RecordSnapshot) => Promise<void>;
  /** @param owner user whose trigger it is. */
  readonly publish: (notification: Notification, owner: number) => void;
}

/** What a service is made with. */
export interface TriggerServiceOptions {
  /** Folder of the sessions in the hub. */
  readonly sessionsPath: string;
  /** File that triggers and maps are kept in. */
  readonly statePath: string;
  /** Has programs look at the sessions anew. */
  readonly touchHub: () => void;
  readonly target: ActionTarget;
  /** Whether a user may use what is of a session. */
  readonly mayUse: (uid: number, session: string) => boolean;
  /** Whether a session records now: only then its maps count. */
  readonly isActive: (session: string) => boolean;
  /** Whether a rule may take automatic events, which programs then have to watch for. */
  readonly takesAutomatic: (rule: EventRule) => boolean;
  /** Takes one line when something goes wrong that nobody waits for. */
  readonly onTrouble: (text: string) => void;
}

/** Counts are read this often for a rate or a silence: ten times in its time, within these bounds. */
const LEAST_SAMPLE_MS = 20;
const MOST_SAMPLE_MS = 1000;

export class TriggerService {
  readonly #options: TriggerServiceOptions;
  readonly #path: string;
  readonly #engine: TriggerEngine;
  readonly #maps: CounterMaps;
  readonly #kernel: KernelTriggers;
  readonly #clockOffsetNs: bigint;
  /** By name. */
  readonly #numbers = new Map<string, number>();
  /** What ended processes had counted for rates and silences. */
  readonly #endedCounts = new Map<string, number>();
  #names = new Map<number, string>();
  #nextNumber: number;
  #reader: WatchReader | undefined;
  #sampleTimer: NodeJS.Timeout | undefined;
  #overdueTimer: NodeJS.Timeout | undefined;
  /** What was asked of programs last, empty where nothing was; unknown at first. */
  #written: string | undefined;

  /**
   * Takes over what an earlier daemon left.
   * @throws SpoorError `trigger/state`, `control/malformed-trigger`.
   */
  constructor(options: TriggerServiceOptions) {
    this.#options = options;
    this.#path = join(options.sessionsPath, WATCH_SESSION);
    const state = readTriggerState(options.statePath);
    this.#clockOffsetNs = state === undefined ? measureClockOffsetNs() : BigInt(state.clockOffsetNs);
    this.#nextNumber = state?.nextNumber ?? 0;
    this.#maps = new CounterMaps(state?.maps);
    this.#engine = new TriggerEngine({
      carryOut: (action, notification) => this.#carryOut(action, notification),
      nowMs: () => performance.now(),
      epochNs: () => this.#clockOffsetNs + process.hrtime.bigint(),
    });
    this.#kernel = new KernelTriggers(dirname(options.statePath), {
      onNotices: (notices) => this.#onNotices(notices),
      onLost: (count) => this.#onLostOfKernel(count),
      onTrouble: (text) => options.onTrouble(text),
    });
    for (const { number, value } of state?.triggers ?? []) {
      this.#engine.add(value);
      this.#remember(value.name, number);
    }
    this.#apply();
  }

  /**
   * Adds a trigger.
   * @throws SpoorError `trigger/exists`, `trigger/owner`, `trigger/domain`, `trigger/capture`, `filter/…`, and `kernel/…` of
   * one whose events the kernel does not have.
   */
  async add(request: TriggerRequest, callerUid: number): Promise<Trigger> {
    const { name = this.#engine.freeName(), ownerUid = callerUid, condition, actions } = request;
    if (ownerUid !== callerUid && callerUid !== 0) {
      throw new SpoorError('trigger/owner', 'only root may add a trigger for another user');
    }
    const trigger: Trigger = { name, ownerUid, condition, actions };
    checkTexts(trigger);
    const number = this.#nextNumber++;
    const wishes = kernelWishes([{ number, value: trigger }]);
    const rules = conditionRules(condition).map(({ rule }) => rule);
    requirePermittedRules(ownerOf(userOfNumber(callerUid)), rules);
    if (wishes.length > 0 && !this.#engine.has(name)) {
      const all = [...kernelWishes(this.#numbered()), ...wishes];
      await this.#kernel.apply(
        all,
        wishes.map(({ key }) => key),
      );
    }
    try {
      this.#engine.add(trigger);
      this.#remember(name, number);
    } finally {
      this.#change();
    }
    return trigger;
  }

  /**
   * Adds triggers that were saved. One that is there already, of the same name, stays, or gives way if forced.
   * @returns a line for each that could not be added.
   */
  async restore(
    saved: readonly Omit<Trigger, 'ownerUid'>[],
    caller: FileUser,
    isForced: boolean,
  ): Promise<readonly string[]> {
    const warnings: string[] = [];
    for (const { name, condition, actions } of saved) {
      const existing = this.#engine.list().find((trigger) => trigger.name === name);
      const wanted = { name, ownerUid: caller.uid, condition, actions };
      if (existing !== undefined && isDeepStrictEqual(existing, wanted)) continue;
      try {
        if (existing !== undefined && isForced) this.remove(name, caller);
        await this.add(wanted, caller.uid);
      } catch (error) {
        warnings.push(`trigger ${name} is not loaded: ${describeError(error)}`);
      }
    }
    return warnings;
  }

  /** @throws SpoorError `trigger/unknown`, also where it is another user's. */
  remove(name: string, caller: FileUser): Trigger {
    const mine = this.list(caller).triggers;
    if (!mine.some((trigger) => trigger.name === name)) throw unknownTrigger(name, mine);
    const trigger = this.#engine.remove(name);
    const number = this.#numbers.get(name)!;
    this.#numbers.delete(name);
    this.#names.delete(number);
    this.#endedCounts.delete(countName(number));
    this.#change();
    return trigger;
  }

  /** The triggers that a user may know of, and how they have fared, in the same order. */
  list(caller: FileUser): {
    readonly triggers: readonly Trigger[];
    readonly status: readonly TriggerStatus[];
  } {
    const triggers = this.#engine.list();
    const isVisible = (_: unknown, at: number): boolean => maySee(caller, triggers[at]!.ownerUid);
    return { triggers: triggers.filter(isVisible), status: this.#engine.status().filter(isVisible) };
  }

  /** @throws SpoorError `trigger/map-exists`. */
  addMap(asked: Omit<CounterMap, 'name'> & { readonly name?: string }): CounterMap {
    const map: CounterMap = { ...asked, name: asked.name ?? this.#maps.freeName(asked.session) };
    this.#maps.add(this.#nextNumber, map);
    this.#nextNumber += 1;
    this.#change();
    return map;
  }

  listMaps(session?: string): readonly CounterMap[] {
    return this.#maps.list(session);
  }

  mapValues(session: string): readonly MapValue[] {
    this.#reader?.scan();
    return this.#maps.values(session, this.#reader?.processes ?? []);
  }

  /** Sessions were started or stopped: their maps count, or count no more. */
  onSessionsChanged(): void {
    this.#apply();
  }

  /** A session is gone, with its maps. */
  onSessionDestroyed(session: string): void {
    if (this.#maps.removeSession(session)) this.#change();
  }

  /** Whether somebody wants to know of a session's usage. */
  wantsUsage(session: string): boolean {
    return this.#engine.list().some(({ condition }) => {
      const { kind } = condition;
      return (
        (kind === 'channel-buffer-usage' || kind === 'session-consumed-size') && condition.session === session
      );
    });
  }

  /** How full a session's rings are, and what it has written: once a monitor period. */
  onUsage({ session, channels, writtenBytes }: SessionUsage): void {
    for (const { domain, channel, usedBytes, capacityBytes } of channels) {
      this.#engine.onUsage(session, domain, channel, { usedBytes, capacityBytes });
    }
    this.#engine.onConsumed(session, writtenBytes);
  }

  onRotation(session: string, phase: 'starts' | 'finishes', archivePath?: string): void {
    this.#engine.onRotation(session, phase, archivePath);
  }

  /** Leaves everything to the next daemon. */
  close(): void {
    clearInterval(this.#sampleTimer);
    clearTimeout(this.#overdueTimer);
    this.#reader?.close();
    this.#reader = undefined;
    this.#kernel.close();
    this.#save();
  }

  #remember(name: string, number: number): void {
    this.#numbers.set(name, number);
    this.#names.set(number, name);
  }

  #change(): void {
    this.#save();
    this.#apply();
  }

  #numbered(): readonly Numbered<Trigger>[] {
    return this.#engine.list().map((value) => ({ number: this.#numbers.get(value.name)!, value }));
  }

  #save(): void {
    try {
      writeTriggerState(this.#options.statePath, {
        nextNumber: this.#nextNumber,
        clockOffsetNs: String(this.#clockOffsetNs),
        triggers: this.#numbered(),
        maps: this.#maps.stored,
      });
    } catch (error) {
      this.#options.onTrouble(`triggers are not saved: ${describeError(error)}`);
    }
  }

  /** Has programs do what triggers and maps ask now, and reads what they notice. */
  #apply(): void {
    const description = describeWatch(
      this.#numbered(),
      this.#maps.active(this.#options.isActive),
      String(this.#clockOffsetNs),
      this.#options.takesAutomatic,
    );
    this.#sampleAgain();
    this.#kernel.apply(kernelWishes(this.#numbered())).catch((error: unknown) => this.#kernel.tell(error));
    const isOver = isIdle(description) && this.#maps.list().length === 0;
    const text = isOver ? '' : JSON.stringify(description);
    if (text === this.#written) return;
    if (isOver) {
      this.#end();
    } else {
      describeOwnSession(this.#path, description);
      this.#reader ??= this.#read();
    }
    this.#written = text;
    this.#options.touchHub();
  }

  /** Nobody asks anything: the watch session is taken away. */
  #end(): void {
    this.#reader?.close();
    this.#reader = undefined;
    removeSession(this.#path);
  }

  #read(): WatchReader {
    return new WatchReader(
      this.#path,
      {
        onNotices: (notices) => this.#onNotices(notices),
        onLost: (channel, count) => {
          const name = this.#names.get(channelOwner(channel)?.number ?? -1);
          if (name !== undefined) this.#engine.onDiscarded(name, count);
        },
        onEnd: (process) => this.#onEnd(process),
        onDamage: (process, error) => {
          this.#options.onTrouble(`events of process ${process} are not noticed: ${describeError(error)}`);
        },
      },
      (channel) => channelOwner(channel)?.role === 'begin',
    );
  }

  #onNotices(notices: readonly RingNotice[]): void {
    for (const { channel, ...notice } of notices) {
      const owner = channelOwner(channel);
      const name = this.#names.get(owner?.number ?? -1);
      if (owner === undefined || name === undefined) continue;
      const epochNs = this.#clockOffsetNs + BigInt(Math.round(notice.monotonicNs));
      this.#engine.onNotice(name, owner.role, { ...notice, epochNs });
    }
    this.#lookForOverdue();
  }

  /** Whom lost events of the kernel were for is not known: any of those that wait for some. */
  #onLostOfKernel(count: number): void {
    for (const { number, value } of this.#numbered()) {
      if (kernelWishes([{ number, value }]).length > 0) this.#engine.onDiscarded(value.name, count);
    }
  }

  #onEnd(process: WatchedProcess): void {
    this.#engine.onProcessEnd(process.name);
    for (const number of this.#numbers.values()) {
      const name = countName(number);
      const count = process.counts(name).get('all');
      if (count !== undefined) this.#endedCounts.set(name, (this.#endedCounts.get(name) ?? 0) + count);
    }
    if (this.#maps.takeOver(process)) this.#save();
  }

  /** Fires for spans that are open too long, and comes again when the next one may be. */
  #lookForOverdue(): void {
    const nowNs = Number(process.hrtime.bigint());
    const dueNs = this.#engine.lookForOverdue(nowNs);
    clearTimeout(this.#overdueTimer);
    if (dueNs === undefined) return;
    this.#overdueTimer = setTimeout(
      () => {
        // An end that was emitted in time must not be overlooked.
        this.#reader?.look();
        this.#kernel.look();
        this.#lookForOverdue();
      },
      Math.max(1, (dueNs - nowNs) / 1e6),
    );
  }

  /** Reads counts as often as the most impatient of the rates and silences needs it. */
  #sampleAgain(): void {
    clearInterval(this.#sampleTimer);
    const timesMs = this.#engine.list().flatMap(({ condition }) => {
      if (condition.kind === 'event-rate') return [condition.periodMs];
      return condition.kind === 'event-silence' ? [condition.durationMs] : [];
    });
    if (timesMs.length === 0) return;
    const sampleMs = Math.min(Math.max(Math.min(...timesMs) / 10, LEAST_SAMPLE_MS), MOST_SAMPLE_MS);
    this.#sampleTimer = setInterval(() => this.#sample(), sampleMs);
    this.#sample();
  }

  #sample(): void {
    for (const { name, condition } of this.#engine.list()) {
      if (condition.kind !== 'event-rate' && condition.kind !== 'event-silence') continue;
      const count = countName(this.#numbers.get(name)!);
      let total = (this.#endedCounts.get(count) ?? 0) + this.#kernel.count(count);
      for (const process of this.#reader?.processes ?? []) total += process.counts(count).get('all') ?? 0;
      this.#engine.onCount(name, total);
    }
  }

  /** Actions that tell or count are done at once, the others answer when they are. */
  #carryOut(action: Action, notification: TriggerNotification): Promise<void> | void {
    const { target, mayUse } = this.#options;
    const { ownerUid } = notification;
    for (const session of [notification.measured.session, 'session' in action ? action.session : undefined]) {
      if (session === undefined || mayUse(ownerUid, String(session))) continue;
      throw new SpoorError('trigger/owner', `session ${session} is not of the user of this trigger`);
    }
    switch (action.kind) {
      case 'notify':
        target.publish({ topic: 'trigger', notification }, ownerUid);
        return;
      case 'start-session':
        return target.startSession(action.session);
      case 'stop-session':
        return target.stopSession(action.session);
      case 'rotate-session':
        return target.rotateSession(action.session);
      case 'snapshot-session': {
        const { kind: _, ratePolicy: __, ...asked } = action;
        return target.recordSnapshot(asked);
      }
      case 'exec':
        return runCommand(action, notification, ownerOf(userOfNumber(ownerUid)));
      case 'webhook':
        return postNotification(action, notification);
      case 'increment-map-value': {
        if (!this.#options.isActive(action.session)) return;
        const key = expandNameTemplate(parseNameTemplate(action.key), notification.event?.name);
        this.#maps.increment(action.session, action.map, key);
        return;
      }
      default:
        action satisfies never;
    }
  }
}

function unknownTrigger(name: string, known: readonly Trigger[]): SpoorError {
  const near = closestName(
    name,
    known.map((trigger) => trigger.name),
  );
  return new SpoorError('trigger/unknown', `there is no trigger \`${name}\``, {
    hint: near === undefined ? 'spoor list-triggers shows them' : `did you mean ${near}`,
  });
}

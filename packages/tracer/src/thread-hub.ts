// A thread's part in all sessions that its process is traced by: which of them record an event, and the code that does
// it for all of them at once. Sessions come and go while the program runs (docs/design/control.md).
import { describeError } from '@spoor/base';
import { canCompile } from '@spoor/ctf/encode';
import {
  HUB_FILE,
  ThreadCounters,
  snapshotProcess,
  type CounterCell,
  type SnapshotTotals,
  currentThreadId,
  processFolder,
  readHub,
} from '@spoor/ringbuffer';
import { asOwnFileAccess, ownPid } from '@spoor/sys';
import { AsyncResource } from 'node:async_hooks';
import { join } from 'node:path';
import { AttachedSession, type ThreadParts } from './attached-session.ts';
import { Attachments } from './attachments.ts';
import { askForRequests } from './auto/request-context.ts';
import { compileCall, compileSerialiser, type Gate } from './compile.ts';
import { ContextCatalogue, type ApplicationContext } from './contexts.ts';
import { LazyDeclaration, type Declaration } from './declaration.ts';
import { HubFiles } from './hub-files.ts';
import { HubWatch } from './hub-watch.ts';
import { apply, hrtimeBigint, isNaN, setTimer } from './primordials.ts';
import { StringTable } from './interned-strings.ts';
import { MadeSerialisers } from './made-serialisers.ts';
import { openProcessPlace } from './process-place.ts';
import { isPassing } from './retry-pace.ts';
import { makeStacks, type Serialise, type Sink, type Stacks, type Tally } from './serialiser.ts';
import {
  hasWaitedForMain,
  type EventReceiver,
  type IdleTracepoint,
  type ThreadSession,
} from './session-slot.ts';
import { followsDaemons } from './session-variable.ts';
import { ThreadEnds } from './thread-ends.ts';
import { Upkeep } from './upkeep.ts';
import { walkFirst } from './walk-first.ts';
import { makeWalkingSerialiser } from './walk.ts';

/** A recording thread looks for changes at its changes of sub-buffer, at most this often. */
const lookEveryNs = 50_000_000n;
/** How often a thread looks for hubs while there is none. */
const lookForDaemonsEveryMs = 200;
/** How often rings that are not mapped are written out: what a killed program loses of them at most. */
const saveEveryMs = 200;

/** A tracepoint of this thread, and how its gate is armed: to make its serialiser at the next event. */
interface Armed {
  readonly declaration: Declaration;
  readonly gate: Gate;
  readonly arm: Serialise;
}

export class ThreadHub implements ThreadSession {
  readonly #roots: readonly string[];
  readonly #hubFiles: HubFiles;
  #hubWatch: HubWatch | undefined;
  /** Whether the roots are where daemons have their hubs, if any run. */
  readonly #isFollowing = followsDaemons();
  readonly #thread: ThreadParts;
  readonly #applications = new Map<string, ApplicationContext>();
  #stacks: Stacks | undefined;
  readonly #ends: ThreadEnds;
  /** The thread's asynchronous context as it was before the program: timers that begin in an event belong to it. */
  readonly #outside = new AsyncResource('SPOOR');
  #isSaving = false;
  /** Whether the thread is at its end, where no timer saves any more. */
  #isEnding = (process as { readonly _exiting?: boolean })._exiting === true;
  readonly #armed: Armed[] = [];
  readonly #made = new MadeSerialisers();
  #receivers: readonly EventReceiver[] = [];
  #counters: ThreadCounters | undefined;
  readonly #attachments: Attachments;
  readonly #upkeep: Upkeep;
  readonly #whenOpened: (() => void)[] = [];
  #toTell: (() => void)[] = [];
  readonly #whenChanged: (() => void)[] = [];
  #whenAuto: (() => void) | undefined;
  #isAutoAsked = false;
  #isBusy = false;
  /** Whether hubs have changed since the other threads were told. */
  #hasNews = false;
  /** Whether there is something to do that is not done in the middle of an event. */
  #isUnsettled = true;
  #lookedNs = 0n;

  /** @param roots directories of sessions, or of hubs of sessions. */
  constructor(roots: readonly string[], processStartTicks: bigint) {
    this.#roots = roots;
    this.#hubFiles = new HubFiles(roots);
    // There may be no daemon yet, and it may come.
    const isWatched = (this.#isFollowing && roots.length > 0) || this.#hubFiles.areThere;
    this.#thread = {
      tid: currentThreadId(),
      processStartTicks,
      contexts: new ContextCatalogue(this.#applications, (reason) => this.tell(reason)),
      strings: new StringTable(),
      makeSerialiser: (declaration, sinks) => this.#makeSerialiser(declaration, sinks),
      onSwitch: isWatched ? () => this.#lookNowAndThen() : undefined,
      onCopiedRing: () => this.#saveFromNowOn(),
      onPassingFailure: () => this.#expectRetry(),
    };
    this.#attachments = new Attachments(roots, this.#isFollowing, {
      attach: (path, description) => new AttachedSession(path, description, this.#thread),
      welcome: (session) => this.#welcome(session),
      tellAgain: () => {
        this.#toTell = [...this.#whenOpened];
      },
      forgetMade: () => this.#made.forget(),
      expectRetry: () => this.#expectRetry(),
    });
    const isMainThread = this.#thread.tid === ownPid;
    this.#upkeep = new Upkeep(isMainThread ? processFolder(ownPid, processStartTicks) : undefined, {
      hasFailed: () => this.#attachments.hasFailed,
      tryAgain: () => quietly(() => this.#tryAgain()),
      hasSessions: () => this.#sessions.length > 0,
      outside: (work) => this.#outside.runInAsyncScope(work),
    });
    const place = isWatched ? openProcessPlace(roots[0]!, processStartTicks) : undefined;
    const paths = (): readonly string[] => this.processPaths();
    const ends = new ThreadEnds(isMainThread, paths, place, hasWaitedForMain() ? 0n : undefined);
    this.#ends = ends;
    if (ends.mayJoin) {
      // Before the sessions are read: what changes meanwhile is seen by the next look.
      if (isWatched) this.#hubFiles.haveChanged();
      try {
        this.#attachments.update();
      } catch (error) {
        if (!isWatched) throw error;
        this.#failToFollow(error);
      }
    }
    if (isWatched) this.#watch();
    else this.#upkeep.lookByItself();
    process.on('exit', () => {
      this.#close();
      quietly(() => ends.end());
    });
  }

  get #sessions(): readonly AttachedSession[] {
    return this.#attachments.sessions;
  }

  get isAttached(): boolean {
    return this.#sessions.length > 0 || this.#thread.onSwitch !== undefined || this.#attachments.hasFailed;
  }

  get auto(): boolean {
    return this.#sessions.some(({ auto }) => auto);
  }

  whenAuto(start: () => void): void {
    if (this.#isAutoAsked) return;
    this.#isAutoAsked = true;
    if (this.auto) start();
    else this.#whenAuto = start;
    this.#isUnsettled = true;
  }

  adopt({ declaration, gate }: IdleTracepoint): void {
    this.#armed.push({ declaration, gate, arm: gate.write });
    this.#setGate(declaration, gate);
  }

  /** Opens or closes a gate. */
  #setGate(declaration: Declaration, gate: Gate): void {
    gate.on = this.#takes(declaration);
    // The tracer's own know whether they want the request; what the program's are given is not known.
    if (gate.on && !(declaration instanceof LazyDeclaration)) askForRequests();
  }

  addReceiver(receiver: EventReceiver): void {
    this.#receivers = [...this.#receivers, receiver];
    this.#rearm();
  }

  removeReceiver(receiver: EventReceiver): void {
    this.#receivers = this.#receivers.filter((other) => other !== receiver);
    this.#made.forget();
    this.#rearm();
  }

  callOf(declaration: Declaration, gate: Gate): Serialise {
    this.adopt({ declaration, gate });
    if (canCompile()) return compileCall(declaration, gate);
    return (...values) => {
      if (gate.on) apply(gate.write, undefined, values);
    };
  }

  serialiserOf(
    declaration: Declaration,
    whenCompiled?: (compiled: Serialise) => void,
  ): Serialise | 'off' | 'busy' {
    if (this.#isBusy) return 'busy';
    this.#tellOpened();
    this.#isBusy = true;
    try {
      // May load koffi, whose files the module loader reads.
      const sinks = asOwnFileAccess(() => [
        ...this.#sessions.flatMap((session) => session.sinksOf(declaration)),
        ...this.#receivers.flatMap((receiver) => receiver.sinkOf(declaration, this.#thread) ?? []),
      ]);
      const tallies = asOwnFileAccess(() =>
        this.#sessions.flatMap((session) => session.talliesOf(declaration)),
      );
      if (sinks.length === 0 && tallies.length === 0) return 'off';
      const isSaved = this.#isEnding && this.#isSaving;
      const serialise = this.#made.take(declaration, sinks, tallies, () =>
        whenCompiled === undefined || !canCompile() || hasFilters(sinks) || hasFilters(tallies)
          ? this.#makeSerialiser(declaration, sinks, tallies)
          : this.#walkFirst(declaration, sinks, tallies, isSaved ? () => undefined : whenCompiled),
      );
      return isSaved ? this.#saving(serialise) : serialise;
    } catch (error) {
      quietly(() => this.tell(`event ${declaration.name} is not recorded: ${describeError(error)}`));
      return 'off';
    } finally {
      this.#isBusy = false;
    }
  }

  #makeSerialiser(
    declaration: Declaration,
    sinks: readonly Sink[],
    tallies: readonly Tally[] = [],
  ): Serialise {
    const make = canCompile() ? compileSerialiser : makeWalkingSerialiser;
    return make(declaration, sinks, this.#ownStacks(), tallies);
  }

  #ownStacks(): Stacks {
    return (this.#stacks ??= makeStacks());
  }

  /** A serialiser of a class that may be emitted a few times only. */
  #walkFirst(
    declaration: Declaration,
    sinks: readonly Sink[],
    tallies: readonly Tally[],
    whenCompiled: (compiled: Serialise) => void,
  ): Serialise {
    const stacks = this.#ownStacks();
    const walking = walkFirst(
      makeWalkingSerialiser(declaration, sinks, stacks, tallies),
      () => compileSerialiser(declaration, sinks, stacks, tallies),
      (compiled) => {
        this.#made.replace(declaration, walking, compiled);
        whenCompiled(compiled);
      },
    );
    return walking;
  }

  markTaken(declaration: Declaration, marks: Uint8Array): void {
    for (const session of this.#sessions) session.markTaken(declaration, marks);
  }

  whenChanged(callback: () => void): void {
    this.#whenChanged.push(callback);
  }

  registerContext(name: string, read: ApplicationContext): void {
    const isNew = !this.#applications.has(name);
    this.#applications.set(name, read);
    if (isNew) for (const session of this.#sessions) session.hasRegistered();
  }

  counterCell(name: string): CounterCell | undefined {
    let cell: CounterCell | undefined;
    try {
      if (this.#counters === undefined) {
        this.#counters = new ThreadCounters();
        for (const session of this.#sessions) this.#shareCounters(session);
      }
      cell = this.#counters.cell(name);
      if (cell === undefined) this.tell(`counter ${name} is not recorded: the thread has too many`);
    } catch {
      // It counts for the program alone.
    }
    return cell;
  }

  #shareCounters(session: AttachedSession): void {
    try {
      this.#counters?.share(session.processPath);
      if (this.#counters?.isMapped === false) this.#saveFromNowOn();
    } catch (error) {
      quietly(() => session.tell(`counters are not recorded: ${describeError(error)}`));
    }
  }

  snapshot(directory: string): readonly SnapshotTotals[] {
    for (const session of this.#sessions) session.save();
    return this.processPaths().map((path, index) =>
      snapshotProcess(path, join(directory, `${ownPid}-${index}`)),
    );
  }

  processPaths(): readonly string[] {
    return this.#sessions.map(({ processPath }) => processPath);
  }

  whenOpened(callback: () => void): void {
    this.#whenOpened.push(callback);
    this.#toTell.push(callback);
    this.#isUnsettled = true;
  }

  open(): void {
    quietly(() => this.#tellOpened());
  }

  flush(): void {
    for (const session of this.#sessions) session.flush();
  }

  tell(reason: string): void {
    quietly(() => {
      for (const session of this.#sessions) session.tell(reason);
    });
  }

  #takes(declaration: Declaration): boolean {
    return (
      this.#sessions.some((session) => session.takes(declaration)) ||
      this.#receivers.some((receiver) => receiver.takes(declaration))
    );
  }

  /** Each callback emits, and so makes the rings that take its events. */
  #tellOpened(): void {
    if (this.#sessions.length === 0) return;
    for (let next = this.#toTell.shift(); next !== undefined; next = this.#toTell.shift()) {
      try {
        next();
      } catch (error) {
        quietly(() => this.tell(describeError(error)));
      }
    }
  }

  /** A session that is new gets what was told to others before. */
  #welcome(session: AttachedSession): void {
    this.#toTell = [...this.#whenOpened];
    this.#shareCounters(session);
    this.#ends.enter(session.processPath);
  }

  /** Attaches to what is new, leaves what is over, and has every tracepoint find out anew what becomes of it. */
  #refresh(): void {
    this.#isUnsettled = true;
    if (this.#attachments.update()) this.#rearm();
  }

  /** Has every tracepoint find out anew, at its next event, where that goes. */
  #rearm(): void {
    for (const { declaration, gate, arm } of this.#armed) {
      gate.write = arm;
      this.#setGate(declaration, gate);
    }
    for (const callback of this.#whenChanged) callback();
  }

  /** Between two events: has done at the next ones what could not be for want of memory, space or descriptors. */
  #tryAgain(): void {
    this.#attachments.tryAgain();
    this.#isUnsettled = true;
    try {
      this.#attachments.update();
    } catch (error) {
      this.#failToFollow(error);
    }
    this.#rearm();
    // Where no look follows.
    if (this.#hubWatch === undefined) this.#settle();
  }

  /** The hubs cannot be read. */
  #failToFollow(error: unknown): void {
    if (isPassing(error)) this.#attachments.noteFailure(HUB_FILE);
    else this.tell(`changes of the sessions are not followed: ${describeError(error)}`);
  }

  /** Perhaps in the middle of an event. A thread that follows hubs looks anyway. */
  #expectRetry(): void {
    if (this.#thread.onSwitch === undefined) this.#upkeep.expectRetry();
  }

  /** Called in the middle of an event: touches nothing that the event is being written with. */
  #lookNowAndThen(): void {
    const nowNs = hrtimeBigint();
    if (nowNs - this.#lookedNs < lookEveryNs) return;
    this.#lookedNs = nowNs;
    this.#look();
  }

  #look(): void {
    try {
      if (!this.#ends.mayJoin) return;
      const haveChanged = this.#hubFiles.haveChanged();
      if (!this.#attachments.hasMoved() && !haveChanged) return;
      this.#hasNews = true;
      this.#refresh();
    } catch (error) {
      this.#failToFollow(error);
    }
  }

  /** Looks again and again while the program runs. */
  #watch(): void {
    const said = Math.min(...this.#roots.map((root) => readHub(root)?.watchMs ?? Infinity));
    const watchMs = said === Infinity && this.#isFollowing ? lookForDaemonsEveryMs : said;
    if (this.#hubWatch !== undefined || isNaN(watchMs) || watchMs === Infinity) return;
    this.#hubWatch = new HubWatch(watchMs, () => {
      // The thread that ends this one may not be ready for it yet.
      if (!this.#ends.mayJoin) this.#hubWatch?.lookSoon();
      this.#look();
      if (this.#isUnsettled) quietly(() => this.#settle());
      this.#upkeep.look();
      const hasNews = this.#hasNews;
      this.#hasNews = false;
      return hasNews;
    });
    // What others were told of while this thread was not listening yet.
    this.#look();
    this.#hasNews = false;
  }

  /** Between two events: what changes of the sessions and the program's own declarations ask for. */
  #settle(): void {
    // Before it is done: the thread looks again as it finishes sub-buffers, and what it finds then is for the next time.
    this.#isUnsettled = false;
    try {
      this.#takeOver();
    } catch (error) {
      this.#isUnsettled = true;
      throw error;
    }
  }

  #takeOver(): void {
    for (const session of this.#attachments.takeDetached()) session.close();
    for (const session of this.#sessions) {
      session.settle();
      session.list(this.#armed);
      // More tracepoints may be declared.
      if (session.lists) this.#isUnsettled = true;
    }
    if (this.#whenAuto !== undefined && this.auto) {
      const start = this.#whenAuto;
      this.#whenAuto = undefined;
      start();
    }
    if (this.#toTell.length > 0) this.#tellOpened();
  }

  /** Saves by a timer that keeps no program alive. */
  #saveFromNowOn(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    const tick = (): void => {
      quietly(() => {
        for (const session of this.#sessions) session.save();
        this.#counters?.save();
      });
      setTimer(tick, saveEveryMs).unref();
    };
    this.#outside.runInAsyncScope(() => setTimer(tick, saveEveryMs).unref());
  }

  /** Has each event saved: what the program emits as it ends has no later moment. */
  #saving(serialise: Serialise): Serialise {
    return (...values) => {
      apply(serialise, undefined, values);
      quietly(() => {
        for (const session of this.#sessions) session.save();
      });
    };
  }

  /** What cannot be done here the consumer does: it recovers what is in the rings. */
  #close(): void {
    quietly(() => this.#tellOpened());
    quietly(() => this.#counters?.save());
    quietly(() => {
      for (const session of [...this.#attachments.detached, ...this.#sessions]) session.close();
    });
    // The program's own listeners come after this one.
    this.#isEnding = true;
    for (const { gate, arm } of this.#armed) gate.write = arm;
  }
}

/** Whether any needs to be asked of each event: the walk calls functions for it that the program may have replaced. */
function hasFilters(takers: readonly Pick<Sink, 'filters'>[]): boolean {
  return takers.some(({ filters }) => filters !== undefined);
}

/** Does what must not throw into the program, which may have replaced any built-in by one that does. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Where it can be told, it was.
  }
}

// One session in one thread: its directory of this process, its channels, and what there is to say of them. Whatever
// goes wrong here switches tracing off for the thread and says so in its status file; the program never sees an error.
import { describeError, type SpoorError } from '@spoor/base';
import {
  COUNTS_FOLDER,
  EVENTS_FOLDER,
  LOST_FOLDER,
  isOutOfDescriptors,
  type ChannelDescription,
  type CountDescription,
  type FilterStatus,
  type SessionDescription,
  type ThreadStatus,
} from '@spoor/ringbuffer';
import { join } from 'node:path';
import { ChannelWriter, type SessionParts } from './channel-writer.ts';
import { ClassRegistry } from './class-registry.ts';
import { askForRequests } from './auto/request-context.ts';
import type { ContextCatalogue } from './contexts.ts';
import { LazyDeclaration, type Declaration } from './declaration.ts';
import type { FilterLink } from './event-rules.ts';
import { openProcessDirectory } from './process-directory.ts';
import { hrtimeBigint } from './primordials.ts';
import type { StringTable } from './interned-strings.ts';
import { CountWriter, MapCounters } from './count-writer.ts';
import { isPassing } from './retry-pace.ts';
import type { Serialise, Sink, Tally } from './serialiser.ts';
import { StatusFile } from './status-file.ts';
import { takeStatusPath } from './session-slot.ts';
import { TracepointList } from './tracepoint-list.ts';

/** Most events whose absence a status file surely has room for. */
const MOST_MISSING = 5;

/** Most filters of a channel that a status file tells of: the same in each thread. */
const MOST_FILTERS = 5;

/** Most channels of a thread whose losses are counted for want of a ring or a class. */
const MOST_CHANNELS = 256;

/** What a thread brings into each of its sessions. */
export interface ThreadParts {
  readonly tid: number;
  readonly processStartTicks: bigint;
  readonly contexts: ContextCatalogue;
  readonly strings: StringTable;
  readonly makeSerialiser: (declaration: Declaration, sinks: readonly Sink[]) => Serialise;
  readonly onSwitch: (() => void) | undefined;
  /** Called when a ring was made that has to be saved now and then. */
  readonly onCopiedRing: () => void;
  /** Called when something could not be done that may be later, perhaps in the middle of an event. */
  readonly onPassingFailure: () => void;
}

/** A thread's part in one session. */
export class AttachedSession {
  readonly path: string;
  #description: SessionDescription;
  readonly #parts: SessionParts & Pick<ThreadParts, 'onPassingFailure'>;
  readonly #status: StatusFile;
  readonly #tid: number;
  readonly #onCopied: () => void;
  readonly #channels = new Map<string, ChannelWriter>();
  /** Channels that are not written to any more, whose rings are still to be closed. */
  readonly #retired: ChannelWriter[] = [];
  #counts: readonly CountWriter[] = [];
  #list: TracepointList | undefined;
  /** What was lost for want of a ring or a class, by channel. */
  readonly #lost: MapCounters;
  /** By map. They stay when the rules change: what was counted is not lost. */
  readonly #maps = new Map<string, MapCounters>();
  readonly #reasons = new Set<string>();
  /** Why there is no ring, by channel. */
  readonly #ringless = new Map<string, string>();
  /** Why an event is not recorded, by channel and event. */
  readonly #missing = new Map<string, string>();
  #hasFailed = false;
  /** Whether something could not be done that may be later. */
  #mayTryAgain = false;
  /** Whether the thread is at its end: what it has not registered by now it does not. */
  #isClosed = false;
  /** The revision that the rings are as is due to. */
  #settledRevision: number | undefined;
  /** How often open sub-buffers were asked for. */
  #handOvers: number | undefined;

  /** Throws what the file system throws: then this thread has no part in the session. */
  constructor(path: string, description: SessionDescription, thread: ThreadParts) {
    const directory = openProcessDirectory(path, description, thread.processStartTicks);
    this.path = path;
    this.#description = description;
    this.#tid = thread.tid;
    this.#onCopied = thread.onCopiedRing;
    this.#lost = new MapCounters(directory.path, [LOST_FOLDER], thread.onCopiedRing);
    this.#status = new StatusFile(directory.path, thread.tid, takeStatusPath(directory.path));
    const tell = (reason: string): void => this.tell(reason);
    this.#parts = {
      sessionPath: path,
      processPath: directory.path,
      processStartTicks: thread.processStartTicks,
      uuid: Buffer.from(directory.description.uuid.replaceAll('-', ''), 'hex'),
      maxMemoryBytes: description.maxMemoryBytes,
      wakes: description.wakes === true,
      registry: new ClassRegistry(join(directory.path, EVENTS_FOLDER), String(hrtimeBigint())),
      contexts: thread.contexts,
      strings: thread.strings,
      makeSerialiser: thread.makeSerialiser,
      tell,
      onRing: (tier) => {
        this.#writeStatus();
        if (tier === 'copied') thread.onCopiedRing();
      },
      onSwitch: thread.onSwitch,
      onPassingFailure: thread.onPassingFailure,
    };
    this.#settledRevision = description.revision;
    this.#handOvers = description.handOvers;
    for (const channel of description.channels) this.#enable(channel);
    this.#count(description.counts);
    this.#writeStatus();
  }

  /** The session's directory of this process. */
  get processPath(): string {
    return this.#parts.processPath;
  }

  get auto(): boolean {
    return this.#description.auto;
  }

  /**
   * Takes a changed description over. Rings that were made keep their sizes; rules count from the next event on.
   * Answers `dump` when the thread is to tell again what it told at its begin.
   */
  update(description: SessionDescription): 'dump' | undefined {
    const isDumpWanted = (description.stateDumps ?? 0) > (this.#description.stateDumps ?? 0);
    this.#description = description;
    const wanted = new Map(description.channels.map((channel) => [channel.name, channel]));
    for (const [name, writer] of this.#channels) {
      const own = wanted.get(name);
      if (own !== undefined && this.#change(writer, own)) {
        wanted.delete(name);
      } else {
        this.#channels.delete(name);
        this.#ringless.delete(name);
        this.#retired.push(writer);
      }
    }
    for (const channel of wanted.values()) this.#enable(channel);
    this.#count(description.counts);
    // Whoever changes a session may have mended what kept it from recording.
    for (const channel of this.#channels.values()) channel.tryAgain(() => true);
    this.#writeStatus();
    return isDumpWanted ? 'dump' : undefined;
  }

  /** Whether rings are still to be closed that nothing goes to any more. */
  get hasRetired(): boolean {
    return this.#retired.length > 0;
  }

  /** Whether events of this class may be recorded. */
  takes(declaration: Declaration): boolean {
    if (this.#leavesOut(declaration)) return false;
    for (const channel of this.#channels.values()) if (channel.takes(declaration)) return true;
    return this.#counts.some((count) => count.takes(declaration));
  }

  /** Marks the values of the event's first field with which it may be recorded. */
  markTaken(declaration: Declaration, marks: Uint8Array): void {
    if (this.#leavesOut(declaration)) return;
    const version = this.#linkVersion;
    for (const channel of this.#channels.values()) channel.markTaken(declaration, marks);
    if (this.#linkVersion !== version) this.#writeStatus();
    for (const count of this.#counts) count.markTaken(declaration, marks);
  }

  /** Where events of this class go. Never throws. */
  sinksOf(declaration: Declaration): readonly Sink[] {
    const sinks: Sink[] = [];
    if (this.#leavesOut(declaration)) return sinks;
    const version = this.#linkVersion;
    for (const [name, channel] of this.#channels) {
      if (channel.loses(declaration) || !channel.takes(declaration)) continue;
      try {
        const sink = channel.sinkOf(declaration);
        if (sink !== undefined) sinks.push(sink);
        if (sink !== undefined && this.#ringless.size + this.#missing.size > 0) {
          this.#succeed(name, declaration);
        }
      } catch (error) {
        this.#fail(name, channel, declaration, error);
      }
    }
    if (this.#linkVersion !== version) this.#writeStatus();
    return sinks;
  }

  /** Where events of this class are counted: also those that a channel loses for want of a ring or a class. Never throws. */
  talliesOf(declaration: Declaration): readonly Tally[] {
    const tallies: Tally[] = [];
    if (this.#leavesOut(declaration)) return tallies;
    for (const [name, channel] of this.#channels) {
      if (!channel.loses(declaration)) continue;
      try {
        const tally = channel.lossOf(declaration, () => this.#lost.cell(name, MOST_CHANNELS));
        if (tally !== undefined) tallies.push(tally);
      } catch {
        // No memory for that either: the status file says that nothing is recorded.
      }
    }
    for (const count of this.#counts) {
      if (!count.takes(declaration)) continue;
      try {
        const tally = count.tallyOf(declaration);
        if (tally !== undefined) tallies.push(tally);
      } catch (error) {
        this.tell(`event ${declaration.name} is not counted: ${describeError(error)}`);
      }
    }
    return tallies;
  }

  /** Whether something could not be done that may be later. */
  get mayTryAgain(): boolean {
    return this.#mayTryAgain;
  }

  /** Has the next events try again what could not be done. */
  tryAgain(): void {
    this.#mayTryAgain = false;
    for (const channel of this.#channels.values()) channel.tryAgain(isPassing);
  }

  tell(reason: string): void {
    this.#reasons.add(reason);
    this.#writeStatus();
  }

  /** Finishes the open sub-buffers of all rings. */
  flush(): void {
    for (const channel of this.#channels.values()) channel.flush();
  }

  /** Puts into the files of the rings what they do not have yet. Never throws. */
  save(): void {
    for (const channel of this.#channels.values()) channel.save();
    this.#saveCounts();
  }

  /**
   * What a change of the session needs done between two events: closes the rings that nothing is written to any more,
   * and hands over what is in the others if that is asked for, or if they take nothing from now on.
   */
  settle(): void {
    for (const channel of this.#retired.splice(0)) closeQuietly(channel);
    const { revision } = this.#description;
    if (revision === this.#settledRevision) return;
    this.#settledRevision = revision;
    try {
      const isAsked = this.#handOvers !== this.#description.handOvers;
      this.#handOvers = this.#description.handOvers;
      // Of any other change nothing is seen in the rings: those of a flight recorder keep what they have room for.
      for (const channel of this.#channels.values()) if (isAsked || channel.takesNothing) channel.flush();
      this.save();
    } catch {
      // The consumer takes what is in the rings when the session ends.
    }
    this.#writeStatus();
  }

  /** Whether the session asks for the tracepoints that there are, and for nothing that is emitted. */
  get lists(): boolean {
    return this.#description.lists === true;
  }

  /** Tells what tracepoints the thread has, where the session asks for that. Throws what the file system throws. */
  list(declarations: readonly { readonly declaration: Declaration }[]): void {
    if (!this.lists) return;
    this.#list ??= new TracepointList(this.processPath, this.#tid);
    this.#list.update(declarations);
  }

  /** Closes all rings. Never throws. */
  close(): void {
    for (const channel of [...this.#channels.values(), ...this.#retired]) closeQuietly(channel);
    this.#saveCounts();
    this.#isClosed = true;
    this.hasRegistered();
  }

  /** Says which of the contexts that the session wants the program has registered by now. Never throws. */
  hasRegistered(): void {
    if ([...this.#channels.values()].some(({ ownContexts }) => ownContexts.length > 0)) this.#writeStatus();
  }

  /** Automatic events that this session does not want may come all the same: for another one. */
  #leavesOut(declaration: Declaration): boolean {
    return !this.auto && declaration instanceof LazyDeclaration;
  }

  #count(counts: readonly CountDescription[] = []): void {
    const writers: CountWriter[] = [];
    for (const count of counts) {
      try {
        writers.push(new CountWriter(count, this.#mapOf(count.map), this.#parts.contexts));
      } catch (error) {
        this.#reasons.add(`map ${count.map} counts nothing: ${describeFailure(error)}`);
      }
    }
    this.#counts = writers;
  }

  #mapOf(name: string): MapCounters {
    let map = this.#maps.get(name);
    if (map === undefined) {
      map = new MapCounters(this.#parts.processPath, [COUNTS_FOLDER, name], this.#onCopied);
      this.#maps.set(name, map);
    }
    return map;
  }

  #saveCounts(): void {
    try {
      for (const map of this.#maps.values()) map.save();
      this.#lost.save();
    } catch {
      // They are saved again, and at the end.
    }
  }

  #enable(channel: ChannelDescription): void {
    // The context itself is made at the first event, when a request may be under way.
    if (channel.contexts.includes('request_id')) askForRequests();
    try {
      this.#channels.set(channel.name, new ChannelWriter(channel, this.#parts));
    } catch (error) {
      this.#reasons.add(`channel ${channel.name} records nothing: ${describeFailure(error)}`);
      this.#hasFailed = true;
    }
  }

  /** Gives a channel its new rules; whether it could be done: other changes need other rings. */
  #change(writer: ChannelWriter, own: ChannelDescription): boolean {
    try {
      return writer.change(own);
    } catch (error) {
      this.#reasons.add(`channel ${own.name} keeps its rules: ${describeError(error)}`);
      return true;
    }
  }

  /** Without a ring the channel is off; with one, only the event class that could not be declared is. */
  #fail(name: string, channel: ChannelWriter, declaration: Declaration, error: unknown): void {
    if (isPassing(error) && !this.#mayTryAgain) {
      this.#mayTryAgain = true;
      this.#parts.onPassingFailure();
    }
    const why = describeFailure(error);
    if (channel.status === undefined) {
      this.#ringless.set(name, `channel ${name} records nothing: ${why}`);
    } else {
      this.#tellAsOver(this.#ringless, name);
      const line = cut(`event ${declaration.name} is not recorded: ${why}`, 140);
      if (this.#missing.size < MOST_MISSING) this.#missing.set(keyOf(name, declaration), line);
    }
    this.#writeStatus();
  }

  /** What could not be done for it before is told as what is over. */
  #succeed(name: string, declaration: Declaration): void {
    this.#tellAsOver(this.#ringless, name);
    this.#tellAsOver(this.#missing, keyOf(name, declaration));
    this.#writeStatus();
  }

  #tellAsOver(failures: Map<string, string>, key: string): void {
    const line = failures.get(key);
    if (line === undefined) return;
    failures.delete(key);
    this.#reasons.add(`for a while ${line}`);
  }

  /** Changes whenever the status file has something else to say of the channels' filters. */
  get #linkVersion(): number {
    let sum = 0;
    for (const { linkVersion } of this.#channels.values()) sum += linkVersion;
    return sum;
  }

  #writeStatus(): void {
    const channels = [...this.#channels.values()];
    const rings = channels.flatMap(({ status }) => status ?? []);
    const filters = [...this.#channels].flatMap(([name, writer]) => [
      ...filterStatus(name, writer.filterLinks),
      ...contextStatus(name, writer.ownContexts, this.#isClosed),
    ]);
    const state: ThreadStatus['state'] =
      rings.length > 0 ? 'recording' : this.#hasFailed || this.#ringless.size > 0 ? 'off' : 'attached';
    this.#status.write({
      tid: this.#tid,
      state,
      ...(rings.length === 0 ? {} : { rings }),
      reasons: [
        ...channels.flatMap(({ reasons }) => reasons),
        ...new Set([...this.#ringless.values(), ...this.#reasons]),
      ],
      ...(this.#missing.size === 0 ? {} : { missing: [...this.#missing.values()] }),
      ...(filters.length === 0 ? {} : { filters }),
      ...(this.#settledRevision === undefined ? {} : { revision: this.#settledRevision }),
    });
  }
}

function keyOf(channel: string, { name }: Declaration): string {
  return `${channel}/${name}`;
}

const saidWithoutPlace: ReadonlySet<string> = new Set([
  'ring/no-space',
  'ring/no-descriptors',
  'ring/memory-limit',
  'ring/file-limit',
]);

/** Why something cannot be recorded now. */
function describeFailure(error: unknown): string {
  if (isOutOfDescriptors(error)) {
    return 'no file descriptor is left; raise the limit of open files of the program (ulimit -n)';
  }
  // Its folders and its small files are there, too: a ring has an error of its own. Short: there is no room to say more.
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return 'no shared memory is left; SPOOR_RUN_DIR may name a larger tmpfs';
  }
  // All threads say the same where memory is short: told without their own files it is told once.
  const { code, message, hint } = error as Partial<SpoorError>;
  return typeof code === 'string' && saidWithoutPlace.has(code)
    ? `${message} (${hint})`
    : describeError(error);
}

/** What a status file says of a channel's filters; not of those that no event has been tried with yet. */
function filterStatus(channel: string, links: readonly FilterLink[]): readonly FilterStatus[] {
  return links.slice(0, MOST_FILTERS).flatMap(({ filter, isLinked, unlinked }) => {
    if (!isLinked && unlinked === undefined) return [];
    const name = `channel ${channel}: filter \`${cut(filter, 60)}\``;
    return [isLinked || unlinked === undefined ? { name } : { name, unlinked: cut(unlinked, 90) }];
  });
}

/** What a status file says of the program's own contexts. */
function contextStatus(
  channel: string,
  contexts: readonly { readonly name: string; readonly isRegistered: boolean }[],
  isClosed: boolean,
): readonly FilterStatus[] {
  return contexts.slice(0, MOST_FILTERS).flatMap((context) => {
    if (!context.isRegistered && !isClosed) return [];
    const name = `channel ${channel}: context ${cut(context.name, 60)}`;
    const unlinked = 'no program has registered it (registerContext)';
    return context.isRegistered ? { name, kind: 'context' } : { name, kind: 'context', unlinked };
  });
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function closeQuietly(channel: ChannelWriter): void {
  try {
    channel.close();
  } catch {
    // What could not be closed is recovered by the consumer.
  }
}

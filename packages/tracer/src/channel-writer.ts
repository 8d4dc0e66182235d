// One channel in one thread: what it takes, and its ring, made when the first event comes.
import { describeError } from '@spoor/base';
import {
  RINGS_FOLDER,
  ReaderWaker,
  SwitchWaker,
  callConsumer,
  createThreadRing,
  type ChannelDescription,
  type CounterCell,
  type RingStatus,
  type RingTier,
  type ThreadRing,
} from '@spoor/ringbuffer';
import { basename, dirname, join } from 'node:path';
import type { ClassRegistry } from './class-registry.ts';
import type { ContextCatalogue, ContextField } from './contexts.ts';
import type { Declaration } from './declaration.ts';
import { RuleSet, markTaken, type FilterLink } from './event-rules.ts';
import { RingStrings, stringDeclaration, type StringTable } from './interned-strings.ts';
import {
  hasInternedStrings,
  makeRingWriter,
  type RingWriter,
  type Serialise,
  type Sink,
  type Tally,
} from './serialiser.ts';

/** What the channels of a session share in one thread. */
export interface SessionParts {
  readonly sessionPath: string;
  readonly processPath: string;
  readonly processStartTicks: bigint;
  readonly uuid: Uint8Array;
  readonly maxMemoryBytes: number | undefined;
  /** Whether the reader is woken by each event. */
  readonly wakes: boolean;
  readonly registry: ClassRegistry;
  readonly contexts: ContextCatalogue;
  readonly strings: StringTable;
  readonly makeSerialiser: (declaration: Declaration, sinks: readonly Sink[]) => Serialise;
  /** Takes one line for the summary of the recording. */
  readonly tell: (reason: string) => void;
  /** Called when a ring was made. */
  readonly onRing: (tier: RingTier) => void;
  /** Called now and then by a thread that records. */
  readonly onSwitch: (() => void) | undefined;
}

/** A thread's end of a channel. */
export class ChannelWriter {
  #description: ChannelDescription;
  readonly #parts: SessionParts;
  #rules: RuleSet;
  #ring: ThreadRing | undefined;
  #writer: RingWriter | undefined;
  #waker: ReaderWaker | undefined;
  #switchWaker: SwitchWaker | undefined;
  #strings: RingStrings | undefined;
  #wake: (() => void) | undefined;
  #fields: readonly ContextField[] = [];
  #streamClassId = 0;
  /** Why there is no ring, until it is tried again. */
  #failure: unknown;
  #hasTried = false;
  /** Events whose class could not be declared, and why, until it is tried again. */
  readonly #undeclared = new Map<Declaration, unknown>();

  /** @throws SpoorError `filter/…` when a rule's filter cannot be read. */
  constructor(description: ChannelDescription, parts: SessionParts) {
    this.#description = description;
    this.#parts = parts;
    this.#rules = new RuleSet(description.rules);
  }

  /**
   * Takes changed rules over; false when something else has changed, which the ring was made with.
   * @throws SpoorError `filter/…`; the rules stay as they were.
   */
  change(description: ChannelDescription): boolean {
    const { rules, ...rest } = description;
    const { rules: _, ...own } = this.#description;
    if (JSON.stringify(rest) !== JSON.stringify(own)) return false;
    this.#rules = new RuleSet(rules);
    this.#description = description;
    return true;
  }

  /** Whether events of this class may go here. */
  takes(declaration: Declaration): boolean {
    return this.#rules.takes(declaration);
  }

  /** Whether there is no ring and, until {@link tryAgain}, will be none: what comes is lost. */
  get isOff(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether all events of this class that come here are lost, until {@link tryAgain}. */
  loses(declaration: Declaration): boolean {
    return this.isOff || this.#undeclared.has(declaration);
  }

  /** Makes the ring at the next event, if it could not be made, and declares what could not be declared, where that `may` be. */
  tryAgain(may: (failure: unknown) => boolean): void {
    if (may(this.#failure)) this.#failure = undefined;
    for (const [declaration, failure] of this.#undeclared) {
      if (may(failure)) this.#undeclared.delete(declaration);
    }
  }

  /** How events of this class are counted as lost, in `cell`; undefined where none would be taken. */
  lossOf(declaration: Declaration, cell: () => CounterCell | undefined): Tally | undefined {
    const verdict = this.#rules.verdict(declaration, this.#parts.contexts);
    if (verdict === 'none') return undefined;
    const counter = cell();
    return counter && { cell: counter, filters: verdict === 'all' ? undefined : verdict };
  }

  /** Whether no event goes here now. */
  get takesNothing(): boolean {
    return this.#description.rules.length === 0;
  }

  /** Marks the values of the event's first field with which it may go here. */
  markTaken(declaration: Declaration, marks: Uint8Array): void {
    markTaken(this.#rules.verdict(declaration, this.#parts.contexts), marks);
  }

  /**
   * What a serialiser needs to record events of this class here; undefined when none are.
   * Throws when there can be no ring, or when the class cannot be declared.
   */
  sinkOf(declaration: Declaration): Sink | undefined {
    const verdict = this.#rules.verdict(declaration, this.#parts.contexts);
    if (verdict === 'none') return undefined;
    const writer = this.#open();
    const filters = verdict === 'all' ? undefined : verdict;
    try {
      const eventId = this.#parts.registry.eventId(declaration, this.#streamClassId);
      const strings = hasInternedStrings(declaration.fields) ? this.#openStrings(writer) : undefined;
      return { writer, eventId, contexts: this.#fields, filters, strings, wake: this.#wake };
    } catch (error) {
      this.#undeclared.set(declaration, error);
      throw error;
    }
  }

  /** What the thread's status file says of the ring; undefined without one. */
  get status(): RingStatus | undefined {
    const ring = this.#ring;
    if (ring === undefined) return undefined;
    return {
      channel: this.#description.name,
      ring: ring.ringNumber,
      tier: ring.tier,
      ...ring.geometry,
    };
  }

  /** How the filters of its rules fare. */
  get filterLinks(): readonly FilterLink[] {
    return this.#rules.filterLinks;
  }

  /** The program's own contexts that its events have, and whether the thread has registered them. */
  get ownContexts(): readonly { readonly name: string; readonly isRegistered: boolean }[] {
    return this.#fields.flatMap(({ name }) =>
      name.startsWith('$app.') ? { name, isRegistered: this.#parts.contexts.isRegistered(name) } : [],
    );
  }

  /** Changes whenever {@link filterLinks} does. */
  get linkVersion(): number {
    return this.#rules.linkVersion;
  }

  /** Why the ring is not as it was asked for, one line each. */
  get reasons(): readonly string[] {
    return this.#ring?.reasons ?? [];
  }

  /** Finishes the open sub-buffer, so that a reader gets it now. */
  flush(): void {
    this.#ring?.producer.flush();
  }

  /** Puts into the ring's file what it does not have yet. Never throws. */
  save(): void {
    this.#ring?.save();
  }

  /** Hands over what is in the ring; an event that comes after all opens it again. */
  close(): void {
    this.#ring?.close();
    this.#switchWaker?.wake();
    this.#waker?.close();
  }

  #open(): RingWriter {
    if (this.#writer !== undefined) return this.#writer;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#make();
    } catch (error) {
      this.#failure = error;
      this.#hasTried = true;
      throw error;
    }
  }

  #openStrings(writer: RingWriter): RingStrings {
    const { strings, registry, makeSerialiser } = this.#parts;
    const eventId = registry.eventId(stringDeclaration, this.#streamClassId);
    this.#strings ??= new RingStrings(
      strings,
      writer.ring,
      makeSerialiser(stringDeclaration, [{ writer, eventId, contexts: this.#fields }]),
    );
    return this.#strings;
  }

  #openWaker(ring: ThreadRing): void {
    const { processPath } = this.#parts;
    const name = `${basename(processPath)}.${ring.ringNumber}`;
    const memory = ring.tier === 'mapped' ? ring.producer.view.buffer : undefined;
    try {
      const waker = new ReaderWaker(dirname(processPath), name, memory, () => ring.save());
      this.#waker = waker;
      this.#wake = () => waker.wake();
    } catch (error) {
      this.#parts.tell(`channel ${this.#description.name} is read late: ${describeError(error)}`);
    }
  }

  #make(): RingWriter {
    const parts = this.#parts;
    const { name, mode, subBufferSizeBytes, subBufferCount, blockingTimeoutUs, contexts } = this.#description;
    const fields: ContextField[] = [];
    for (const asked of new Set(contexts)) {
      const field = parts.contexts.find(asked);
      if (field === undefined) parts.tell(`channel ${name}: there is no context ${asked}`);
      else fields.push(field);
    }
    const members = fields.flatMap((field) => field.members);
    this.#streamClassId = parts.registry.streamClassId(name, members);
    const { onSwitch } = parts;
    const wakesAtSwitch = !parts.wakes;
    const ring = createThreadRing({
      folder: join(parts.processPath, RINGS_FOLDER),
      sessionPath: parts.sessionPath,
      channelName: name,
      mode,
      blockingTimeoutUs,
      geometry: { subBufferSizeBytes, subBufferCount },
      maxMemoryBytes: parts.maxMemoryBytes,
      // Whoever has waited in vain once does not hold up the program again.
      waitsForRoom: !this.#hasTried,
      processStartTicks: parts.processStartTicks,
      uuid: parts.uuid,
      streamClassId: this.#streamClassId,
      onSwitch: wakesAtSwitch ? () => this.#switched(onSwitch) : onSwitch,
    });
    if (wakesAtSwitch) this.#tellConsumer(ring);
    this.#fields = fields;
    this.#ring = ring;
    if (parts.wakes) this.#openWaker(ring);
    this.#writer = makeRingWriter(ring.producer);
    parts.onRing(ring.tier);
    return this.#writer;
  }

  /** A consumer that sleeps learns of a new ring. */
  #tellConsumer(ring: ThreadRing): void {
    const { sessionPath } = this.#parts;
    if (ring.tier === 'mapped') {
      this.#switchWaker = new SwitchWaker(sessionPath, ring.producer.view.buffer);
      this.#switchWaker.wake();
      return;
    }
    try {
      // While it knows of such a ring, it does not sleep.
      callConsumer(sessionPath);
    } catch {
      // It looks now and then all the same.
    }
  }

  #switched(onSwitch: (() => void) | undefined): void {
    this.#switchWaker?.wake();
    onSwitch?.();
  }
}

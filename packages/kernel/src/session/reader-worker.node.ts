/** A thread that reads rings of sessions: those that record all along by itself, the others when it is asked. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { SpoorError, describeError } from '@spoor/base';
import { favourThisThread } from '../drain/favoured-thread.node.ts';
import { ReaderPeers } from '../drain/reader-peers.node.ts';
import { RingSleep, safeMsOf } from '../drain/ring-sleep.node.ts';
import {
  readerWords,
  type ConversionKind,
  type ReaderCommand,
  type ReaderMessage,
  type ReaderRequest,
  type ReaderThreadData,
  type RingTotals,
} from './reader-messages.ts';
import { SessionRing } from './session-ring.node.ts';

/** Rings are looked at as often where they cannot be waited for, while much is recorded. */
const fastestMs = 5;

const { words, bell, peers: place } = workerData as ReaderThreadData;
/** Threads that read the rings of other processors. */
const peers = new ReaderPeers(place);
const channels = new Map<string, SessionRing[]>();
const told = new Set<SessionRing>();
/** The rings that are looked at. */
let watched: readonly SessionRing[] = [];
const tell = (message: ReaderMessage): void => parentPort?.postMessage(message);

/** Hands on what rings have been drained of, once others have told of the tasks in it. */
function flush(rings: readonly SessionRing[]): void {
  if (rings.some((ring) => ring.isWaiting)) {
    const all = [...channels.values()].flat().filter((ring) => ring.isActive && !ring.isInMemory);
    peers.settle(() => {
      for (const ring of all) ring.drain(true);
    });
    for (const ring of all) ring.flush();
  }
  for (const ring of rings) ring.flush();
}

/** For so long a conversion goes on before rings are looked at again. */
const conversionMs = 2;

/** Converts what waits of rings, beside each other. */
function* convert(rings: readonly SessionRing[], how: ConversionKind): Generator<void, void> {
  let conversions = rings.map((ring) => ring.convert(how));
  let sinceMs = performance.now();
  while (conversions.length > 0) {
    let isWaiting = true;
    conversions = conversions.filter((conversion) => {
      const { done, value } = conversion.next();
      if (done === true || value) isWaiting = false;
      return done !== true;
    });
    if (isWaiting) Atomics.wait(words, readerWords.sequence, Atomics.load(words, readerWords.sequence), 1);
    if (!isWaiting && performance.now() - sinceMs < conversionMs) continue;
    yield;
    sinceMs = performance.now();
  }
}

/** Empties the rings of which nothing is converted now, amid what others are. */
function storePages(): void {
  for (const ring of watched) if (ring.isStored) ring.drain(false);
}

/** Does what is asked for; stops now and then where that takes long. */
function* carryOut(command: ReaderCommand): Generator<void, readonly RingTotals[]> {
  if (command.kind === 'add') {
    const rings: SessionRing[] = [];
    try {
      for (const request of command.rings)
        rings.push(new SessionRing(request, () => peers.settleNow(), storePages));
    } catch (error) {
      for (const ring of rings) ring.close();
      throw error;
    }
    channels.set(command.key, rings);
    return [];
  }
  const rings = channels.get(command.key) ?? [];
  // What is asked for is asked of all that has been recorded until now; who ends tells the others what it knows before.
  if (command.kind !== 'activate' || !command.isActive) {
    for (const ring of rings) if (!ring.isInMemory) ring.drain(true);
    flush(rings);
  }
  for (const ring of rings) {
    switch (command.kind) {
      case 'activate':
        ring.isActive = command.isActive;
        if (!command.isActive) ring.rest();
        break;
      case 'remove':
        ring.close();
        break;
      case 'configure':
        ring.guard(() => ring.sink.configure(command.data, command.place));
        break;
      case 'suspend':
        ring.guard(() => ring.sink.suspend());
        break;
      case 'resume':
        ring.guard(() => ring.sink.resume(command.place));
        break;
      case 'collect':
        if (ring.isInMemory) ring.prepare();
        break;
      case 'snapshot':
        ring.snapshot(command);
        break;
      case 'clear':
        if (ring.isInMemory) ring.clear();
        break;
      case 'flush':
        ring.tellLosses();
        break;
      case 'seal':
        ring.seal(lookAtRings);
        break;
      case 'convert':
      case 'count':
        break;
      default:
        command satisfies never;
    }
  }
  if (command.kind === 'remove') channels.delete(command.key);
  if (command.kind === 'convert') yield* convert(rings, command.how);
  return rings.map((ring) => ring.totals());
}

/** Commands behind which other rings are looked at. */
const choosesRings: ReadonlySet<ReaderCommand['kind']> = new Set(['add', 'remove', 'activate']);

/** The rings that are looked at; `sleep` waits for them from now on. */
function watchRings(sleep: RingSleep): readonly SessionRing[] {
  const watched = [...channels.values()].flat().filter((ring) => ring.isActive && !ring.isInMemory);
  const least = (of: (ring: SessionRing) => number | undefined): number | undefined =>
    watched.reduce<number | undefined>((smallest, ring) => {
      const value = of(ring);
      return value === undefined ? smallest : Math.min(smallest ?? value, value);
    }, undefined);
  const ringBytes = least((ring) => ring.ringBytes) ?? 0;
  if (watched.length > 0) peers.join(safeMsOf(ringBytes));
  else peers.leave();
  sleep.watch(
    watched.map(({ descriptor }) => descriptor),
    ringBytes,
    fastestMs,
    least(({ askedMs }) => askedMs),
  );
  return watched;
}

/** Empties the rings that are looked at. @returns what was in the fullest, as a share of it. */
function lookAtRings(): number {
  let mostShare = 0;
  const { asked } = peers;
  const untilEmpty = peers.isAsked(asked);
  for (const ring of watched) {
    if (ring.failure === undefined) mostShare = Math.max(mostShare, ring.drain(untilEmpty) / ring.ringBytes);
  }
  peers.answer(asked);
  flush(watched);
  return mostShare;
}

/** Something that was asked for and takes long. */
interface Work {
  readonly id: number;
  readonly steps: Generator<void, readonly RingTotals[]>;
}

/** Goes on with it. @returns whether it is done. */
function goOn({ id, steps }: Work): boolean {
  try {
    const { done, value } = steps.next();
    if (done === true) tell({ kind: 'done', id, rings: value });
    return done === true;
  } catch (error) {
    const code = error instanceof SpoorError ? error.code : 'kernel/reader';
    tell({ kind: 'refused', id, message: describeError(error), code });
    return true;
  }
}

function tellTroubles(): void {
  for (const [key, rings] of channels) {
    for (const ring of rings) {
      const { trouble } = ring;
      if ((ring.failure ?? trouble) === undefined || told.has(ring)) continue;
      told.add(ring);
      if (ring.failure === undefined) tell({ kind: 'trouble', key, cpu: ring.cpu, message: trouble! });
      else tell({ kind: 'failed', key, cpu: ring.cpu, message: ring.failure });
    }
  }
}

function serve(): void {
  const sleep = new RingSleep({ words, sequenceWord: readerWords.sequence, bell });
  let underWay: readonly Work[] = [];
  // What was asked for before this thread ran is waiting.
  let served = 0;
  favourThisThread();
  tell({ kind: 'ready' });
  for (;;) {
    if (underWay.length === 0) {
      // Without anything to look at it sleeps until it is told.
      if (watched.length === 0) Atomics.wait(words, readerWords.sequence, served);
      else sleep.sleep(served);
    }
    served = Atomics.load(words, readerWords.sequence);
    sleep.found(lookAtRings());
    underWay = underWay.filter((work) => !goOn(work));
    for (;;) {
      const received = receiveMessageOnPort(parentPort!) as { readonly message: ReaderRequest } | undefined;
      if (received === undefined) break;
      const { id, command } = received.message;
      const work = { id, steps: carryOut(command) };
      if (!goOn(work)) underWay = [...underWay, work];
      // At once: rings that are closed by it must not be looked at again.
      if (choosesRings.has(command.kind)) watched = watchRings(sleep);
    }
    tellTroubles();
  }
}

serve();

/**
 * The metadata of a trace that several threads write: classes are appended when their first event is about to be
 * written, so that a trace has the classes that it uses, of the thousands that a kernel has.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { formatEventTsdl, formatTraceTsdl, type StreamClass, type TraceClass } from '@spoor/ctf';

/** States of a class in the memory that threads share. */
const absent = 0;
const beingWritten = 1;
const written = 2;

/**
 * Whether a stream class must not be without an event class: babeltrace2 2.0 ends itself when it reads one whose context
 * has sequences, as those of call stacks are. The first class is declared with it then.
 */
function needsFirstClass({ eventCommonContext, eventClasses }: StreamClass): boolean {
  const members = eventCommonContext?.members ?? [];
  return eventClasses.length > 0 && members.some(({ fieldClass }) => fieldClass.kind === 'dynamic-array');
}

/** What stands behind a stream class at once. */
export function firstClassText(stream: StreamClass, traceClass: TraceClass): string {
  return needsFirstClass(stream)
    ? `\n${formatEventTsdl(stream.eventClasses[0]!, stream.id, traceClass)}`
    : '';
}

/** A word a class of a stream class that is declared, in memory that all threads share. */
export function makeClassStates(stream: StreamClass): SharedArrayBuffer {
  const states = new SharedArrayBuffer(Math.max(1, stream.eventClasses.length) * 4);
  if (needsFirstClass(stream)) new Int32Array(states)[0] = written;
  return states;
}

/** Appends classes to a `metadata` file; each thread has one of its own over the same memory. */
export class MetadataFile implements Disposable {
  private readonly path: string;
  private readonly fd: number;
  private readonly traceClass: TraceClass;
  private readonly states: Int32Array;
  /** The classes of the last call, all of which are there. */
  private declared: Uint8Array = new Uint8Array(0);

  /**
   * Opens a file that {@link beginMetadata} has begun.
   * @param states a word a class of stream class 0, in memory that all threads share.
   */
  constructor(path: string, traceClass: TraceClass, states: Int32Array) {
    this.path = path;
    this.traceClass = traceClass;
    this.states = states;
    try {
      // It is not made: classes alone are no metadata, where somebody has removed what stood before them.
      this.fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    } catch (error) {
      throw outputError(path, error);
    }
  }

  /** Writes the classes whose byte in `used` is set, unless another thread has; returns when all of them are there. */
  declare(used: Uint8Array): void {
    // Packet after packet has events of the same ones.
    if (Buffer.compare(used, this.declared) === 0) return;
    const { states } = this;
    const mine: number[] = [];
    const others: number[] = [];
    for (let id = used.indexOf(1); id >= 0; id = used.indexOf(1, id + 1)) {
      const before = Atomics.compareExchange(states, id, absent, beingWritten);
      if (before === absent) mine.push(id);
      else if (before === beingWritten) others.push(id);
    }
    if (mine.length > 0) this.write(mine);
    let areThere = true;
    for (const id of others) {
      Atomics.wait(states, id, beingWritten);
      // Who was waited for may have had no room.
      areThere &&= Atomics.load(states, id) === written;
    }
    if (areThere) this.declared = used.slice();
  }

  /** Writes classes that nobody else writes: all of them, or none. */
  private write(ids: readonly number[]): void {
    let state: number = absent;
    try {
      writeAll(this.fd, this.path, ids.map((id) => this.textOf(id)).join(''));
      state = written;
    } finally {
      // Where there was no room another thread may have more luck.
      for (const id of ids) {
        Atomics.store(this.states, id, state);
        Atomics.notify(this.states, id);
      }
    }
  }

  /** Makes the first class as cheap as those that follow; worth while where little time may be lost later. */
  warmUp(): void {
    const { eventClasses } = this.traceClass.streamClasses[0]!;
    if (eventClasses.length > 0) this.textOf(0);
  }

  private textOf(id: number): string {
    const stream = this.traceClass.streamClasses[0]!;
    return `\n${formatEventTsdl(stream.eventClasses[id]!, stream.id, this.traceClass)}`;
  }

  /** Writes the classes of another stream class, all at once. */
  declareStream(index: number): void {
    const stream = this.traceClass.streamClasses[index]!;
    const texts = stream.eventClasses.map(
      (event) => `\n${formatEventTsdl(event, stream.id, this.traceClass)}`,
    );
    writeAll(this.fd, this.path, texts.join(''));
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/**
 * Writes what stands before the classes.
 * @param streams that are declared at once; all by default.
 * @throws SpoorError `output/failed`, `output/exists`.
 */
export function beginMetadata(path: string, traceClass: TraceClass, streams?: readonly StreamClass[]): void {
  const texts = (streams ?? traceClass.streamClasses.slice(0, 1)).map((stream) =>
    firstClassText(stream, traceClass),
  );
  createMetadata(path, `${formatTraceTsdl(traceClass, streams)}${texts.join('')}`);
}

/**
 * Makes a file of metadata that is whole, or none.
 * @throws SpoorError `output/failed`, `output/exists`.
 */
export function createMetadata(path: string, text: string | Uint8Array): void {
  let fd: number;
  try {
    fd = openSync(path, 'wx');
  } catch (error) {
    throw outputError(path, error);
  }
  try {
    writeAll(fd, path, text);
  } catch (error) {
    // Whoever comes next would take it for one that is there already.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * Adds to metadata that is there: all of a text, or nothing.
 * @throws SpoorError `output/failed`.
 */
export function appendMetadata(path: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    throw outputError(path, error);
  }
  try {
    writeAll(fd, path, text);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, path: string, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(fd, bytes, done);
  } catch (error) {
    // Half a class would make all of it unreadable.
    if (done > 0) ftruncateSync(fd, fstatSync(fd).size - done);
    throw outputError(path, error);
  }
}

function outputError(path: string, error: unknown): SpoorError {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
    ? new SpoorError('output/exists', `${path} exists already`, { hint: 'name a new directory' })
    : new SpoorError('output/failed', `cannot write ${path}`, { cause: error });
}

/**
 * The metadata of a trace that several threads write: classes are appended when their first event is about to be
 * written, so that a trace has the classes that it uses, of the thousands that a kernel has.
 */
import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
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
      appendWhole(this.fd, this.path, ids.map((id) => this.textOf(id)).join(''));
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
    appendWhole(this.fd, this.path, texts.join(''));
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
    appendWhole(fd, path, text);
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
    appendWhole(fd, path, text);
  } finally {
    closeSync(fd);
  }
}

/**
 * Appends a text, all of it or nothing, to a file that others append to meanwhile.
 * @param fd opened to append.
 * @param write what writes it, for tests.
 * @throws SpoorError `output/failed`.
 */
export function appendWhole(
  fd: number,
  path: string,
  text: string | Uint8Array,
  write: (fd: number, bytes: Uint8Array) => number = writeSync,
): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    // A full disk takes a part first, and refuses the next one. The rest would stand behind what others wrote.
    for (let count = -1; count < bytes.length;) {
      count = write(fd, bytes);
      if (count < bytes.length) takeBack(fd, count);
    }
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * Takes back what was written last through a descriptor: half a class would make all of the file unreadable. Others may have
 * written behind it, so it is not cut off, but made blank, which needs no room.
 */
function takeBack(fd: number, sizeBytes: number): void {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  const end = Number(/^pos:\s*(\d+)$/m.exec(info)?.[1] ?? Number.NaN);
  // What is opened to append writes at the end, wherever it is told to.
  const file = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY);
  try {
    writeSync(file, Buffer.alloc(sizeBytes, ' '), 0, sizeBytes, end - sizeBytes);
  } finally {
    closeSync(file);
  }
}

function outputError(path: string, error: unknown): SpoorError {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
    ? new SpoorError('output/exists', `${path} exists already`, { hint: 'name a new directory' })
    : new SpoorError('output/failed', `cannot write ${path}`, { cause: error });
}

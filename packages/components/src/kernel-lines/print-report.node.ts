/** Text of recordings of the kernel's rings under Node.js, by several threads: each writes slices when it is their turn. */
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parentPort, Worker } from 'node:worker_threads';
import { SpoorError } from '@spoor/base';
import type { KernelRecording } from '@spoor/kernel';
import { ClosedPipeError, FileOutput } from '../sink-text-pretty/file-output.node.ts';
import { rawDescriptionFile } from '../source-ctf-fs/raw-rings.ts';
import { isDirectory, openRecordings } from '../source-ftrace/open-ftrace.node.ts';
import { LineBuffer } from './line-buffer.ts';
import { RecordingReport, type ReportCut } from './recording-report.ts';

/** What threads share, by words. */
const word = {
  /** The slice that nobody has begun yet. */
  next: 0,
  /** The slice whose text is to be written. */
  turn: 1,
  /** 0, or one of {@link outcome}. */
  failed: 2,
  /** Number of the helper's thread; 0 until it has one. */
  helper: 3,
  /** Bytes of the text that tells why it failed. */
  reasonBytes: 4,
  size: 5,
} as const;

const outcome = { closedPipe: 1, failed: 2 } as const;
const mostReasonBytes = 4096;
/** Slices whose text a thread keeps while those before them are made. */
const mostWaiting = 8;
/** How often it is looked whether those that are waited for are there. */
const lookMs = 200;

/** What a helper thread is given. */
export interface ReportRequest {
  readonly paths: readonly string[];
  readonly descriptor: number;
  readonly output: string | undefined;
  readonly words: Int32Array;
  readonly reason: Uint8Array;
}

/** How a report is printed. */
export interface ReportOptions {
  /** Where the text goes. */
  readonly descriptor: number;
  /** Its name, for messages. */
  readonly output?: string;
  /** As many as there are processors, two at most, by default; one for short recordings. */
  readonly threads?: number;
  /** The file of a thread that helps: it gives its `workerData` to {@link helpReport}. */
  readonly threadProgram: string;
  /** Hears what is wrong with a recording, a line each. */
  readonly warn: (line: string) => void;
}

/** Shorter recordings are written before a helper is of use. */
const leastSizeBytes = 48 * 1_048_576;

/** What recordings take, roughly. */
function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce(
    (sum, name) => sum + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** The raw recordings at a directory, or below it: those of the kernel's part of a recording. */
function rawBelow(path: string): readonly string[] {
  if (!isDirectory(path) || existsSync(join(path, rawDescriptionFile))) return [path];
  const found = readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name === rawDescriptionFile)
    .map((entry) => entry.parentPath)
    .sort();
  return found.length > 0 ? found : [path];
}

function openAll(paths: readonly string[]): readonly KernelRecording[] {
  return paths.flatMap((path) => openRecordings(path, isDirectory(path) ? 'raw' : 'trace-dat'));
}

function threadNumber(): number {
  const [, , id = ''] = readlinkSync('/proc/thread-self').split('/');
  return Number(id);
}

/** Waits for the turn of a slice. @returns false where another thread has failed. */
function waitForTurn(words: Int32Array, slice: number, isAlone: boolean): boolean {
  for (;;) {
    if (Atomics.load(words, word.failed) !== 0) return false;
    const turn = Atomics.load(words, word.turn);
    if (turn === slice) return true;
    const result = Atomics.wait(words, word.turn, turn, lookMs);
    const helper = Atomics.load(words, word.helper);
    if (result === 'timed-out' && !isAlone && !existsSync(`/proc/self/task/${helper}`))
      throw new SpoorError('report/thread', 'a thread that helped to write has ended before it was done');
  }
}

/** Text of a slice that waits until it is its turn. */
interface WaitingText {
  readonly slice: number;
  readonly text: LineBuffer;
}

/**
 * Writes slices until there are no more. The text of one whose turn it is not waits, while the next is made: threads that
 * waited for each other would all be as slow as the one that is slowest just now, as they are until V8 has their code.
 */
function writeSlices(report: RecordingReport, request: ReportRequest, isHelper: boolean): void {
  const { words, descriptor, output } = request;
  const target = new FileOutput(descriptor, output);
  const waiting: WaitingText[] = [];
  const spare: LineBuffer[] = [];
  /** Hands over what waits, until no more than `most` slices do. @returns false where another thread has failed. */
  const handOver = (most: number): boolean => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { slice, text } = first;
      if (waiting.length <= most && Atomics.load(words, word.turn) !== slice) return true;
      if (!waitForTurn(words, slice, isHelper)) return false;
      target.write(text.bytes, text.length);
      Atomics.store(words, word.turn, slice + 1);
      Atomics.notify(words, word.turn);
      waiting.shift();
      spare.push(text);
    }
    return true;
  };
  for (;;) {
    const slice = Atomics.add(words, word.next, 1);
    if (slice >= report.sliceCount) break;
    const text = spare.pop() ?? new LineBuffer();
    text.length = 0;
    report.write(slice, text);
    waiting.push({ slice, text });
    if (!handOver(mostWaiting)) return;
  }
  handOver(0);
}

function fail({ words, reason }: ReportRequest, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  Atomics.store(words, word.reasonBytes, new TextEncoder().encodeInto(text, reason).written);
  Atomics.store(words, word.failed, error instanceof ClosedPipeError ? outcome.closedPipe : outcome.failed);
  Atomics.notify(words, word.turn);
}

/** The work of a helper thread. Where it cannot see the same recording it leaves all to the one that started it. */
export function helpReport(request: ReportRequest): void {
  const { words } = request;
  let recordings: readonly KernelRecording[];
  try {
    Atomics.store(words, word.helper, threadNumber());
    recordings = openAll(request.paths);
  } catch {
    return;
  }
  // How they are cut is found out meanwhile.
  parentPort?.once('message', (cut: ReportCut) => {
    let report: RecordingReport;
    try {
      report = new RecordingReport(recordings, { cut });
    } catch {
      return;
    }
    try {
      writeSlices(report, request, true);
    } catch (error) {
      fail(request, error);
    }
  });
}

/**
 * Prints recordings: directories with raw pages in or below them, and files of trace-cmd.
 * @returns when all of it is written.
 * @throws SpoorError for what cannot be read or written, `report/…`; ClosedPipeError.
 */
export async function printReport(given: readonly string[], options: ReportOptions): Promise<void> {
  const paths = given.flatMap(rawBelow);
  const size = paths.reduce((sum, path) => sum + sizeOf(path), 0);
  const threads = options.threads ?? (size < leastSizeBytes ? 1 : Math.min(2, availableParallelism()));
  const request: ReportRequest = {
    paths,
    descriptor: options.descriptor,
    output: options.output,
    words: new Int32Array(new SharedArrayBuffer(word.size * 4)),
    reason: new Uint8Array(new SharedArrayBuffer(mostReasonBytes)),
  };
  // It starts while the recordings are opened here.
  const helper = threads > 1 ? startHelper(request, options.threadProgram) : undefined;
  let report: RecordingReport;
  try {
    report = new RecordingReport(openAll(paths));
    helper?.postMessage(report.cut);
    writeSlices(report, request, false);
    // The helper may have the last slices; it has failed, or all is written.
    waitForTurn(request.words, report.sliceCount, helper === undefined);
    throwFailure(request);
  } finally {
    await helper?.terminate();
  }
  for (const { damagedCount, ring } of report.lanes) {
    if (damagedCount > 0)
      options.warn(`${ring.source.name}: ${damagedCount} damaged pages; the rest of each is left out`);
  }
}

function startHelper(request: ReportRequest, program: string): Worker {
  // By its first argument the command's loader knows which file it needs.
  const worker = new Worker(program, { workerData: request, execArgv: [], argv: ['report'] });
  // A thread that cannot start has taken no slice.
  worker.on('error', () => undefined);
  worker.unref();
  return worker;
}

function throwFailure({ words, reason }: ReportRequest): void {
  const failed = Atomics.load(words, word.failed);
  if (failed === outcome.closedPipe) throw new ClosedPipeError();
  if (failed === 0) return;
  const text = new TextDecoder().decode(reason.slice(0, Atomics.load(words, word.reasonBytes)));
  throw new SpoorError('report/failed', text);
}

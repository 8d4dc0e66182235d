/** The kernel's part of a session that the consumer works for: what `kernel.json` in the session's directory says. */
import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type SpoorError, describeError } from '@spoor/base';
import { toWireError, type ChannelUsage, type WireError } from '@spoor/control';
import type { KernelSessionDescription } from '@spoor/kernel';
import type { KernelSession, RingReaders } from '@spoor/kernel/node';
import { type FileUser, asUser } from '@spoor/sys';
import type { WorkerTotals } from './host-protocol.ts';

/** Where a session's directory says what is recorded of the kernel. */
export const KERNEL_FILE = 'kernel.json';
/** Folder of the kernel's trace in a trace chunk and in a snapshot, as LTTng has it. */
export const KERNEL_FOLDER = 'kernel';

/** What of it concerns the consumer alone. */
export interface KernelFile {
  readonly description: KernelSessionDescription;
  /** Processes that are left out of the trace. */
  readonly hidden: readonly number[];
}

/** The threads that read rings are those of all sessions. */
let sharedReaders: RingReaders | undefined;

/** Works for the kernel's part of one session. */
export class KernelWorker {
  readonly #session: string;
  readonly #output: string;
  readonly #writer: FileUser | undefined;
  readonly #onNote: (severity: 'info' | 'error', text: string) => void;
  #kernel: KernelSession | undefined;
  #applied = '';
  #queue: Promise<unknown> = Promise.resolve();
  /** Bytes that were written before the current chunk began. */
  #bytesBefore = 0;
  #chunkDir: string | undefined;

  /**
   * @param output directory of the session's output, which all chunks lie in.
   * @param outputDir of the current chunk; undefined when events stay in memory.
   * @param writer with whose rights the trace is written; undefined for those of this process.
   */
  constructor(
    session: string,
    output: string,
    outputDir: string | undefined,
    writer: FileUser | undefined,
    onNote: (severity: 'info' | 'error', text: string) => void,
  ) {
    this.#session = session;
    this.#output = output;
    this.#writer = writer;
    this.#chunkDir = outputDir;
    this.#onNote = onNote;
  }

  /** Whether anything of the kernel is recorded. */
  get isAtWork(): boolean {
    return this.#kernel !== undefined;
  }

  /** Takes over what the file says now. @returns what is wrong with it, if anything is. */
  apply(): Promise<WireError | undefined> {
    return this.#inTurn(async () => {
      const path = join(this.#session, KERNEL_FILE);
      if (!existsSync(path)) return undefined;
      const text = readFileSync(path, 'utf8');
      if (text === this.#applied) return undefined;
      const { description, hidden } = JSON.parse(text) as KernelFile;
      try {
        const { KernelSession, RingReaders } = await import('@spoor/kernel/node');
        sharedReaders ??= new RingReaders();
        this.#kernel ??= new KernelSession({
          directory: this.#session,
          readers: sharedReaders,
          output: this.#output,
          writer: this.#writer,
          hidden,
          onNote: this.#onNote,
        });
        this.#kernel.hide(hidden);
        for (const warning of await this.#kernel.apply(description, this.#directory())) {
          this.#onNote('info', warning);
        }
        this.#applied = text;
        return undefined;
      } catch (error) {
        return toWireError(error);
      }
    });
  }

  #directory(): string | undefined {
    return this.#chunkDir === undefined ? undefined : join(this.#chunkDir, KERNEL_FOLDER);
  }

  flush(): Promise<void> {
    return this.#with((kernel) => kernel.flush());
  }

  /**
   * Has a step between chunks done while nothing of the kernel is written.
   * @param move answers where the next chunk lies.
   * @param next where that will be; then nothing is moved unless it can be begun there.
   */
  aroundStep(move: () => string, next?: string): Promise<void> {
    return this.#inTurn(async () => {
      const kernel = this.#kernel;
      if (kernel === undefined) {
        this.#chunkDir = move();
        return;
      }
      // What nobody will have is not converted.
      await kernel.suspend(next === undefined);
      try {
        if (next !== undefined) kernel.prepare(join(next, KERNEL_FOLDER));
        this.#chunkDir = move();
      } catch (error) {
        if (next !== undefined && next !== this.#chunkDir) this.#forsake(next);
        await kernel.goOn();
        throw error;
      }
      this.#bytesBefore = (await kernel.totals()).writtenBytes;
      try {
        await kernel.resume(this.#directory()!);
      } catch (error) {
        // The step is done all the same: who asked for it must know where the chunk lies now.
        this.#onNote('error', describeError(error));
      }
    });
  }

  /** Takes away what was begun of a chunk that does not come. */
  #forsake(chunkDir: string): void {
    asUser(this.#writer, () => {
      rmSync(join(chunkDir, KERNEL_FOLDER), { recursive: true, force: true });
      try {
        rmdirSync(chunkDir);
      } catch {
        // It was not made, or others have something there.
      }
    });
  }

  /** Writes what is in the rings below a directory. */
  snapshot(
    path: string,
    maxSizeBytes: number | null,
  ): Promise<{ readonly eventCount: number; readonly sizeBytes: number }> {
    return this.#inTurn(
      async () =>
        (await this.#kernel?.snapshot(join(path, KERNEL_FOLDER), maxSizeBytes)) ?? {
          eventCount: 0,
          sizeBytes: 0,
        },
    );
  }

  clear(): Promise<void> {
    return this.#with((kernel) => kernel.clear());
  }

  async totals(): Promise<
    Omit<WorkerTotals, 'counters'> & { readonly writtenBytes: number; readonly chunkBytes: number }
  > {
    const all = await this.#kernel?.totals();
    if (all === undefined) {
      return {
        eventCount: 0,
        discardedCount: 0,
        overwrittenCount: 0,
        processCount: 0,
        writtenBytes: 0,
        chunkBytes: 0,
      };
    }
    const { waitingBytes, ...counts } = all;
    const writtenBytes = all.writtenBytes + waitingBytes;
    return { ...counts, processCount: 0, writtenBytes, chunkBytes: writtenBytes - this.#bytesBefore };
  }

  async usage(): Promise<readonly ChannelUsage[]> {
    const rows = (await this.#kernel?.usage()) ?? [];
    return rows.map((row) => ({ ...row, domain: 'kernel', pid: 0, procname: 'kernel' }));
  }

  /** Ends it; answers whether all could be written. */
  finish(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#kernel === undefined) return true;
      try {
        return (await this.#kernel.finish()).isComplete;
      } catch (error) {
        this.#onNote('error', describeError(error as SpoorError));
        return false;
      }
    });
  }

  /** Ends it where the session's directory is gone, which may keep it from ending in order: no instance stays all the same. */
  async abandon(): Promise<void> {
    if (!this.isAtWork) return;
    await this.finish();
    const { findTracefs, sweepSessions } = await import('@spoor/kernel/node');
    sweepSessions(findTracefs());
  }

  /** Leaves all as it is for another consumer. */
  close(): void {
    this.#kernel?.close();
  }

  #with(work: (kernel: KernelSession) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#kernel !== undefined) await work(this.#kernel);
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

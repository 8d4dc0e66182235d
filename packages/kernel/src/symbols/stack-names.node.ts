/** Names of call stacks of one recording: what is noted while it goes on, and written with the trace. */
import { SpoorError, describeError } from '@spoor/base';
import type { StackKind } from '../transcode/call-stacks.ts';
import { MetAddresses } from './met-addresses.ts';
import { readCallStackNames, writeCallStackNames } from './name-call-stacks.node.ts';
import { ProcessMaps } from './process-maps.node.ts';
import type { CallStackSymbols } from './symbols-file.ts';

/** Names are saved so often at most, and so that it takes a twentieth of the time. */
const leastPauseMs = 1000;
const pausesOfWork = 20;

export class StackNames implements Disposable {
  private readonly met = new MetAddresses();
  private maps: ProcessMaps | undefined;
  /** Where it wrote last, and what another process had left there. */
  private directory: string | undefined;
  private before: CallStackSymbols | undefined;
  private savedCount = 0;
  private nextSaveMs = 0;

  /** @param kinds of the stacks that are recorded. Processes are watched from now on where those of programs are. */
  constructor(kinds: readonly StackKind[]) {
    this.watch(kinds);
  }

  /** Of the table that threads that read rings put addresses into. */
  get memory(): SharedArrayBuffer {
    return this.met.memory;
  }

  /** Other stacks are recorded now, too. */
  watch(kinds: readonly StackKind[]): void {
    if (kinds.includes('user')) this.maps ??= new ProcessMaps();
  }

  /**
   * Writes what is known when there is more than last time, for whoever writes may be killed; seldom where that takes long.
   * What cannot be written now is told of at the end.
   */
  save(directory: string): void {
    const beganMs = performance.now();
    const { size } = this.met;
    const isKnown = size === this.savedCount && directory === this.directory;
    if (isKnown || beganMs < this.nextSaveMs) return;
    try {
      this.writeInto(directory);
      this.savedCount = size;
    } catch {
      // There may be room again.
    }
    const endedMs = performance.now();
    this.nextSaveMs = endedMs + Math.max(leastPauseMs, (endedMs - beganMs) * pausesOfWork);
  }

  private writeInto(directory: string): void {
    if (this.directory !== directory) {
      this.directory = directory;
      this.before = readCallStackNames(directory);
    }
    writeCallStackNames(directory, this.met, this.maps?.settled(), this.before);
  }

  /**
   * Writes the names of all that was met until now into a trace, which is whole without them.
   * @param tell hears of what they lack, `kernel/symbols`.
   */
  write(directory: string, tell: (error: SpoorError) => void): void {
    try {
      this.writeInto(directory);
    } catch (cause) {
      tell(
        new SpoorError('kernel/symbols', `names of call stacks were not written: ${describeError(cause)}`, {
          where: directory,
          cause,
        }),
      );
    }
    if (this.met.isFull) {
      const text = 'call stacks have more addresses than are kept: some have no names';
      tell(new SpoorError('kernel/symbols', text));
    }
    if (this.maps?.isExact === false) {
      const text = 'not all that processes mapped was told: some addresses of programs have no names';
      tell(new SpoorError('kernel/symbols', text));
    }
  }

  [Symbol.dispose](): void {
    this.maps?.[Symbol.dispose]();
  }
}

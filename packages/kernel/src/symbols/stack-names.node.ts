/** Names of call stacks of one recording: what is noted while it goes on, and written with the trace. */
import { SpoorError, describeError } from '@spoor/base';
import type { StackKind } from '../transcode/call-stacks.ts';
import { MetAddresses } from './met-addresses.ts';
import { writeCallStackNames } from './name-call-stacks.node.ts';
import { ProcessMaps } from './process-maps.node.ts';

export class StackNames implements Disposable {
  private readonly met = new MetAddresses();
  private maps: ProcessMaps | undefined;

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
   * Writes the names of all that was met until now into a trace, which is whole without them.
   * @param tell hears of what they lack, `kernel/symbols`.
   */
  write(directory: string, tell: (error: SpoorError) => void): void {
    try {
      writeCallStackNames(directory, this.met, this.maps?.settled());
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

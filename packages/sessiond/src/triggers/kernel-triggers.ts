/**
 * What triggers wait for in the kernel. An instance of tracefs of the daemon's own has those events alone; each event is
 * held against the rules here, as the readers of recordings do it.
 */
import { describeError } from '@spoor/base';
import { domainOf, type Trigger } from '@spoor/control';
import type { KernelWatch, KernelWish } from '@spoor/kernel/node';
import { conditionRules, parseCapture } from '@spoor/trigger';
import { splitRules } from '../daemon/describe-kernel.ts';
import { requireKernel } from '../daemon/kernel-access.ts';
import { channelName, countName, type Numbered } from './watch-description.ts';
import type { RingNotice } from './watched-process.ts';

/** Who hears of it. */
export interface KernelTriggerListener {
  readonly onNotices: (notices: readonly RingNotice[]) => void;
  /** Events that nobody looked at, of any of the triggers. */
  readonly onLost: (count: number) => void;
  readonly onTrouble: (text: string) => void;
}

/** What triggers wait for in the kernel, under the names of their channels and counts. */
export function kernelWishes(triggers: readonly Numbered<Trigger>[]): readonly KernelWish[] {
  return triggers.flatMap(({ number, value: { condition } }) =>
    conditionRules(condition).flatMap(({ role, rule, captures }): KernelWish[] => {
      if (domainOf(rule) === 'user') return [];
      const key = role === 'count' ? countName(number) : channelName(number, role);
      const mayLack = role !== 'match';
      return [{ key, captures: captures.map(parseCapture), mayLack, ...splitRules([rule]) }];
    }),
  );
}

/** Waits for events of the kernel; all of it is loaded when it is needed first. */
export class KernelTriggers {
  readonly #directory: string;
  readonly #listener: KernelTriggerListener;
  readonly #counts = new Map<string, number>();
  #watch: KernelWatch | undefined;
  #applied = '[]';
  #queue: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param directory of the daemon, which is there as long as it has triggers. */
  constructor(directory: string, listener: KernelTriggerListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /**
   * Waits for these alone from now on.
   * @param wanted of the trigger that is refused when its events cannot be had.
   * @throws SpoorError `control/no-kernel-tracer`, `kernel/…`, `filter/…`, `trigger/capture`: then all is as it was.
   */
  apply(wishes: readonly KernelWish[], wanted: readonly string[] = []): Promise<void> {
    const done = this.#queue.then(() => this.#apply(wishes, wanted));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #apply(wishes: readonly KernelWish[], wanted: readonly string[]): Promise<void> {
    const text = JSON.stringify(wishes);
    if (text === this.#applied || this.#isClosed) return;
    if (this.#watch === undefined) {
      await requireKernel();
      const { KernelWatch } = await import('@spoor/kernel/node');
      this.#watch = new KernelWatch({
        directory: this.#directory,
        onNotices: (notices) => this.#hear(notices),
        onLost: (count) => this.#listener.onLost(count),
        onTrouble: (trouble) => this.#listener.onTrouble(trouble),
      });
    }
    this.#watch.apply(wishes, wanted);
    this.#applied = text;
    for (const key of this.#counts.keys()) {
      if (!wishes.some((wish) => wish.key === key)) this.#counts.delete(key);
    }
  }

  /** How many events of the kernel a rate or a silence has counted. */
  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Looks at the rings at once. */
  look(): void {
    this.#watch?.look();
  }

  #hear(notices: Parameters<ConstructorParameters<typeof KernelWatch>[0]['onNotices']>[0]): void {
    const heard: RingNotice[] = [];
    for (const { key, ...notice } of notices) {
      // Those that are counted have a number for a name, the others their part in the condition, too.
      if (/^t\d+$/.test(key)) this.#counts.set(key, this.count(key) + 1);
      else heard.push({ ...notice, channel: key, process: `kernel-${notice.pid}` });
    }
    if (heard.length > 0) this.#listener.onNotices(heard);
  }

  /** Leaves all to the next daemon. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  /** Has what goes wrong told. */
  tell(error: unknown): void {
    this.#listener.onTrouble(`events of the kernel are not waited for: ${describeError(error)}`);
  }
}

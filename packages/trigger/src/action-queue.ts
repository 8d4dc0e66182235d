// The actions of one trigger, carried out one after the other, for each firing in the order in which they were given.
import { describeError } from '@spoor/base';
import type { Action, ActionStatus, RatePolicy, Trigger, TriggerNotification } from '@spoor/control';
import { RateGate } from './rate-policy.ts';

/** Carries an action out; a promise that is rejected counts as an error of the action. */
export type CarryOut = (action: Action, notification: TriggerNotification) => Promise<void> | void;

/** What an action does that names no policy. */
const everyTime: RatePolicy = { kind: 'every', count: 1 };

/** Firings that wait at most; beyond, they are dropped and count as errors of their actions. */
const MOST_WAITING = 1000;

interface QueuedAction {
  readonly action: Action;
  readonly gate: RateGate;
  executions: number;
  errors: number;
  lastError: string | undefined;
}

/** What one firing has to be done for. */
interface Firing {
  readonly wanted: readonly QueuedAction[];
  readonly notification: TriggerNotification;
}

/** Carries out the actions of a trigger. */
export class ActionQueue {
  readonly #actions: readonly QueuedAction[];
  readonly #carryOut: CarryOut;
  readonly #waiting: Firing[] = [];
  #isWorking = false;

  constructor(trigger: Trigger, carryOut: CarryOut) {
    this.#carryOut = carryOut;
    this.#actions = trigger.actions.map((action) => ({
      action,
      gate: new RateGate(action.ratePolicy ?? everyTime),
      executions: 0,
      errors: 0,
      lastError: undefined,
    }));
  }

  /** In the order of the trigger's actions. */
  get status(): readonly ActionStatus[] {
    return this.#actions.map(({ gate, executions, errors, lastError }) => ({
      requestCount: gate.count,
      executionCount: executions,
      failureCount: errors,
      ...(lastError === undefined ? {} : { lastFailure: lastError }),
    }));
  }

  /**
   * The trigger fired: what its rate policies let through is carried out, after what was asked for before.
   * @param nowMs of a clock that does not go back.
   * @param leaveOut answers whether an action was carried out elsewhere for this firing.
   */
  fire(
    notification: TriggerNotification,
    nowMs: number,
    leaveOut: (action: Action) => boolean = () => false,
  ): void {
    const wanted = this.#actions.filter(({ gate, action }) => gate.pass(nowMs) && !leaveOut(action));
    if (wanted.length === 0) return;
    if (this.#isWorking) {
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ wanted, notification });
      else for (const queued of wanted) fail(queued, `more than ${MOST_WAITING} firings were waiting`);
      return;
    }
    this.#carryOutAll({ wanted, notification }, 0);
  }

  /** Carries actions out from `from` on. Those that are done at once are done before this returns. */
  #carryOutAll({ wanted, notification }: Firing, from: number): void {
    for (let index = from; index < wanted.length; index += 1) {
      const queued = wanted[index]!;
      const work = start(queued, () => this.#carryOut(queued.action, notification));
      if (work === undefined) continue;
      this.#isWorking = true;
      void work.then(() => this.#goOn({ wanted, notification }, index + 1));
      return;
    }
  }

  /** After work that took its time: the rest of its firing, then what has waited for it. */
  #goOn(firing: Firing, from: number): void {
    this.#isWorking = false;
    this.#carryOutAll(firing, from);
    while (!this.#isBusy() && this.#waiting.length > 0) this.#carryOutAll(this.#waiting.shift()!, 0);
  }

  /** Read anew: carrying out an action changes it. */
  #isBusy(): boolean {
    return this.#isWorking;
  }
}

/** Begins an action; undefined when it is done already, well or not. */
function start(queued: QueuedAction, carryOut: () => Promise<void> | void): Promise<void> | undefined {
  try {
    const work = carryOut();
    if (work !== undefined) {
      return work.then(
        () => void (queued.executions += 1),
        (error: unknown) => fail(queued, describeError(error)),
      );
    }
    queued.executions += 1;
  } catch (error) {
    fail(queued, describeError(error));
  }
  return undefined;
}

function fail(queued: QueuedAction, why: string): void {
  queued.errors += 1;
  queued.lastError = why;
}

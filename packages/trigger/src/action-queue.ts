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

/** Carries out the actions of a trigger. */
export class ActionQueue {
  readonly #actions: readonly QueuedAction[];
  readonly #carryOut: CarryOut;
  readonly #waiting: (() => Promise<void>)[] = [];
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
    if (this.#waiting.length >= MOST_WAITING) {
      for (const queued of wanted) fail(queued, `more than ${MOST_WAITING} firings were waiting`);
      return;
    }
    this.#waiting.push(async () => {
      for (const queued of wanted) await this.#execute(queued, notification);
    });
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next();
    this.#isWorking = false;
  }

  async #execute(queued: QueuedAction, notification: TriggerNotification): Promise<void> {
    try {
      await this.#carryOut(queued.action, notification);
      queued.executions += 1;
    } catch (error) {
      fail(queued, describeError(error));
    }
  }
}

function fail(queued: QueuedAction, why: string): void {
  queued.errors += 1;
  queued.lastError = why;
}

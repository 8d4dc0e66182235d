import {
  CallStack,
  KnownFunctions,
  callRuleOf,
  type CallRule,
  type CodePlace,
  type KnownFunction,
} from '@spoor/store';
import { Distribution } from './distribution.ts';
import { integerOf, textOf, type TraceEvent } from './event.ts';

/** What the calls of a function took, in nanoseconds. */
export interface FunctionFigures extends CodePlace {
  /** Async functions and generators: their calls are runs, which wait in between. */
  readonly isCoroutine: boolean;
  /** Calls with beginning and end in the trace. */
  readonly calls: number;
  /** Those of them that ended by an exception. */
  readonly threw: number;
  /** Calls without an end in the trace: events were lost, or it goes on behind the last. */
  readonly unfinished: number;
  /** Time in which it, or what it called, ran; calls within a call of itself are not counted again. */
  readonly totalNs: number;
  /** The part of it in which it ran itself, and nothing recorded that it called. */
  readonly selfNs: number;
  /** What runs waited, of those that ended. */
  readonly waitingNs: number;
  /** Of calls from beginning to end, waiting included; quantiles are at most 1.6 % too great. */
  readonly minNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Calls of a trace. */
export interface FunctionSummary {
  /** Greatest time of their own first. */
  readonly functions: readonly FunctionFigures[];
  /** Exits whose entry is not in the trace. */
  readonly unmatchedExits: number;
}

/** Runs of coroutines that are kept open, a thread; the oldest is given up for each one over. */
const mostRuns = 100_000;

/** A function as it is met. */
interface Met {
  readonly index: number;
  readonly isCoroutine: boolean;
  readonly known: KnownFunction;
  threw: number;
  unfinished: number;
  totalNs: number;
  selfNs: number;
  waitingNs: number;
  readonly durations: Distribution;
}

/** One run of a coroutine. */
interface Run {
  readonly fn: Met;
  readonly beginNs: number;
  /** How long it was on the stack. */
  ranNs: number;
}

/** A call, or a stretch of a run. */
interface Frame {
  readonly fn: Met;
  readonly beginNs: number;
  readonly run: Run | undefined;
  /** What was called from it took so long. */
  calleesNs: number;
}

interface ThreadCalls {
  readonly stack: CallStack<Frame>;
  readonly runs: Map<number, Run>;
  lossCount: number;
}

interface ClassPlan {
  readonly rule: CallRule | undefined;
  /** By the number in the enumeration. */
  readonly met: Map<number | bigint, Met>;
}

/**
 * Measures calls of functions, of the events that {@link callRuleOf} knows. Memory depends on the number of functions, and of
 * calls and runs that are open at a time.
 */
export class FunctionCalls {
  private readonly plans = new Map<object, ClassPlan>();
  private readonly threads = new Map<number, ThreadCalls>();
  private readonly known = new KnownFunctions();
  /** By the number of the known function. */
  private readonly all: Met[] = [];
  private unmatchedExits = 0;
  private nowNs = 0;

  /** Takes the next event in order of time, of whatever kind. */
  observe(event: TraceEvent): void {
    let plan = this.plans.get(event.eventClass);
    if (plan === undefined) {
      plan = { rule: ruleOf(event), met: new Map() };
      this.plans.set(event.eventClass, plan);
    }
    const { rule } = plan;
    if (rule === undefined) return;
    this.nowNs = event.timeNs;
    const thread = this.threadOf(event);
    const fn = this.functionOf(event, rule, plan);
    if (rule.edge === 'leave') this.leave(event, rule, thread, fn);
    else if (fn !== undefined) this.enter(event, rule, thread, fn);
  }

  /** What was found, to be asked for at the end. */
  finish(): FunctionSummary {
    for (const { stack, runs } of this.threads.values()) {
      stack.clear();
      for (const { fn } of runs.values()) fn.unfinished += 1;
      runs.clear();
    }
    const byPlace = new Map<string, Met[]>();
    for (const met of this.all) {
      const { place } = met.known;
      const key = `${place.name}\n${place.source}`;
      const same = byPlace.get(key);
      if (same === undefined) byPlace.set(key, [met]);
      else same.push(met);
    }
    return {
      functions: [...byPlace.values()]
        .map(figuresOf)
        .toSorted((a, b) => b.selfNs - a.selfNs || b.calls - a.calls),
      unmatchedExits: this.unmatchedExits,
    };
  }

  private threadOf({ thread, lossCount = 0 }: TraceEvent): ThreadCalls {
    let calls = this.threads.get(thread);
    if (calls === undefined) {
      calls = { stack: this.makeStack(), runs: new Map(), lossCount };
      this.threads.set(thread, calls);
    }
    if (calls.lossCount !== lossCount) {
      calls.lossCount = lossCount;
      calls.stack.clear();
    }
    return calls;
  }

  private makeStack(): CallStack<Frame> {
    const stack: CallStack<Frame> = new CallStack(({ fn, beginNs }) => {
      if (!fn.isCoroutine) fn.unfinished += 1;
      // Whatever it took, it was not its caller's own time.
      if (stack.top !== undefined) stack.top.calleesNs += this.nowNs - beginNs;
    });
    return stack;
  }

  private functionOf(
    event: TraceEvent,
    { functionField, isCoroutine }: CallRule,
    plan: ClassPlan,
  ): Met | undefined {
    if (functionField === undefined) return undefined;
    const value = event.field(functionField);
    if (functionField === 'func') {
      const number = integerOf(value, -1);
      let met = plan.met.get(number);
      if (met === undefined) {
        met = this.meet(isCoroutine, this.known.ofLabel(textOf(value)));
        plan.met.set(number, met);
      }
      return met;
    }
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const found = this.known.ofAddress(event.thread, value, (address) => event.placeOf?.(address));
    return this.meet(isCoroutine, found);
  }

  private meet(isCoroutine: boolean, known: KnownFunction): Met {
    const { index } = known;
    return (this.all[index] ??= {
      index,
      isCoroutine,
      known,
      threw: 0,
      unfinished: 0,
      totalNs: 0,
      selfNs: 0,
      waitingNs: 0,
      durations: new Distribution(),
    });
  }

  private enter(event: TraceEvent, rule: CallRule, { stack, runs }: ThreadCalls, fn: Met): void {
    const beginNs = event.timeNs;
    let run: Run | undefined;
    if (rule.isCoroutine) {
      const id = integerOf(event.field('id'), 0);
      if (rule.run === 'begin') {
        run = { fn, beginNs, ranNs: 0 };
        this.giveUp(runs, id);
        if (runs.size >= mostRuns) this.giveUp(runs, runs.keys().next().value!);
        runs.set(id, run);
      } else {
        run = runs.get(id);
      }
    }
    stack.enter(fn.index, { fn, beginNs, run, calleesNs: 0 });
  }

  private giveUp(runs: Map<number, Run>, id: number): void {
    const run = runs.get(id);
    if (run === undefined) return;
    run.fn.unfinished += 1;
    runs.delete(id);
  }

  private leave(event: TraceEvent, rule: CallRule, { stack, runs }: ThreadCalls, fn: Met | undefined): void {
    const endNs = event.timeNs;
    const left = stack.leave(fn?.index);
    if (left === undefined) {
      this.unmatchedExits += 1;
    } else {
      const { call } = left;
      const durationNs = endNs - call.beginNs;
      call.fn.selfNs += durationNs - call.calleesNs;
      if (stack.openOf(call.fn.index) === 0) call.fn.totalNs += durationNs;
      if (stack.top !== undefined) stack.top.calleesNs += durationNs;
      if (call.run !== undefined) call.run.ranNs += durationNs;
      if (!rule.isCoroutine) {
        call.fn.durations.add(durationNs);
        if (hasThrown(event)) call.fn.threw += 1;
      }
    }
    if (rule.run !== 'end') return;
    const id = integerOf(event.field('id'), 0);
    const run = runs.get(id);
    if (run === undefined) return;
    runs.delete(id);
    run.fn.durations.add(endNs - run.beginNs);
    run.fn.waitingNs += Math.max(0, endNs - run.beginNs - run.ranNs);
    if (hasThrown(event)) run.fn.threw += 1;
  }
}

function ruleOf(event: TraceEvent): CallRule | undefined {
  const names = ['func', 'id', 'addr'].filter((name) => event.field(name) !== undefined);
  return callRuleOf(event.name, new Set(names));
}

function hasThrown(event: TraceEvent): boolean {
  return textOf(event.field('outcome')) === 'threw';
}

function figuresOf(same: readonly Met[]): FunctionFigures {
  const [first, ...others] = same as readonly [Met, ...Met[]];
  const { durations } = first;
  for (const other of others) durations.addAll(other.durations);
  const sum = (of: (met: Met) => number): number => same.reduce((all, met) => all + of(met), 0);
  return {
    ...first.known.place,
    isCoroutine: first.isCoroutine,
    calls: durations.count,
    threw: sum(({ threw }) => threw),
    unfinished: sum(({ unfinished }) => unfinished),
    totalNs: sum(({ totalNs }) => totalNs),
    selfNs: sum(({ selfNs }) => selfNs),
    waitingNs: sum(({ waitingNs }) => waitingNs),
    minNs: durations.count === 0 ? 0 : durations.minNs,
    meanNs: durations.meanNs(),
    p50Ns: durations.quantileNs(0.5),
    p90Ns: durations.quantileNs(0.9),
    p99Ns: durations.quantileNs(0.99),
    maxNs: durations.maxNs,
  };
}

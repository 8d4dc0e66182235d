// What rewritten functions call (probe-text.ts has the calls), and which of them record: one byte pair a function, tested
// at its entry. bench/functions.ts guards the cost.
import type { Declaration } from '../declaration.ts';
import type { Serialise } from '../serialiser.ts';
import type { ThreadSession } from '../session-slot.ts';
import {
  coroutineEvents,
  declareFunctionEvent,
  outcomes,
  plainEvents,
  type FunctionEvent,
} from './events.ts';
import type { FunctionFacts } from './facts.ts';

/** Most functions of a thread: memory for their flags is reserved, and used as they come. */
export const MOST_FUNCTIONS: number = 1 << 20;
/** Ids from here on are given by another thread, which rewrites ES modules for this one on Node.js 20. */
export const FIRST_FOREIGN_ID: number = MOST_FUNCTIONS / 2;
/** A function's flag: off, this, or the number of its group. */
const UNDECIDED = 0xffff;
/** Functions whose events share their classes: readers look labels up one by one. */
const mostInGroup = 4096;

/** What `$spoor` is. Its names are short, for they are in each function's text. */
export interface Probe {
  /** Flags by function id. */
  readonly f: Uint16Array;
  /** Entry. */
  readonly e: (id: number, flag: number) => void;
  /** Exit; `hasThrown` if nothing was returned. */
  readonly x: (id: number, flag: number, hasThrown: boolean) => void;
  /** Entry of a coroutine. */
  readonly c: (id: number) => Activation;
}

/** One run of an async function or generator. */
export interface Activation {
  /** Before it waits; hands its argument on. */
  s(value?: unknown): unknown;
  /** When it goes on; hands its argument on. */
  r(value: unknown): unknown;
  /** When it may go on, and that was not told yet. */
  w(): void;
  /** At its end. */
  x(hasThrown: boolean): void;
}

/** An event of a group: what records it now. */
interface GroupEvent {
  readonly declaration: Declaration;
  write: Serialise;
}

/** Functions that became known together, with ids in a row. */
interface Group {
  readonly firstId: number;
  readonly functions: readonly FunctionFacts[];
  readonly events: Readonly<Record<FunctionEvent, GroupEvent>>;
  /** Two of the events, for the sake of a look-up less. */
  readonly entry: GroupEvent;
  readonly exit: GroupEvent;
}

/** Functions that are known and were not called yet. */
interface Waiting {
  readonly firstId: number;
  readonly functions: FunctionFacts[];
}

/** A thread's functions. */
export interface FunctionTable {
  readonly probe: Probe;
  /** The id that the next function of this thread gets. */
  nextId(): number;
  /** Makes functions known before they can be called; false when there is no room for them. */
  add(firstId: number, functions: readonly FunctionFacts[]): boolean;
}

/**
 * Makes the table.
 * @param fetchForeign adds what another thread has rewritten meanwhile.
 */
export function makeFunctionTable(session: ThreadSession, fetchForeign?: () => void): FunctionTable {
  const flags = new Uint16Array(MOST_FUNCTIONS);
  // What is called before this thread heard of it.
  if (fetchForeign !== undefined) flags.fill(UNDECIDED, FIRST_FOREIGN_ID);
  const groups: (Group | undefined)[] = [undefined];
  let waiting: Waiting[] = [];
  let nextId = 0;
  let activationId = 0;
  /** Contexts and hooks of the program may be functions with probes themselves. A small integer is tested in one comparison. */
  const state = { busy: 0 };

  function makeGroupEvent(event: FunctionEvent, functions: readonly FunctionFacts[]): GroupEvent {
    const declaration = declareFunctionEvent(event, functions);
    const own: GroupEvent = { declaration, write: nothing };
    arm(own);
    return own;
  }

  /** The first event makes what is needed to record it, then is recorded like all others. */
  function arm(event: GroupEvent): void {
    event.write = (...values) => {
      const serialise = session.serialiserOf(event.declaration);
      if (serialise === 'busy') return;
      event.write = serialise === 'off' ? nothing : serialise;
      event.write(...values);
    };
  }

  function makeGroup(firstId: number, functions: readonly FunctionFacts[]): void {
    // The last number stands for what is undecided.
    if (groups.length >= UNDECIDED) {
      flags.fill(0, firstId, firstId + functions.length);
      session.tell('functions that were loaded last are not recorded: there are too many files of them');
      return;
    }
    const make = (event: FunctionEvent): GroupEvent => makeGroupEvent(event, functions);
    const entry = make('func_entry');
    const exit = make('func_exit');
    const group: Group = {
      firstId,
      functions,
      entry,
      exit,
      events: {
        func_entry: entry,
        func_exit: exit,
        coroutine_entry: make('coroutine_entry'),
        coroutine_suspend: make('coroutine_suspend'),
        coroutine_resume: make('coroutine_resume'),
        coroutine_exit: make('coroutine_exit'),
      },
    };
    groups.push(group);
    setFlags(group, groups.length - 1);
  }

  function setFlags({ firstId, functions, events }: Group, number: number): void {
    const taken = (names: readonly FunctionEvent[]): Uint8Array => {
      const marks = new Uint8Array(functions.length);
      for (const name of names) session.markTaken(events[name].declaration, marks);
      return marks;
    };
    const plain = taken(plainEvents);
    const coroutine = taken(coroutineEvents);
    for (const [index, { isCoroutine }] of functions.entries()) {
      const isTaken = (isCoroutine ? coroutine : plain)[index] === 1;
      flags[firstId + index] = isTaken ? number : 0;
    }
  }

  /** Decides on all functions that are known by now. */
  function settle(): void {
    fetchForeign?.();
    const all = waiting;
    waiting = [];
    for (const { firstId, functions } of all) {
      for (let from = 0; from < functions.length; from += mostInGroup) {
        makeGroup(firstId + from, functions.slice(from, from + mostInGroup));
      }
    }
  }

  /** The group of a function that was undecided when its flag was read. */
  function decide(id: number): Group | undefined {
    if (flags[id] === UNDECIDED) settle();
    const decided = flags[id]!;
    return decided === UNDECIDED ? undefined : groups[decided];
  }

  session.whenChanged(() => {
    for (const [number, group] of groups.entries()) {
      if (group === undefined) continue;
      for (const event of Object.values(group.events)) arm(event);
      setFlags(group, number);
    }
  });

  // Both are in the midst of the program's functions: as few steps as can be, and no `finally`, which costs a dozen.
  function enter(id: number, flag: number): void {
    if (state.busy !== 0) return;
    state.busy = 1;
    try {
      const group = flag === UNDECIDED ? decide(id) : groups[flag];
      if (group !== undefined) group.entry.write(id - group.firstId);
    } catch {
      // A stack that is almost full, perhaps.
    }
    state.busy = 0;
  }

  function leave(id: number, flag: number, hasThrown: boolean): void {
    if (state.busy !== 0) return;
    state.busy = 1;
    try {
      const group = flag === UNDECIDED ? decide(id) : groups[flag];
      if (group !== undefined) {
        group.exit.write(id - group.firstId, hasThrown ? outcomes.threw : outcomes.returned);
      }
    } catch {
      // As above.
    }
    state.busy = 0;
  }

  function tellCoroutine(
    event: FunctionEvent,
    group: Group,
    index: number,
    id: number,
    outcome?: number,
  ): void {
    if (state.busy !== 0) return;
    state.busy = 1;
    try {
      const { write } = group.events[event];
      if (outcome === undefined) write(index, id);
      else write(index, id, outcome);
    } catch {
      // As above.
    }
    state.busy = 0;
  }

  class Run implements Activation {
    readonly #group: Group;
    readonly #index: number;
    readonly #id: number;
    #isSuspended = false;

    constructor(group: Group, index: number, id: number) {
      this.#group = group;
      this.#index = index;
      this.#id = id;
      tellCoroutine('coroutine_entry', group, index, id);
    }

    s(value?: unknown): unknown {
      if (!this.#isSuspended) {
        this.#isSuspended = true;
        tellCoroutine('coroutine_suspend', this.#group, this.#index, this.#id);
      }
      return value;
    }

    r(value: unknown): unknown {
      if (this.#isSuspended) this.w();
      return value;
    }

    w(): void {
      if (!this.#isSuspended) return;
      this.#isSuspended = false;
      tellCoroutine('coroutine_resume', this.#group, this.#index, this.#id);
    }

    x(hasThrown: boolean): void {
      this.w();
      const outcome = hasThrown ? outcomes.threw : outcomes.returned;
      tellCoroutine('coroutine_exit', this.#group, this.#index, this.#id, outcome);
    }
  }

  function begin(id: number): Activation {
    const flag = flags[id];
    if (flag === undefined || flag === 0 || state.busy !== 0) return unrecorded;
    try {
      const group = flag === UNDECIDED ? decide(id) : groups[flag];
      if (group === undefined) return unrecorded;
      activationId = (activationId + 1) >>> 0;
      return new Run(group, id - group.firstId, activationId);
    } catch {
      return unrecorded;
    }
  }

  return {
    probe: Object.freeze({ f: flags, e: enter, x: leave, c: begin }),
    nextId: () => nextId,
    add(firstId, functions) {
      const end = firstId + functions.length;
      const isOwn = firstId === nextId;
      if (end > (isOwn && fetchForeign !== undefined ? FIRST_FOREIGN_ID : MOST_FUNCTIONS)) return false;
      if (isOwn) nextId = end;
      flags.fill(UNDECIDED, firstId, end);
      const last = waiting.find((other) => other.firstId + other.functions.length === firstId);
      if (last === undefined) waiting.push({ firstId, functions: [...functions] });
      else last.functions.push(...functions);
      return true;
    },
  };
}

function nothing(): void {}

/** That of all coroutines that are not recorded. */
const unrecorded: Activation = Object.freeze({
  s: (value: unknown) => value,
  r: (value: unknown) => value,
  w: nothing,
  x: nothing,
});

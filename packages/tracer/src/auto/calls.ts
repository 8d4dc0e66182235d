// Calls of functions of Node.js, told of when they begin and when they have an answer, by return, callback or promise.
// What a function throws passes through untouched: to catch it and throw it again would change the place in the source
// that Node.js prints of an error that nobody catches. So of a call that throws nothing more is known than that it did.
import type { AnyFunction, Handler } from './wrap.ts';
import { NativePromise, apply, promiseThen } from '../primordials.ts';

/** Tells of the end of a call. */
export type Answer = (error: unknown, answer: unknown) => void;

/** Tells of the begin of a call; undefined when nobody records it. */
export type Question = (args: readonly unknown[], self: unknown) => Answer | undefined;

/** What stands for the error of a call that threw. */
const failed: unknown = Object.assign(new Error('failed'), { code: 'failed', stack: '' });

/**
 * Whether a call that is told of is being carried out. Node.js implements some of its functions by others, and finds
 * these where the program does: what it calls before the first has returned is no call of the program.
 */
let isInside = false;

/** Never throws: nothing of ours may reach the program. */
function ask(question: Question, args: readonly unknown[], self: unknown): Answer | undefined {
  if (isInside) return undefined;
  try {
    const answered = question(args, self);
    if (answered === undefined) return undefined;
    let isDone = false;
    return (error, answer) => {
      if (isDone) return;
      isDone = true;
      try {
        answered(error, answer);
      } catch {
        // As above.
      }
    };
  } catch {
    return undefined;
  }
}

/** For functions that return their answer. */
export function withReturn(original: AnyFunction, question: Question): Handler {
  return (self, args) => {
    const answered = ask(question, args, self);
    if (answered === undefined) return apply(original, self, args);
    isInside = true;
    let error: unknown = failed;
    let answer: unknown;
    try {
      answer = apply(original, self, args);
      error = undefined;
      return answer;
    } finally {
      isInside = false;
      answered(error, answer);
    }
  };
}

/** For functions that take a callback, the last of their arguments that is a function. */
export function withCallback(original: AnyFunction, question: Question): Handler {
  return (self, args) => {
    let at = args.length - 1;
    while (at >= 0 && typeof args[at] !== 'function') at -= 1;
    // A wrong call is Node's to refuse.
    const answered = at < 0 ? undefined : ask(question, args, self);
    if (answered === undefined) return apply(original, self, args);
    const callback = args[at] as AnyFunction;
    args[at] = function answeredCallback(this: unknown, ...results: unknown[]): unknown {
      // Some callbacks of `exists` are called before it returns.
      const wasInside = isInside;
      isInside = false;
      const first = results[0];
      if (typeof first === 'boolean') answered(undefined, first);
      else answered(first ?? undefined, results[1]);
      try {
        return apply(callback, this, results);
      } finally {
        isInside = wasInside;
      }
    };
    isInside = true;
    let hasReturned = false;
    try {
      const returned = apply(original, self, args);
      hasReturned = true;
      return returned;
    } finally {
      isInside = false;
      if (!hasReturned) answered(failed, undefined);
    }
  };
}

/**
 * For functions that return a promise. The program gets one that follows it: to watch the promise itself would
 * make its rejection count as handled, and that of the watching promise as not.
 */
export function withPromise(original: AnyFunction, question: Question): Handler {
  return (self, args) => {
    const answered = ask(question, args, self);
    if (answered === undefined) return apply(original, self, args);
    isInside = true;
    let hasReturned = false;
    let promise: unknown;
    try {
      promise = apply(original, self, args);
      hasReturned = true;
    } finally {
      isInside = false;
      if (!hasReturned) answered(failed, undefined);
    }
    if (!(promise instanceof NativePromise)) return promise;
    return apply(promiseThen, promise, [
      (answer: unknown) => {
        answered(undefined, answer);
        return answer;
      },
      (error: unknown) => {
        answered(error, undefined);
        throw error;
      },
    ]);
  };
}

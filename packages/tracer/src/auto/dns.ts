import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tracepoint } from '../tracepoint.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';
import { wrapMethod, type AnyFunction, type Handler } from './wrap.ts';

const lookupBegin = tracepoint(
  'dns:lookup_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['hostname', 'string'],
  ],
  { logLevel: 'info' },
);
const lookupEnd = tracepoint(
  'dns:lookup_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['address', 'string'],
    ['error', 'string'],
  ],
  { logLevel: 'info' },
);
const resolveBegin = tracepoint(
  'dns:resolve_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['operation', 'string'],
    ['hostname', 'string'],
  ],
  { logLevel: 'info' },
);
const resolveEnd = tracepoint(
  'dns:resolve_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['answers', 'u32'],
    ['error', 'string'],
  ],
  { logLevel: 'info' },
);

/** Functions that ask a name server, beside `lookup`, which asks the operating system. */
const resolvers = [
  'resolve',
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
  'reverse',
] as const;

/** Tells of one question: `begin` when it is asked, the returned function when it is answered. */
type Question = (args: readonly unknown[]) => (error: unknown, answer: unknown) => void;

/** Spans of name look-ups by `dns.lookup` (which `net`, `http` and `fetch` use), `dns.resolve*` and `reverse`. */
export function startDnsEvents(): void {
  const nextId = spanIds();

  const lookup: Question = (args) => {
    const id = nextId();
    const request = currentRequest();
    lookupBegin(id, request, textOrNone(args[0]));
    return (error, answer) => lookupEnd(id, request, addressOf(answer), errorCode(error));
  };
  const resolve =
    (name: string): Question =>
    (args) => {
      const id = nextId();
      const request = currentRequest();
      resolveBegin(id, request, name, textOrNone(args[0]));
      return (error, answer) =>
        resolveEnd(id, request, Array.isArray(answer) ? answer.length : 0, errorCode(error));
    };

  wrapMethod(dns, 'lookup', (original) => withCallback(original, lookup));
  wrapMethod(dnsPromises, 'lookup', (original) => withPromise(original, lookup));
  for (const name of resolvers) {
    for (const holder of [dns, dns.Resolver.prototype]) {
      wrapMethod(holder, name, (original) => withCallback(original, resolve(name)));
    }
    for (const holder of [dnsPromises, dnsPromises.Resolver.prototype]) {
      wrapMethod(holder, name, (original) => withPromise(original, resolve(name)));
    }
  }
  syncBuiltinESMExports();
}

/** Address of the answer of a look-up, the first one of several. */
function addressOf(answer: unknown): string {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer;
  if (typeof first === 'string') return textOrNone(first);
  if (typeof first === 'object' && first !== null && 'address' in first) return textOrNone(first.address);
  return noText;
}

/** Never throws: the answer's function does nothing if telling of the question failed. */
function ask(question: Question, args: readonly unknown[]): (error: unknown, answer: unknown) => void {
  try {
    const answered = question(args);
    let done = false;
    return (error, answer) => {
      if (done) return;
      done = true;
      try {
        answered(error, answer);
      } catch {
        // Nothing of ours may reach the program.
      }
    };
  } catch {
    return () => undefined;
  }
}

/** For functions that take a callback as their last argument. */
function withCallback(original: AnyFunction, question: Question): Handler {
  return (self, args) => {
    const at = typeof args[1] === 'function' ? 1 : 2;
    const callback = args[at];
    // A wrong call is Node's to refuse.
    if (typeof callback !== 'function') return Reflect.apply(original, self, args);
    const answered = ask(question, args);
    args[at] = function dnsCallback(this: unknown, ...results: unknown[]): unknown {
      answered(results[0], results[1]);
      return Reflect.apply(callback as AnyFunction, this, results);
    };
    try {
      return Reflect.apply(original, self, args);
    } catch (error) {
      answered(error, undefined);
      throw error;
    }
  };
}

/**
 * For functions that return a promise. The program gets one that follows it: to watch the promise itself would
 * make its rejection count as handled, and that of the watching promise as not.
 */
function withPromise(original: AnyFunction, question: Question): Handler {
  return (self, args) => {
    const answered = ask(question, args);
    let promise: unknown;
    try {
      promise = Reflect.apply(original, self, args);
    } catch (error) {
      answered(error, undefined);
      throw error;
    }
    if (!(promise instanceof Promise)) return promise;
    return promise.then(
      (answer: unknown) => {
        answered(undefined, answer);
        return answer;
      },
      (error: unknown) => {
        answered(error, undefined);
        throw error;
      },
    );
  };
}

import { hasBuiltin } from '@spoor/sys';
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tracepoint } from './tracepoint.ts';
import { withCallback, withPromise, type Question } from './calls.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';
import { proxyOf, wrapMethod, type AnyFunction, type Handler } from './wrap.ts';

const lookupBegin = tracepoint(
  'dns:lookup_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['hostname', 'cached-string'],
  ],
  { logLevel: 'info' },
);
const lookupEnd = tracepoint(
  'dns:lookup_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['address', 'string'],
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);
const resolveBegin = tracepoint(
  'dns:resolve_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['operation', 'cached-string'],
    ['hostname', 'cached-string'],
  ],
  { logLevel: 'info' },
);
const resolveEnd = tracepoint(
  'dns:resolve_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['answers', 'u32'],
    ['error', 'cached-string'],
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

/** Spans of name look-ups by `dns.lookup` (which `net`, `http` and `fetch` use), `dns.resolve*` and `reverse`. */
export function startDnsEvents(): void {
  const nextId = spanIds();
  // Nobody has imported what is loaded here first.
  const mayBeImported = hasBuiltin('dns') || hasBuiltin('dns/promises');

  const lookup: Question = (args) => {
    if (!lookupBegin.enabled && !lookupEnd.enabled) return undefined;
    const id = nextId();
    const request = currentRequest();
    lookupBegin(id, request, textOrNone(args[0]));
    return (error, answer) => lookupEnd(id, request, addressOf(answer), errorCode(error));
  };
  const resolve =
    (name: string): Question =>
    (args) => {
      if (!resolveBegin.enabled && !resolveEnd.enabled) return undefined;
      const id = nextId();
      const request = currentRequest();
      resolveBegin(id, request, name, textOrNone(args[0]));
      return (error, answer) =>
        resolveEnd(id, request, Array.isArray(answer) ? answer.length : 0, errorCode(error));
    };

  wrap(dns, 'lookup', (original) => withCallback(original, lookup));
  wrap(dnsPromises, 'lookup', (original) => withPromise(original, lookup));
  for (const name of resolvers) {
    for (const holder of [dns, dns.Resolver.prototype]) {
      wrap(holder, name, (original) => withCallback(original, resolve(name)));
    }
    for (const holder of [dnsPromises, dnsPromises.Resolver.prototype]) {
      wrap(holder, name, (original) => withPromise(original, resolve(name)));
    }
  }
  if (mayBeImported) syncBuiltinESMExports();
}

/** There are sixty of them, at each start of a program; beside a look-up a call of a proxy takes no time. */
function wrap(holder: object, name: string, make: (original: AnyFunction) => Handler): void {
  wrapMethod(holder, name, make, proxyOf);
}

/** Address of the answer of a look-up, the first one of several. */
function addressOf(answer: unknown): string {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer;
  if (typeof first === 'string') return textOrNone(first);
  if (typeof first === 'object' && first !== null && 'address' in first) return textOrNone(first.address);
  return noText;
}

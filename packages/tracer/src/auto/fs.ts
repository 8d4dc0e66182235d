import { isOwnFileAccess } from '@spoor/sys';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { types } from 'node:util';
import { enumeration } from '../field-types.ts';
import { tracepoint } from './tracepoint.ts';
import { withCallback, withPromise, withReturn, type Question } from './calls.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';
import { isFunction, wrapMethod, type AnyFunction } from './wrap.ts';

/** How a program asked for an operation. */
type Form = 'sync' | 'callback' | 'promise';

/** No operations on files: they make streams, watchers and iterators, or are no functions for programs. */
const leftOut: ReadonlySet<string> = new Set([
  'watch',
  'watchFile',
  'unwatchFile',
  'createReadStream',
  'createWriteStream',
  'openAsBlob',
  'glob',
  'globSync',
]);

/** Methods of file handles that carry out an operation; `close` is a property of each handle itself. */
const handleMethods = [
  'appendFile',
  'chmod',
  'chown',
  'datasync',
  'read',
  'readFile',
  'readv',
  'stat',
  'sync',
  'truncate',
  'utimes',
  'write',
  'writeFile',
  'writev',
] as const;

/** Operations that answer a number: of bytes, or of a descriptor. */
interface Counted {
  readonly bytesRead?: unknown;
  readonly bytesWritten?: unknown;
  readonly fd?: unknown;
}

/**
 * Spans of operations on files by `node:fs`: with callbacks, synchronous, with promises, and by file handles. Streams
 * are seen by the operations that they carry out. Those of the tracer itself are not told of.
 */
export function startFileEvents(): void {
  const operationBegin = tracepoint(
    'fs:operation_begin',
    [
      ['id', 'u32'],
      ['request', 'u32'],
      ['operation', 'cached-string'],
      ['form', enumeration('u8', { sync: 0, callback: 1, promise: 2 })],
      ['path', 'string'],
      ['fd', 'i32'],
    ],
    { logLevel: 'info' },
  );
  const operationEnd = tracepoint(
    'fs:operation_end',
    [
      ['id', 'u32'],
      ['request', 'u32'],
      ['result', 'i64'],
      ['error', 'cached-string'],
    ],
    { logLevel: 'info' },
  );
  const nextId = spanIds();

  const begin = (operation: string, form: Form, target: unknown): ReturnType<Question> => {
    if ((!operationBegin.enabled && !operationEnd.enabled) || isOwnFileAccess()) return undefined;
    const id = nextId();
    const request = currentRequest();
    operationBegin(
      id,
      request,
      operation,
      form,
      pathOf(target),
      typeof target === 'number' && Number.isInteger(target) ? target : -1,
    );
    return (error, answer) =>
      operationEnd(id, request, error === undefined ? resultOf(answer) : 0, errorCode(error));
  };
  const on =
    (operation: string, form: Form): Question =>
    (args) =>
      begin(operation, form, args[0]);

  for (const holder of [fs.realpath, fs.realpathSync]) {
    const isSync = holder === fs.realpathSync;
    wrapMethod(holder, 'native', (original) =>
      isSync
        ? withReturn(original, on('realpath.native', 'sync'))
        : withCallback(original, on('realpath.native', 'callback')),
    );
  }
  for (const name of Object.keys(fs)) {
    if (leftOut.has(name)) continue;
    if (name.endsWith('Sync')) {
      wrapMethod(fs, name, (original) => withReturn(original, on(name.slice(0, -4), 'sync')));
    } else if (isFunction(Reflect.get(fs, `${name}Sync`))) {
      wrapMethod(fs, name, (original) => withCallback(original, on(name, 'callback')));
    }
  }

  const watchHandles = handleWatcher((operation, handle) =>
    begin(`FileHandle.${operation}`, 'promise', (handle as { readonly fd?: unknown }).fd),
  );
  const promises = fs.promises;
  for (const name of Object.keys(promises)) {
    if (leftOut.has(name)) continue;
    wrapMethod(promises, name, (original) => {
      const handle = withPromise(original, on(name, 'promise'));
      if (name !== 'open') return handle;
      return (self, args) => {
        const opened = handle(self, args);
        return opened instanceof Promise ? opened.then(watchHandles) : opened;
      };
    });
  }
  syncBuiltinESMExports();
}

/** Their class is not exported: it is known from the first handle. */
function handleWatcher(
  begin: (operation: string, handle: unknown) => ReturnType<Question>,
): (handle: unknown) => unknown {
  let isWatched = false;
  const method =
    (name: string): ((original: AnyFunction) => ReturnType<typeof withPromise>) =>
    (original) =>
      withPromise(original, (_args, self) => begin(name, self));
  return (handle) => {
    if (typeof handle !== 'object' || handle === null) return handle;
    if (!isWatched) {
      isWatched = true;
      const prototype = Object.getPrototypeOf(handle) as object;
      for (const name of handleMethods) wrapMethod(prototype, name, method(name));
    }
    wrapMethod(handle, 'close', method('close'));
    return handle;
  };
}

/** A path as text, of a URL the path in it; none for descriptors. */
function pathOf(target: unknown): string {
  if (typeof target === 'string') return textOrNone(target);
  if (typeof target !== 'object' || target === null || types.isProxy(target)) return noText;
  if (target instanceof URL) return textOrNone(target.pathname);
  if (types.isUint8Array(target)) {
    return textOrNone(Buffer.from(target.buffer, target.byteOffset, target.byteLength).toString());
  }
  return noText;
}

/** Bytes of a buffer, code units of a text, a number itself; 0 where there is nothing to count. */
function resultOf(answer: unknown): number {
  if (typeof answer === 'number' && Number.isSafeInteger(answer)) return answer;
  if (typeof answer === 'string') return answer.length;
  if (typeof answer === 'boolean') return answer ? 1 : 0;
  if (typeof answer !== 'object' || answer === null || types.isProxy(answer)) return 0;
  if (types.isUint8Array(answer)) return answer.byteLength;
  if (Array.isArray(answer)) return answer.length;
  const { bytesRead, bytesWritten, fd } = answer as Counted;
  const counted = bytesRead ?? bytesWritten ?? fd;
  return typeof counted === 'number' && Number.isSafeInteger(counted) ? counted : 0;
}

import { getSystemErrorName } from 'node:util';
import { apply } from '../primordials.ts';
import { tellMissed, tellMissing } from './guard.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { tracepoint } from './tracepoint.ts';
import { wrapMethod } from './wrap.ts';

const syncBegin = tracepoint(
  'child_process:run_sync_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['file', 'string'],
  ],
  { logLevel: 'info' },
);
const syncEnd = tracepoint(
  'child_process:run_sync_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['pid', 'u32'],
    ['exit_code', 'i32'],
    ['signal', 'string'],
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);

/** What the function of Node.js below `spawnSync` answers, as far as it is told of. */
interface SyncResult {
  readonly pid?: unknown;
  readonly status?: unknown;
  readonly signal?: unknown;
  /** An error number of libuv. */
  readonly error?: unknown;
}

/**
 * Spans of the children that the program waits for: `spawnSync`, `execSync`, `execFileSync`. What is below all three is
 * wrapped, which is there already: to load `child_process` costs each start milliseconds, and its functions may be imported
 * before anybody could replace them.
 */
export function startSyncChildEvents(): void {
  const nextId = spanIds();
  const isWrapped = wrapMethod(spawnBinding(), 'spawn', (spawn) => (self, args) => {
    if (!syncBegin.enabled && !syncEnd.enabled) return apply(spawn, self, args);
    let id = 0;
    let request = 0;
    try {
      id = nextId();
      request = currentRequest();
      syncBegin(id, request, textOrNone((args[0] as { readonly file?: unknown } | undefined)?.file));
    } catch (error) {
      tellMissed(error);
    }
    let result: SyncResult | undefined;
    try {
      result = apply(spawn, self, args) as SyncResult;
      return result;
    } finally {
      tellEnd(id, request, result);
    }
  });
  if (!isWrapped) tellMissing('the events of spawnSync', 'this version of Node.js is not known');
}

function tellEnd(id: number, request: number, result: SyncResult = {}): void {
  try {
    const { pid, status, signal, error } = result;
    syncEnd(
      id,
      request,
      typeof pid === 'number' ? pid : 0,
      typeof status === 'number' ? status : 0,
      textOrNone(signal),
      typeof error === 'number' && error < 0 ? getSystemErrorName(error) : noText,
    );
  } catch (error) {
    tellMissed(error);
  }
}

/** Throws where the permission model or another version of Node.js keeps it away. */
function spawnBinding(): object {
  const { noDeprecation } = process;
  // Who is warned of what is to go away some day should not hear of it by the tracer.
  Reflect.set(process, 'noDeprecation', true);
  try {
    const binding = Reflect.get(process, 'binding') as (name: string) => object;
    return apply(binding, process, ['spawn_sync']);
  } finally {
    if (noDeprecation === undefined) Reflect.deleteProperty(process, 'noDeprecation');
    else Reflect.set(process, 'noDeprecation', noDeprecation);
  }
}

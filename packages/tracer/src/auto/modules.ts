import { isOwnFileAccess } from '@spoor/sys';
import Module from 'node:module';
import { hrtimeBigint } from '../primordials.ts';
import { tracepoint } from './tracepoint.ts';
import { guarded } from './guard.ts';
import { watchLoads } from './module-loads.ts';
import { textOrNone } from './text.ts';

/** What is told of a module whose source was got by `import`. */
export interface LoadedSource {
  readonly url: string;
  readonly format: unknown;
  /** Of the monotonic clock. */
  readonly startNs: number;
  readonly durationNs: number;
}

/** What later versions of Node.js have. */
interface SyncHooks {
  registerHooks?(hooks: {
    load(
      url: string,
      context: { readonly conditions?: unknown },
      nextLoad: (url: string, context: unknown) => { readonly format?: unknown },
    ): unknown;
  }): unknown;
}

/**
 * Events of modules: of CommonJS modules that have run, how long that took, what they require included; and how long it took to get the source of a module for `import`. Where Node.js has no hooks in the same
 * thread (before 22.15), it starts one thread for them.
 */
export function startModuleEvents(): void {
  const load = tracepoint(
    'modules:load',
    [
      ['path', 'string'],
      ['start_ns', 'u64'],
      ['duration_ns', 'u64'],
    ],
    { logLevel: 'info' },
  );
  const importSource = tracepoint(
    'modules:import_source',
    [
      ['format', 'string'],
      ['url', 'string'],
      ['start_ns', 'u64'],
      ['duration_ns', 'u64'],
    ],
    { logLevel: 'info' },
  );

  const started = new Map<string, number>();
  watchLoads({
    onlyNew: true,
    begins(path) {
      // Without a path it is a module that a program makes; with it the tracer's own libraries are left out.
      if (path === '' || isOwnFileAccess() || !load.enabled) return false;
      started.set(path, monotonicNs());
      return true;
    },
    ended(_module, path) {
      const startNs = started.get(path);
      started.delete(path);
      if (startNs !== undefined) load(textOrNone(path), startNs, monotonicNs() - startNs);
    },
  });

  const tell = guarded(({ url, format, startNs, durationNs }: LoadedSource) =>
    importSource(textOrNone(format), textOrNone(url), startNs, durationNs),
  );
  if ((Module as SyncHooks).registerHooks === undefined) watchFromThread(tell);
  else watchFromHere(tell);
}

/** Exact as a double for 104 days of the machine's running. */
function monotonicNs(): number {
  return Number(hrtimeBigint());
}

function watchFromHere(tell: (loaded: LoadedSource) => void): void {
  (Module as SyncHooks).registerHooks?.({
    load(url, context, nextLoad) {
      // Those that are required are told of as CommonJS modules.
      const { conditions } = context;
      if (Array.isArray(conditions) && conditions.includes('require')) return nextLoad(url, context);
      const startNs = monotonicNs();
      const loaded = nextLoad(url, context);
      if (!url.startsWith('node:')) {
        tell({ url, format: loaded.format, startNs, durationNs: monotonicNs() - startNs });
      }
      return loaded;
    },
  });
}

/** Hooks that run in a thread of their own, in which messages come from it. */
function watchFromThread(tell: (loaded: LoadedSource) => void): void {
  const { MessageChannel, receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads');
  const { port1: here, port2: there } = new MessageChannel();
  here.on('message', tell);
  here.unref();
  // The bundle lies beside the file, this module below it.
  const file = import.meta.url.endsWith('/auto/modules.js') ? '../import-hooks.js' : './import-hooks.js';
  Module.register(new URL(file, import.meta.url), { data: there, transferList: [there] });
  process.on('exit', () => {
    for (;;) {
      const received = receiveMessageOnPort(here) as { readonly message: LoadedSource } | undefined;
      if (received === undefined) return;
      tell(received.message);
    }
  });
}

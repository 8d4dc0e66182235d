// On Node.js without synchronous hooks: `module.register` runs this in a thread of its own, which rewrites ES modules and
// sends the functions ahead of the text.
import { FIRST_FOREIGN_ID, MOST_FUNCTIONS } from './runtime.ts';
import type { MessagePort } from 'node:worker_threads';
import { makeChoice } from './choice.ts';
import type { FunctionFacts } from './facts.ts';
import { rewrittenCommonJs, rewrittenModule } from './load-hooks.ts';
import { ModuleRewriter } from './modules.ts';

/** What the thread is started with. */
export interface HooksThreadData {
  readonly port: MessagePort;
  readonly globs: readonly string[];
  readonly folder: string;
  readonly hasSourceMaps: boolean;
  /** Hooks are registered again to stay the outermost; only those of the highest number work. */
  readonly registration: number;
}

/** What it sends. */
export type HooksThreadMessage =
  | { readonly kind: 'functions'; readonly firstId: number; readonly functions: readonly FunctionFacts[] }
  | { readonly kind: 'reason'; readonly reason: string };

/** Shared by all registrations, each of which is a module instance of its own. */
interface Shared {
  registration: number;
  nextId: number;
}

const key = Symbol.for('@spoor/tracer/functions hooks');
const shared: Shared = ((globalThis as { [key]?: Shared })[key] ??= {
  registration: 0,
  nextId: FIRST_FOREIGN_ID,
});

let own = 0;
let rewriter: ModuleRewriter | undefined;

/** Called by Node.js with the data of `module.register`. */
export function initialize({ port, globs, folder, hasSourceMaps, registration }: HooksThreadData): void {
  const send = (message: HooksThreadMessage): void => port.postMessage(message);
  own = registration;
  shared.registration = registration;
  rewriter = new ModuleRewriter(
    { choice: makeChoice(globs, folder), folder, hasSourceMaps: () => hasSourceMaps },
    {
      nextId: () => shared.nextId,
      add(firstId, functions) {
        if (firstId + functions.length > MOST_FUNCTIONS) return false;
        shared.nextId = firstId + functions.length;
        send({ kind: 'functions', firstId, functions });
        return true;
      },
      tell: (reason) => send({ kind: 'reason', reason }),
    },
  );
}

type NextLoad = (url: string, context: object) => Promise<Parameters<typeof rewrittenModule>[0]>;

/** The hook. */
export async function load(
  url: string,
  context: object,
  nextLoad: NextLoad,
): Promise<Parameters<typeof rewrittenModule>[0]> {
  const loaded = await nextLoad(url, context);
  if (rewriter === undefined || own !== shared.registration) return loaded;
  const path = rewriter.chosenPath(url);
  if (path === undefined) return loaded;
  return rewrittenModule(loaded, path, rewriter) ?? rewrittenCommonJs(loaded, path, rewriter) ?? loaded;
}

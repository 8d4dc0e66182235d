// Starts the recording of functions in a thread. Loaded by register.ts when `SPOOR_FUNCTIONS` names modules, so that
// programs that are traced without it do not load a parser.
import Module from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describeError } from '@spoor/base';
import { currentSession, type ThreadSession } from '../session-slot.ts';
import { FUNCTIONS_VARIABLE } from '../session-variable.ts';
import { globsOfVariable, makeChoice } from './choice.ts';
import type { HooksThreadData, HooksThreadMessage } from './hooks-thread.ts';
import { hasSyncHooks, hookCommonJs, hookModules, keepOutermost } from './load-hooks.ts';
import { ModuleRewriter, type ModuleHost } from './modules.ts';
import { isProbePublished, publishProbe } from './probe-global.ts';
import { makeFunctionTable, type FunctionTable } from './runtime.ts';

/** How functions are chosen and shown. */
interface Settings {
  readonly globs: readonly string[];
  readonly folder: string;
}

/**
 * Has the chosen modules of this thread rewritten as they are loaded. Never throws.
 * @param hooksThreadUrl of hooks-thread.ts, for Node.js without synchronous hooks.
 * @param isLate whether the program has loaded modules already.
 */
export function startFunctions(hooksThreadUrl: string, isLate: boolean): void {
  const session = currentSession();
  if (session === undefined || isProbePublished()) return;
  try {
    const settings: Settings = {
      globs: globsOfVariable(process.env[FUNCTIONS_VARIABLE] ?? ''),
      folder: process.cwd(),
    };
    if (isLate) {
      session.tell(
        'functions of modules that were loaded before the tracer are not recorded: no file descriptor was left for it',
      );
    }
    start(session, settings, hooksThreadUrl);
  } catch (error) {
    session.tell(`functions are not recorded: ${describeError(error)}`);
  }
}

function start(session: ThreadSession, settings: Settings, hooksThreadUrl: string): void {
  const { globs, folder } = settings;
  const choice = makeChoice(globs, folder);
  const foreign = hasSyncHooks ? undefined : new HooksThread(settings, hooksThreadUrl);
  const table = makeFunctionTable(
    session,
    foreign === undefined ? undefined : () => foreign.fetch(table, session),
  );
  const host: ModuleHost = {
    nextId: table.nextId,
    add: table.add,
    tell: (reason) => session.tell(reason),
  };
  const rewriter = new ModuleRewriter({ choice, folder, hasSourceMaps: goesBySourceMaps }, host);
  publishProbe(table.probe);
  hookCommonJs(rewriter);
  if (foreign === undefined) {
    hookModules(rewriter);
    return;
  }
  foreign.register();
  keepOutermost(() => foreign.register());
  process.on('exit', () => foreign.fetch(table, session));
}

/** The thread that rewrites ES modules where this one cannot. */
class HooksThread {
  readonly #settings: Settings;
  readonly #url: string;
  readonly #register = Module.register;
  readonly #channels: MessageChannel[] = [];

  constructor(settings: Settings, url: string) {
    this.#settings = settings;
    this.#url = url;
  }

  /** Registers the hooks, again after others: what is registered last is asked first. */
  register(): void {
    const channel = new MessageChannel();
    channel.port1.unref();
    this.#channels.push(channel);
    const data: HooksThreadData = {
      ...this.#settings,
      hasSourceMaps: goesBySourceMaps(),
      port: channel.port2,
      registration: this.#channels.length,
    };
    this.#register(`${this.#url}?${this.#channels.length}`, { data, transferList: [channel.port2] });
  }

  /** Takes what was sent so far. */
  fetch(table: FunctionTable, session: ThreadSession): void {
    for (const { port1 } of this.#channels) {
      for (;;) {
        const received = receiveMessageOnPort(port1) as { readonly message: HooksThreadMessage } | undefined;
        if (received === undefined) break;
        const { message } = received;
        if (message.kind === 'reason') session.tell(message.reason);
        else table.add(message.firstId, message.functions);
      }
    }
  }
}

/** Whether stack traces are made by source maps, or a debugger looks on. */
function goesBySourceMaps(): boolean {
  const { sourceMapsEnabled } = process as { readonly sourceMapsEnabled?: boolean };
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return sourceMapsEnabled === true || words.some((word) => /^--(?:enable-source-maps$|inspect)/.test(word));
}

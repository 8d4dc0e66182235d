import { startAsyncEndEvents, startAsyncEvents } from './async-resources.ts';
import { startSyncChildEvents } from './children-sync.ts';
import { startChildEvents } from './children.ts';
import { startClusterEvents } from './cluster.ts';
import { startConsoleEvents, startConsoleLogEvents } from './console.ts';
import { startDiagnosticsEvents } from './diagnostics.ts';
import { startDnsEvents } from './dns.ts';
import { startErrorEvents } from './errors.ts';
import { startEventLoopEvents } from './event-loop.ts';
import { startGcEvents } from './gc.ts';
import { startFileEvents } from './fs.ts';
import { tellMissing } from './guard.ts';
import { startHttpClientEvents } from './http-client.ts';
import { startHttpServerEvents } from './http-server.ts';
import { startHttp2Events } from './http2.ts';
import { tellIdentity } from './identity.ts';
import { startLoggerEvents } from './loggers.ts';
import { startModuleEvents } from './modules.ts';
import { startNetEvents } from './net.ts';
import { askForRequests, enableRequestContext } from './request-context.ts';
import { chosenChannels, chosenSets, isNamed, type AutoSet } from './sets.ts';
import { keepTickClass } from './ticks.ts';
import { startTimerEvents } from './timers.ts';
import { startUndiciEvents } from './undici.ts';
import { startWorkerEvents } from './workers.ts';

const starters: Readonly<Record<AutoSet, () => void>> = {
  'request-context': enableRequestContext,
  'http-server': startHttpServerEvents,
  'http-client': startHttpClientEvents,
  undici: startUndiciEvents,
  net: startNetEvents,
  dns: startDnsEvents,
  workers: startWorkerEvents,
  children() {
    startChildEvents();
    attempt('spawnSync', startSyncChildEvents);
  },
  gc: startGcEvents,
  'event-loop': startEventLoopEvents,
  errors: startErrorEvents,
  console: startConsoleEvents,
  'console-log': startConsoleLogEvents,
  loggers: startLoggerEvents,
  http2: startHttp2Events,
  fs: startFileEvents,
  timers: startTimerEvents,
  cluster: startClusterEvents,
  modules: startModuleEvents,
  async: startAsyncEvents,
  'async-end': startAsyncEndEvents,
};

let started = false;

/**
 * Starts the automatic events of this thread: requests, connections, look-ups, threads, garbage collections,
 * event-loop delay, errors, the console, loggers. The environment variable `SPOOR_AUTO` chooses among the sets. Never
 * throws, never keeps the program alive, and does nothing when called again.
 */
export function startAutoEvents(): void {
  if (started) return;
  started = true;
  const sets = chosenSets(process.env['SPOOR_AUTO']);
  attempt('identity', tellIdentity);
  // First, since the sets make channels too.
  const channels = chosenChannels(process.env['SPOOR_AUTO']);
  if (channels.length > 0) attempt('diagnostics channels', () => startDiagnosticsEvents(channels));
  keepTickClass();
  for (const name of sets) attempt(name, starters[name]);
  if (isNamed(process.env['SPOOR_AUTO'], 'request-context')) askForRequests();
}

/** A set that cannot start, on a version of Node.js that lacks what it watches, leaves the others alone. */
function attempt(name: string, start: () => void): void {
  try {
    start();
  } catch (error) {
    tellMissing(`the automatic events of ${name}`, error);
  }
}

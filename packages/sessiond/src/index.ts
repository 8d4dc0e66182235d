export { MARKER_VARIABLE } from './marker-variable.ts';
export { defaultOutputDirectory, localTimestamp } from './output-directory.ts';
export {
  type IndexEntry,
  decodeIndexEntry,
  encodeIndexEntry,
  encodeIndexHeader,
  indexEntryBytes,
  indexHeaderBytes,
  isIndexHeader,
} from './packet-index.ts';
export { extractCrash, type CrashResult, type CrashStep, type CrashTotals } from './crash.ts';
export { runDaemon, type RunDaemonOptions } from './daemon/run-daemon.ts';
export { startDaemon, type StartDaemonOptions } from './daemon/start-daemon.ts';

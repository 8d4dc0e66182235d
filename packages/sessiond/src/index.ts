export { recordCommand, type RecordingOptions, type RecordingResult } from './recording.ts';
export type { KernelPlan, KernelTotals } from './kernel-part.ts';
export { MARKER_VARIABLE } from './marker-variable.ts';
export { statusOfCommandError } from './command.ts';
export type { RecordingNote } from './consumer-supervisor.ts';
export type { RecordingTotals } from './ledger.ts';
export { adviseGeometry, type CrowdedChannel } from './ring-advice.ts';
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
export { extractCrash, type CrashResult, type CrashTotals } from './crash.ts';
export { runDaemon, type RunDaemonOptions } from './daemon/run-daemon.ts';
export { startDaemon, type StartDaemonOptions } from './daemon/start-daemon.ts';

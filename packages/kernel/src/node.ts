export {
  defaultPrefix,
  sweepInstances,
  TracefsInstance,
  type RingGeometry,
  type RingSettings,
} from './tracefs/instance.node.ts';
export {
  findTracefs,
  listEvents,
  readFormats,
  tracefsMounts,
  type FormatSelection,
} from './tracefs/tracefs.node.ts';
export { KernelDrain, ownThreads, type DrainOptions } from './drain/kernel-drain.node.ts';
export { RawRecording, type RawRecordingOptions } from './recording/write-recording.node.ts';
export { readCounterChoice } from './counters/counter-choice.node.ts';
export { fillTaskTable, makeTaskTable } from './contexts/fill-task-table.node.ts';
export {
  KernelRecording,
  type KernelRecordingOptions,
  type KernelRecordingResult,
} from './live/kernel-recording.node.ts';
export { containerFilter, findContainer, type Container } from './live/find-container.node.ts';
export type { UnfollowedTasks } from './live/followed-tasks.node.ts';
export type { LogChoice, LogLosses } from './sources/log-sources.node.ts';
export { threadsOf } from './statedump/scan-tasks.node.ts';
export { dumpState, type StateDumpOptions, type StateDumpResult } from './statedump/dump-state.node.ts';
export { MarkWriter, runningMarkers } from './live/marker.node.ts';
export { tryKernelRecording, type KernelRecordingPlan } from './live/plan-recording.node.ts';
export type { FilterShare } from './live/filter-shares.node.ts';
export type { ProbeFacts } from './session/session-probes.node.ts';
export { ProbeGroup, sweepProbes } from './probes/probe-group.node.ts';
export { listKernelEvents, type KernelListRequest } from './list/list-kernel.node.ts';
export { probeCapabilities } from './capabilities/probe-capabilities.node.ts';
export { KernelSession, type KernelSessionOptions } from './session/kernel-session.node.ts';
export { checkKernelSession } from './session/plan-session.node.ts';
export type { KernelChannelUsage, KernelSessionTotals } from './session/session-counts.node.ts';
export { nameCallStacks } from './symbols/name-call-stacks.node.ts';
export { RingReaders } from './session/ring-readers.node.ts';
export { sessionInstances, sweepSessions } from './session/session-names.node.ts';
export { findRecoverable, recover, type Recoverable, type Recovered } from './recover/recover.node.ts';
export { saveBoot, savedBoots, type SavedBoot } from './recover/saved-boot.node.ts';
export { STATE_DIRECTORY_VARIABLE, stateDirectory } from './recover/state-directory.node.ts';
export { KernelWatch, type KernelWatchOptions, type KernelWish } from './watch/kernel-watch.node.ts';

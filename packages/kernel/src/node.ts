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

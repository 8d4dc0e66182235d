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

export { Muxer, type MuxerInput } from './filter-utils-muxer/muxer.ts';
export { buildTraceSet, type TraceDirectory } from './source-ctf-fs/build-trace-set.ts';
export { clockOffsetNs, nanosecondsOfClock } from './source-ctf-fs/clock.ts';
export { EventView } from './source-ctf-fs/event-view.ts';
export type {
  EventClassInfo,
  Loss,
  StreamInfo,
  StreamSource,
  TraceInfo,
} from './source-ctf-fs/trace-info.ts';
export { OpenStream, Reading, TraceSet, type ReadOptions } from './source-ctf-fs/trace-set.ts';

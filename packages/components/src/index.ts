export type { EventFlow } from './event-flow.ts';
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
export { lossText } from './sink-text-pretty/loss-text.ts';
export { defaultPrettyOptions, type PrettyOptions } from './sink-text-pretty/options.ts';
export { PrettySink, type TextOutput } from './sink-text-pretty/pretty-sink.ts';
export { CounterSink, countText, type MessageCounts } from './sink-utils-counter/counter-sink.ts';
export { parseTimeBound } from './filter-utils-muxer/time-bound.ts';
export { parseFields, parseNames } from './sink-text-pretty/name-lists.ts';

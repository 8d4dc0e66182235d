export { Float64Column, Uint32Column, gallop, lowerBound } from './columns.ts';
export { noText, spanRuleOf, type SpanRole, type SpanRule } from './span-rules.ts';
export { CALLS_NAME, RUNS_NAME, callRuleOf, type CallRule } from './call-rules.ts';
export { CallStack } from './call-stack.ts';
export { KnownFunctions, type CodePlace, type KnownFunction } from './known-functions.ts';
export { SpanRow, SpanTrack, noEvent } from './span-track.ts';
export {
  TraceStore,
  type EventPlace,
  type Loss,
  type Series,
  type SeriesUse,
  type StoreLane,
  type StoreProcess,
  type StoreType,
} from './trace-store.ts';
export { formatRowKey, parseRowKey, type RowKey } from './row-key.ts';
export { TileMaker, bin, maxLevel, tileBins, tileEndNs, tileStartNs, type TileAddress } from './tile.ts';
export { histogramOf, type Histogram } from './histogram.ts';
export { selectionOf, type SelectionStatistics, type SpanStatistics, type TypeCount } from './selection.ts';
export { pointAt, pointMarks, seriesOfRow, spanAt, spanMark, spanMarks, type SpanMark } from './marks.ts';

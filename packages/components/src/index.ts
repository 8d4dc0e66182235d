export {
  messagesOf,
  type EventFlow,
  type Flow,
  type Message,
  type MessageFlow,
  type NextMessage,
} from './event-flow.ts';
export { MessageIterator, type FlowOpener } from './message-iterator.ts';
export { AddressNames, codePlaceOf } from './filter-lttng-utils-debug-info/address-names.ts';
export {
  stackReader,
  stacksOf,
  type StackName,
  type StackPlace,
  type StackReader,
} from './filter-lttng-utils-debug-info/stack-frames.ts';
export { callStackNamesOf, type SymbolsFile } from './source-ctf-fs/call-stack-symbols.ts';
export type { AddressInfo, BinaryFiles, DebugInfoPlaces } from './filter-lttng-utils-debug-info/binary.ts';
export {
  debugInfoClass,
  defaultDebugInfoDir,
  DebugInfoFilter,
  debugInfoOptionsOf,
  debugInfoParameters,
  type DebugInfoOptions,
} from './filter-lttng-utils-debug-info/debug-info-filter.ts';
export {
  clockNotices,
  clockParameters,
  clockRuleOf,
  type ClockOffset,
  type ClockRule,
} from './filter-utils-clock/clock-rules.ts';
export { clockClass } from './filter-utils-clock/clock-class.ts';
export type { EventArguments } from './filter-utils-events/field-reference.ts';
export { EventsFilter, type EventsFilterParameters } from './filter-utils-events/events-filter.ts';
export { EventSelection, type EventRule, type Verdict } from './filter-utils-events/event-selection.ts';
export { presetRules, spanPresets, type SpanRule } from './filter-utils-spans/span-rule.ts';
export {
  SpansFilter,
  spansClass,
  spansParameters,
  spansParametersOf,
  type SpansParameters,
} from './filter-utils-spans/spans-filter.ts';
export { Muxer, type MuxerInput } from './filter-utils-muxer/muxer.ts';
export { muxedFlow, type MuxerParameters } from './filter-utils-muxer/muxed-flow.ts';
export { mergeFlows } from './filter-utils-muxer/merged-flow.ts';
export { muxerClass } from './filter-utils-muxer/muxer-class.ts';
export { trimmerClass } from './filter-utils-trimmer/trimmer-class.ts';
export { eventsClass } from './filter-utils-events/events-class.ts';
export { parseTimeBound } from './filter-utils-trimmer/time-bound.ts';
export { TrimmedFlow, type TimeRange } from './filter-utils-trimmer/trimmed-flow.ts';
export { TrimmedMessages } from './filter-utils-trimmer/trimmed-messages.ts';
export { MessageMuxer } from './filter-utils-muxer/message-muxer.ts';
export {
  DetailsComponent,
  detailsOptionsOf,
  detailsParameters,
  type DetailsComponentParameters,
} from './sink-text-details/details-component.ts';
export { DetailsSink } from './sink-text-details/details-sink.ts';
export { defaultDetailsOptions, type DetailsOptions } from './sink-text-details/options.ts';
export {
  arrowParameters,
  parquetParameters,
  type Compressor,
  type Compressors,
} from './columns/parameters.ts';
export type { ByteOutput, TablePlaces } from './columns/table-places.ts';
export { csvParameters, csvSink } from './sink-text-csv/csv-component.ts';
export { jsonParameters, jsonSink } from './sink-text-json/json-component.ts';
export { jsonOf } from './sink-text-json/json-value.ts';
export { OtlpSink } from './sink-otlp-json/otlp-sink.ts';
export { TextRows, type RowText } from './text-rows.ts';
export { noColors, terminalColors, type Colors } from './text-colors.ts';
export {
  CtfSinkComponent,
  type CtfSinkSettings,
  type TracePlace,
  type TracePlaces,
} from './sink-ctf-fs/ctf-sink.ts';
export { ctfSinkOptionsOf, ctfSinkParameters, type CtfSinkOptions } from './sink-ctf-fs/parameters.ts';
export { lossText } from './sink-text-pretty/loss-text.ts';
export { parseFields, parseNames } from './sink-text-pretty/name-lists.ts';
export { defaultPrettyOptions, type PrettyOptions } from './sink-text-pretty/options.ts';
export { PrettyComponent, type PrettyParameters } from './sink-text-pretty/pretty-component.ts';
export { prettyOptionsWith, prettyParameters } from './sink-text-pretty/pretty-parameters.ts';
export { PrettySink, type TextOutput } from './sink-text-pretty/pretty-sink.ts';
export {
  helperState,
  makePrintHelper,
  type PrintHelper,
  type StartedHelper,
} from './sink-text-pretty/print-slot.ts';
export { servePrinting } from './sink-text-pretty/serve-printing.ts';
export {
  CounterComponent,
  counterOptionsOf,
  counterParameters,
  countText,
  type MessageCounts,
} from './sink-utils-counter/counter-sink.ts';
export { DummyComponent, dummyParameters } from './sink-utils-dummy/dummy-component.ts';
export { buildTraceSet, type TraceDirectory } from './source-ctf-fs/build-trace-set.ts';
export { lossBeginNs } from './source-ctf-fs/loss-times.ts';
export { clockOffsetNs, nanosecondsOfClock } from './source-ctf-fs/clock.ts';
export { foldersOfFiles, type NamedFile } from './source-ctf-fs/file-set.ts';
export { openFolders, type OpenOptions, type TraceFolder } from './source-ctf-fs/open-folders.ts';
export type { SourceEnvironment } from './source-ctf-fs/set-source.ts';
export { streamSpan, type TimeSpan } from './source-ctf-fs/stream-range.ts';
export { EventFields } from './source-ctf-fs/event-fields.ts';
export { EventView } from './source-ctf-fs/event-view.ts';
export type {
  EventClassInfo,
  Loss,
  StreamInfo,
  StreamSource,
  TraceInfo,
} from './source-ctf-fs/trace-info.ts';
export { dmesgTrace, type DmesgOptions } from './source-text-dmesg/dmesg-trace.ts';
export { OpenStream, TraceSet, type ReadOptions } from './source-ctf-fs/trace-set.ts';

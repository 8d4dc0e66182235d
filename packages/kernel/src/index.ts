export { btfConstants } from './formats/btf-constants.ts';
export type {
  DynamicContent,
  FieldShape,
  IntegerShape,
  KernelEventFormat,
  KernelField,
} from './formats/event-format.ts';
export { integerOfType, type MachineWords } from './formats/field-type.ts';
export { FormatError } from './formats/format-error.ts';
export { KernelFormats } from './formats/kernel-formats.ts';
export { checkEventHeader, eventTypes, parsePageHeader, type PageLayout } from './formats/page-layout.ts';
export { parseEventFormat, parseFieldLine } from './formats/parse-format.ts';
export { PageCursor } from './pages/page-cursor.ts';
export { globMatcher, matchEvents, splitEventName } from './tracefs/event-names.ts';
export { lostOf, parseRingStatistics, type RingStatistics } from './tracefs/ring-statistics.ts';
export type {
  BatchSink,
  PageSink,
  PageSinkModule,
  RingPlace,
  RingResult,
  SinkReference,
} from './drain/page-sink.ts';
export { parseDescription, rawRecordingVersion, type RawDescription } from './recording/description.ts';
export { packFormats, unpackFormats, type FormatFile } from './recording/format-archive.ts';
export { storedPageAt, type StoredPage } from './recording/page-walk.ts';
export { commitWord, storedPageBytes, usedPageBytes } from './recording/stored-page.ts';
export { kernelContextNames, kernelContexts, type ContextField } from './contexts/context-fields.ts';
export { taskColumns, type TaskColumn } from './contexts/task-row.ts';
export { TaskTable } from './contexts/task-table.ts';
export type { MappedEvent, MappedField } from './mapping/event-mapping.ts';
export { mapEvents, type MappingOptions, type Naming } from './mapping/map-events.ts';
export { syscallNames } from './mapping/syscall-names.ts';
export {
  kernelEnvironment,
  type KernelIdentity,
  type KernelTraceFacts,
} from './transcode/kernel-trace-class.ts';
export { factsBefore, markPacket, type PacketOutput } from './transcode/packet-buffer.ts';
export type { PageStream, PageStreamOptions, PageStreamStatistics } from './transcode/page-stream.ts';
export { KernelTranscoder, type TranscoderOptions } from './transcode/transcoder.ts';
export { parseExpressions, type Expression } from './print/c-expression.ts';
export { PrintFormatError } from './print/c-tokens.ts';
export { fieldOf, type PrintContext } from './print/evaluate.ts';
export { fieldLabels, usedConstants, type FieldLabels } from './print/field-labels.ts';
export { parsePrintFormat, printFormatOf, type PrintFormat } from './print/print-format.ts';
export type { Directive as PrintDirective } from './print/directives.ts';
export { fieldsText, printedText, recordText } from './print/render.ts';
export { KernelSymbols, parsePrintkFormats, type SymbolPlace } from './print/symbols.ts';
export { CallStackNames, placeText } from './symbols/call-stack-names.ts';
export {
  parseSymbols,
  symbolsFileName,
  symbolsFolder,
  writeSymbols,
  type CallStackSymbols,
  type NamedAddress,
  type NamedImage,
  type UserPlace,
} from './symbols/symbols-file.ts';
export { contextLetters, parseCommands, secondsText, traceLine } from './print/trace-line.ts';
export { fieldBytes, fieldValue, type RecordBytes, type Value } from './print/values.ts';
export { defaultEvents, selectEvents } from './live/select-events.ts';
export { lttngName } from './mapping/map-events.ts';
export { stateDumpEvents } from './statedump/statedump-events.ts';
export { convertRecording, type ConversionOptions, type RingOutput } from './recording/convert-recording.ts';
export {
  RingPages,
  scanRing,
  type KernelRecording,
  type RecordedRing,
} from './recording/kernel-recording.ts';
export { openRawRecording } from './recording/open-raw.ts';
export { rawFolder } from './recording/raw-names.ts';
export { convertRawTrace, type RawTrace } from './recording/raw-trace.ts';
export { isTraceDat, openTraceDat } from './tracedat/open-trace-dat.ts';
export type { Unpack } from './tracedat/part-source.ts';
export {
  changedEvents,
  listFields,
  listSyscalls,
  type ListedField,
  type ListedLabels,
  type ListedSyscall,
} from './list/list-events.ts';
export {
  fileOffsetOf,
  findFunction,
  findSdtProbe,
  functionOffset,
  functionsOf,
  sdtProbeArguments,
  sdtProbes,
  type FunctionPlace,
  type SdtProbe,
} from './probes/elf-probes.ts';
export { placeArguments, type ArgumentSource } from './probes/argument-places.ts';
export {
  parseProgramPlace,
  programPlaceName,
  withProgramPath,
  type ProgramPlace,
  type WrittenArgument,
} from './probes/program-place.ts';
export {
  mostProbeArguments,
  parseProbeList,
  probeName,
  probeText,
  type ListedProbe,
  type ProbeArgument,
  type ProbeDefinition,
  type ProbePlace,
} from './probes/probe-text.ts';
export { registerOf, sdtArguments, type VariablePlace } from './probes/sdt-arguments.ts';
export {
  capabilityLine,
  knownFacilities,
  type FacilityName,
  type KernelCapability,
} from './capabilities/capability.ts';
export {
  describeEvents,
  describeSyscalls,
  kernelListText,
  type ListedKernelEvent,
} from './list/describe-kernel.ts';
export {
  parseTraceLine,
  type ParsedTraceLine,
  type TextEvent,
  type TextLoss,
} from './text/trace-line-parser.ts';
export {
  kernelSessionVersion,
  type KernelChannelDescription,
  type KernelSessionDescription,
  type ProbeRequest,
} from './session/session-description.ts';
export { eventsOfRules, type KernelRule } from './session/session-rules.ts';
export { kernelFilter } from './session/kernel-filter.ts';
export { filterFits, type TaskSelection } from './transcode/record-filter.ts';

export type * from './model.ts';
export { parseJson, type JsonValue } from './json.ts';
export {
  convertTraceClass,
  type CtfVersion,
  type StreamConversion,
  type TraceConversion,
  type ValueConverter,
} from './conversion.ts';
export { formatCtf2 } from './ctf2-writer.ts';
export { raiseTraceClass } from './raise-trace-class.ts';
export { parseTsdl, readMetadata, type MetadataOptions } from './metadata.ts';
export { metadataPacketByteOrder, unwrapMetadata, type MetadataText } from './metadata-packets.ts';
export { formatEventTsdl, formatStreamTsdl, formatTraceTsdl, formatTsdl } from './tsdl-writer.ts';
export { batchCapacity, EventBatch } from './batch.ts';
export { packetPaddingBytes, integerOfHalves, type Halves } from './bits.ts';
export { alignmentOf, childrenOf, locationOf, shownEventName } from './field-classes.ts';
export { decodeWideText } from './wide-text.ts';
export { canCompile, compileFunction } from './compile.ts';
export { Emitter } from './emitter.ts';
export { emitFindNul, emitWalk } from './emit-walk.ts';
export type { WalkStrategy } from './walk-strategy.ts';
export type { IntegerRead } from './emit-read.ts';
export { textEnd } from './emit-values.ts';
export { EnumValue, FlagsValue, flagsOf, LabelTable, labelTableOf, type FieldValue } from './field-value.ts';
export { OverrunError, interpret, SilentVisitor } from './interpret.ts';
export { absent, type PacketCursor, PacketProperties, scanStatus } from './packet-cursor.ts';
export {
  type IntegerNode,
  type BigIntegerNode,
  type FloatNode,
  type BitsNode,
  type StringNode,
  type TextNode,
  type BlobNode,
  type ArrayNode,
  type StructureNode,
  type OptionalNode,
  type VariantNode,
  type PlanNode,
  type Plan,
} from './plan.ts';
export { makePlan } from './planner.ts';
export {
  PacketHeaderDecoder,
  StreamDecoder,
  emitExternals,
  type Accessor,
  type DecoderOptions,
} from './stream-decoder.ts';
export { slotDecoderOf, type DecodeSlots, type SlotDecoder } from './decode-slots.ts';
export { FieldSlots, type SlotField, type SlotLayout, type SlotMember, type SlotStructure } from './slots.ts';
export {
  lttngEventHeader,
  lttngPacketContext,
  lttngPacketHeader,
  monotonicClock,
  structureClass,
  unsignedClass,
  type LttngHeaderForm,
  type MonotonicClockFacts,
} from './lttng-layout.ts';
export { MemorySource } from './memory-source.ts';
export { BytesAwaited, whenArrived, type ByteSource } from './byte-source.ts';
export type { LossReport } from './loss-tracker.ts';
export { StreamReader, type PacketPlace, type ReaderStart } from './stream-reader.ts';
export { printPlan } from './print-plan.ts';
export { placeInIndex, readPacketIndex, type IndexedPacket, type IndexPlace } from './packet-index.ts';
export {
  packetIndexEntry,
  packetIndexEntryBytes,
  packetIndexHeader,
  writePacketIndexEntry,
} from './packet-index-writer.ts';
export { findPacket } from './find-packet.ts';
export { seekPacket } from './packet-seek.ts';
export type { EventValues, WritableStructure, WritableValue } from './encode-values.ts';
export {
  describeTrace,
  type EventDescription,
  type FieldDescription,
  type FieldsDescription,
  type StreamDescription,
  type TraceDescription,
} from './describe-trace.ts';
export type { RoleValues } from './encode-rules.ts';
export { PacketWriter, type ByteSink, type PacketFacts } from './packet-writer.ts';
export { StreamEncoder, type PacketValues } from './stream-encoder.ts';
export {
  createTraceWriter,
  type StreamOptions,
  type StreamWriter,
  type TraceOutput,
  type TraceWriter,
  type TraceWriterOptions,
} from './trace-writer.ts';

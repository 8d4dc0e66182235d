export {
  CONTROL_BYTES,
  CTF_MAGIC,
  LEAST_RING_BYTES,
  PACKET,
  PACKET_HEADER_BYTES,
  RING_VERSION,
  isValidGeometry,
  ringSizeBytes,
  type RingGeometry,
  type RingHeader,
  type RingIdentity,
  type RingMode,
  type RingTier,
} from './layout.ts';
export { RingProducer, type ProducerOptions } from './producer.ts';
export { PacketScratch, RingReader } from './reader.ts';
export type { CutPacket, RingState } from './ring-state.ts';
export { fileStore, memoryStore, type RingStore } from './ring-store.ts';
export {
  nextStreamNumber,
  numberPacket,
  restOfPacket,
  settleProgress,
  type ReaderProgress,
  type RingPacket,
} from './reader-progress.ts';
export {
  CONSUMER_FILE,
  EVENTS_FOLDER,
  PROCESS_FILE,
  RINGS_FOLDER,
  RUN_DIRECTORY_VARIABLE,
  SESSION_FILE,
  SESSION_VARIABLE,
  STATUS_FOLDER,
  TRACEPOINTS_FOLDER,
  makePrivateFolder,
  measureClockOffsetNs,
  processFolder,
  publishFile,
  parseProcess,
  readProcess,
  readSession,
  USERS_FOLDER,
  runDirectoryRoot,
  ownStartTicks,
  runsSince,
  startTicks,
  type ProcessDescription,
  type RingStatus,
  type FilterStatus,
  type ListedField,
  type ListedTracepoint,
  type ThreadTracepoints,
  type ThreadStatus,
} from './run-directory.ts';
export {
  BLOCK_WITHOUT_LIMIT,
  RUN_VERSION,
  isChannelName,
  makeChannel,
  type CountDescription,
  type ChannelDescription,
  type EventRule,
  type LogLevelRule,
  type SessionDescription,
  type TrackerDescription,
} from './session-description.ts';
export {
  HUB_FILE,
  HUB_SESSIONS_FOLDER,
  isTrustedHub,
  readHub,
  sessionPaths,
  type HubDescription,
} from './hub.ts';
export { hubPath, hubPaths } from './hub-place.ts';
export { ReaderWaker, SwitchWaker, WAKES_FOLDER, WAKE_FILE, callConsumer } from './reader-waker.ts';
export { createThreadRing, geometries, type RingRequest, type ThreadRing } from './ring-file.ts';
export { EndedMappings } from './ended-mappings.ts';
export { currentThreadId } from '@spoor/sys';

export { ThreadCounters, type CounterCell } from './counter-file.ts';
export { COUNTS_FOLDER, LOST_FOLDER } from './counter-layout.ts';
export { COUNTERS_FOLDER } from './counter-layout.ts';
export { fitsLink, isOutOfDescriptors, readLinkText, writeLinkText } from './link-text.ts';
export { mergeEndedCounters, readCounters } from './counter-reader.ts';
export { snapshotProcess, type SnapshotTotals } from './snapshot-process.ts';

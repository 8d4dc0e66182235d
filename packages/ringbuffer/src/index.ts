export {
  CONTROL_BYTES,
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
export {
  PacketScratch,
  RingReader,
  fileStore,
  memoryStore,
  type RingPacket,
  type RingState,
  type RingStore,
} from './reader.ts';
export {
  EVENTS_FOLDER,
  PROCESS_FILE,
  RINGS_FOLDER,
  RUN_DIRECTORY_VARIABLE,
  RUN_VERSION,
  SESSION_FILE,
  SESSION_VARIABLE,
  STATUS_FOLDER,
  makePrivateFolder,
  measureClockOffsetNs,
  processFolder,
  publishFile,
  readProcess,
  readSession,
  runDirectoryRoot,
  startTicks,
  type ProcessDescription,
  type SessionDescription,
  type ThreadStatus,
} from './run-directory.ts';
export { createThreadRing, type RingRequest, type ThreadRing } from './ring-file.ts';
export { currentThreadId } from '@spoor/sys';

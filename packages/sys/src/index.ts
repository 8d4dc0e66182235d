export { BlockingWait, type WaitEnd } from './blocking-wait.ts';
export { sendDatagram } from './datagram.ts';
export { DescriptorWait } from './descriptor-wait.ts';
export { SystemCallError } from './errors.ts';
export { EventBell, ringBell } from './event-bell.ts';
export { hasBuiltin, hasWorkerModule } from './heap-room.ts';
export { isAvailable, type Availability } from './library.ts';
export { loopIdleNs } from './loop-idle.ts';
export { createMappedFile, unmapFiles, type MappedFile } from './memory.ts';
export { guardNativeCalls } from './native-calls.ts';
export { OpenFolder } from './open-folder.ts';
export {
  openCounter,
  openThreadCounter,
  scaledReading,
  threadCounterId,
  threadCounterNames,
  type CounterId,
  type CounterReading,
  type CounterTarget,
  type ThreadCounter,
  type TimedCounter,
} from './perf.ts';
export {
  openProcessRecords,
  parseProcessRecord,
  type ProcessRecord,
  type ProcessRecords,
} from './perf-records.ts';
export { SplicePipe } from './splice.ts';
export {
  currentPthreadId,
  currentThreadId,
  issueBarrier,
  makeCpuReader,
  registerForBarriers,
} from './thread.ts';
export { peerUser } from './peer-user.ts';
export { asUser, canActAsUsers, type FileUser } from './user-access.ts';
export { groupMemoryLeft } from './group-memory.ts';
export { hasProcess, monotonicNs, ownPid } from './own-process.ts';
export {
  asOwnFileAccess,
  closeSync,
  existsSync,
  isOwnFileAccess,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from './own-files.ts';

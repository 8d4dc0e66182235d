export {
  archiveKind,
  openArchive,
  openRemoteArchive,
  type ArchiveFile,
  type ArchiveKind,
} from './open-archive.ts';
export type { ArchiveMeans, Spool } from './means.ts';
export { MemorySpool } from './memory-spool.ts';
export { defaultArchiveLimits, type ArchiveLimits } from './limits.ts';
export { isArchiveError } from './errors.ts';
export { ZstdFrames } from './zstd.ts';

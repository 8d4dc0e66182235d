/**
 * Layout of counter files, version 1 (docs/design/formats.md): `counters/TID-N.counters` of a process's directory, one a
 * thread that counts, and `ended.counters`, their sum over threads that are over.
 */
export const COUNTERS_FOLDER = 'counters';
/** Folder in a process's directory that has a folder for each map into which events are counted; in it `counters`. */
export const COUNTS_FOLDER = 'counts';
/** Folder of a process's directory below which its threads count, by channel, what they lost for want of a ring or a class. */
export const LOST_FOLDER = 'lost';
/** `SPCN` as it lies in the file. */
export const COUNTER_MAGIC = 0x4e435053;
export const COUNTER_VERSION = 1;
/** Byte offsets in the header. */
export const COUNTER_HEADER = { magic: 0, version: 4, count: 8, addedLast: 12 } as const;
export const COUNTER_HEADER_BYTES = 64;
/** A counter's name, with its NUL, then its value. */
export const COUNTER_NAME_BYTES = 120;
export const COUNTER_BYTES = 128;
/** Size of a thread's file; a sum has but the counters that there are. */
export const COUNTER_FILE_BYTES: number = 64 * 1024;
export const MOST_COUNTERS: number = Math.floor((COUNTER_FILE_BYTES - COUNTER_HEADER_BYTES) / COUNTER_BYTES);

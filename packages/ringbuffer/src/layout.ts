/**
 * The ring file, version 2: one control page, then sub-buffers of equal size, each a CTF 1.8 packet
 * (docs/design/formats.md). All words are little-endian; offsets are in bytes from the start of the file,
 * those of the packet from the start of its sub-buffer.
 *
 * One thread writes events; one process reads. Every word has one writer: the release bytes, `stopped`,
 * `heartbeat` and its notes belong to the reader, all else to the producer; `woken` has two. The reader uses plain file reads and writes, so
 * what it writes for the producer is a single byte at a time, which cannot be seen half-written through the
 * producer's mapping.
 */

/** `SPRG` as it lies in the file. */
export const RING_MAGIC = 0x47525053;
/** Version of the layout; readers refuse any other. */
export const RING_VERSION = 2;

export const CONTROL_BYTES = 4096;
/** Sub-buffers begin at multiples of this, and are multiples of it. */
const SUB_BUFFER_GRAIN_BYTES = 4096;
const MAX_SUB_BUFFER_COUNT = 256;
/** The content size of a packet is a 32-bit count of bits. */
const MAX_SUB_BUFFER_BYTES: number = 256 * 1024 * 1024;
/** All sub-buffers of a ring together. Node.js has no larger views of memory than 4 GiB, and dies when asked for one. */
const MAX_SUB_BUFFERS_BYTES: number = 2 * 1024 ** 3;

/** Byte offsets in the control page. */
export const CONTROL = {
  magic: 0,
  version: 4,
  mode: 8,
  subBufferCount: 12,
  subBufferSizeBytes: 16,
  pid: 20,
  tid: 24,
  /** Running number of the ring in its process: N of `rings/N.ring`. */
  ringNumber: 28,
  /** Start time of the process in clock ticks since boot (field 22 of /proc/PID/stat), u64. */
  processStartTicks: 32,
  /** Same of the thread (/proc/PID/task/TID/stat), u64. */
  threadStartTicks: 40,
  /** UUID of the trace that the packets belong to, 16 bytes. */
  uuid: 48,
  /** How the producer reaches the file: 0 mapped, 1 copied from private memory. */
  tier: 64,
  /** Id of the stream class that its packets are of: the channel's number in its process. */
  streamClassId: 68,
  /** 1 when the producer wakes a reader that sleeps (`woken`) as it finishes a sub-buffer. One byte. */
  wakes: 72,

  /** Time that the producer read last (u64, ns): at or after its last committed event. */
  clock: 128,
  /** How many sub-buffers were ever opened: the sequence number of the next packet, u32. */
  opened: 136,
  /** 1 while the producer lives, 2 once it finished its last sub-buffer; back to 1 if it then emits again. */
  state: 140,
  /** Events lost so far, all causes, u64. */
  lostEvents: 144,
  /** Events lost because they are larger than a sub-buffer (also in `lostEvents`), u32. */
  lostTooLarge: 152,
  /** Events committed so far, modulo 2^32. */
  committedEvents: 156,

  /** Written by the reader: 1 once the recording is over and no further sub-buffer is to be opened. One byte. */
  stopped: 192,
  /** Written by the reader of a ring that may hold its program up: another value at each look. One byte. */
  heartbeat: 193,
  /**
   * Of a ring whose reader is woken: written 0 by the reader before it sleeps, then 1 by the producer, which wakes it, at
   * the next event or, where `wakes` says so, at the next end of a sub-buffer. One byte.
   */
  woken: 194,
  /** The reader's own note, for a reader in its place (`ReaderProgress`). */
  progress: 200,
  /** Events in the packets that it is done with, u64. */
  recordedEvents: 200,
  /** The number after that of the last packet that it is done with whole, u32. */
  recordedPackets: 208,
  /** How many bytes of the next one it is done with, u32. */
  cutBytes: 212,
  /** The time of that cut, u64. */
  cutTime: 216,
  /** `committedEvents` at that cut. */
  cutEvents: 224,
  /** Number of a packet in its stream less that in the ring, i32. */
  streamShift: 228,
  /** Events that came while nothing was to be recorded, u64. */
  droppedEvents: 232,
  /** Bit 0: what comes is dropped. */
  readerFlags: 240,
  progressEnd: 244,

  /**
   * One u32 a slot: 0 never used, `2 s + 1` while packet `s` is being written, `2 s + 2` once it is finished.
   * Packet `s` lies in slot `s modulo count`.
   */
  slotMarks: 256,
  /** A progress that the reader is about to note, in the form of `progress`; its number of packets is 0 without one. */
  intendedProgress: 1280,
  /** One byte a slot, written by the reader: `(s / count + 1) modulo 256` once packet `s` was taken. */
  slotReleases: 2304,
  /** One u32 a slot: the value that `committedEvents` had when its packet was opened. */
  slotEvents: 2816,
  /** Name of the channel: ASCII, ends with a NUL. */
  channelName: 3840,
} as const;

/** Values of the word `mode`. */
export const MODE_WORD = { discard: 0, overwrite: 1 } as const;
/** Values of the word `tier`. */
export const TIER_WORD = { mapped: 0, copied: 1 } as const;
/** Values of the word `state`. */
export const STATE_WORD = { active: 1, closed: 2 } as const;

/** `discard`: a full ring loses new events. `overwrite`: it loses its oldest sub-buffer. */
export type RingMode = keyof typeof MODE_WORD;
/** `mapped`: the producer writes into the file itself. `copied`: it writes finished sub-buffers to the file. */
export type RingTier = keyof typeof TIER_WORD;

/** Byte offsets in a packet: CTF packet header, then packet context. Sizes are in bits, as CTF has them. */
export const PACKET = {
  magic: 0,
  uuid: 4,
  streamClassId: 20,
  timestampBegin: 24,
  timestampEnd: 32,
  contentSizeBits: 40,
  packetSizeBits: 48,
  sequenceNumber: 56,
  eventsDiscarded: 64,
  cpuId: 72,
  vtid: 76,
} as const;

/** Packet header and context together; the first event header follows. */
export const PACKET_HEADER_BYTES = 80;
/** Magic number of a CTF data packet. */
export const CTF_MAGIC = 0xc1fc1fc1;

/** Largest id that the compact event header holds; 31 announces the extended one. */
export const COMPACT_ID_MAX = 30;
export const COMPACT_HEADER_BYTES = 4;
export const EXTENDED_HEADER_BYTES = 13;

/** Size and number of the sub-buffers of a ring. */
export interface RingGeometry {
  /** Multiple of {@link SUB_BUFFER_GRAIN_BYTES}. */
  readonly subBufferSizeBytes: number;
  /** 2 to {@link MAX_SUB_BUFFER_COUNT}, and as many as {@link MAX_SUB_BUFFERS_BYTES} allow. */
  readonly subBufferCount: number;
}

/** Whether a ring can have this geometry. */
export function isValidGeometry({ subBufferSizeBytes, subBufferCount }: RingGeometry): boolean {
  return (
    Number.isInteger(subBufferSizeBytes) &&
    subBufferSizeBytes >= SUB_BUFFER_GRAIN_BYTES &&
    subBufferSizeBytes <= MAX_SUB_BUFFER_BYTES &&
    subBufferSizeBytes % SUB_BUFFER_GRAIN_BYTES === 0 &&
    Number.isInteger(subBufferCount) &&
    subBufferCount >= 2 &&
    subBufferCount <= MAX_SUB_BUFFER_COUNT &&
    subBufferSizeBytes * subBufferCount <= MAX_SUB_BUFFERS_BYTES
  );
}

/** Size of the whole ring file. */
export function ringSizeBytes(geometry: RingGeometry): number {
  return CONTROL_BYTES + geometry.subBufferSizeBytes * geometry.subBufferCount;
}

/** Size of the smallest ring file that there can be. */
export const LEAST_RING_BYTES: number = ringSizeBytes({
  subBufferSizeBytes: SUB_BUFFER_GRAIN_BYTES,
  subBufferCount: 2,
});

/** What the reader writes for packet `sequence`, and what the producer awaits before it opens the next lap. */
export function releaseByte(sequence: number, subBufferCount: number): number {
  return (Math.floor(sequence / subBufferCount) + 1) & 0xff;
}

/** Room for the name of a channel, with its NUL. */
export const CHANNEL_NAME_BYTES = 256;

/** What identifies a ring beside its geometry; constant for its whole life. */
export interface RingIdentity {
  readonly mode: RingMode;
  readonly pid: number;
  readonly tid: number;
  readonly ringNumber: number;
  readonly processStartTicks: bigint;
  readonly threadStartTicks: bigint;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  readonly tier: RingTier;
  /** Name of the channel; at most 64 ASCII characters (`isChannelName`). */
  readonly channelName: string;
  /** Id of the stream class of its packets. */
  readonly streamClassId: number;
}

/** Everything constant that the control page tells. */
export interface RingHeader extends RingIdentity, RingGeometry {}

// Values of options as lttng-enable-channel(1) writes them.
import { SpoorError } from '@spoor/base';
import { LEAST_RING_BYTES } from '@spoor/ringbuffer';

/** The error of a value; says what is needed. */
export function invalid(message: string): SpoorError {
  return new SpoorError('record/value', message);
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const unitUs: Readonly<Record<string, number>> = { '': 1, us: 1, ms: 1000, s: 1e6, m: 60e6, h: 3600e6 };

/** Bytes, or with a suffix `k`, `M`, `G`; NaN when it is none. */
function sizeBytes(text: string): number {
  const parts = /^(\d+)([kmg]?)$/i.exec(text);
  return Number(parts?.[1]) * (unitBytes[parts?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
}

/** The size of a sub-buffer. */
export function parseSizeBytes(text: string): number {
  const size = sizeBytes(text);
  if (!isPowerOfTwo(size) || size < 4096 || size > 256 * 1024 ** 2) {
    throw invalid('A power of two between 4k and 256M is needed.');
  }
  return size;
}

/** A limit of the memory of rings, which one ring at least has room in. */
export function parseLimitBytes(text: string): number {
  const size = sizeBytes(text);
  if (!Number.isSafeInteger(size)) throw invalid('A size is needed, such as 64M.');
  if (size < LEAST_RING_BYTES) {
    const least = LEAST_RING_BYTES / 1024;
    throw invalid(`At least ${least}k is needed, for the smallest ring (--subbuf-size 4k --num-subbuf 2).`);
  }
  return size;
}

/** The number of sub-buffers. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!isPowerOfTwo(count) || count < 2 || count > 256) {
    throw invalid('A power of two between 2 and 256 is needed.');
  }
  return count;
}

/** Microseconds, or with a suffix `us`, `ms`, `s`, `m`, `h`. */
export function parseTimeoutUs(text: string): number {
  const parts = /^(\d+)(us|ms|s|m|h)?$/.exec(text);
  const timeoutUs = Number(parts?.[1]) * (unitUs[parts?.[2] ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(timeoutUs)) {
    throw invalid('0, a time such as 500us or 2s, or `inf` is needed.');
  }
  return timeoutUs;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

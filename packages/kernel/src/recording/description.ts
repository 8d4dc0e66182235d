/** What a raw recording says of itself: its file `ftrace.json`. */
import { SpoorError } from '@spoor/base';
import type { RingStatistics } from '../tracefs/ring-statistics.ts';

/** Of recordings that this package writes; a paragraph of docs/design/formats.md is on each. */
export const rawRecordingVersion = 1;

/** The machine and the rings that were recorded. */
export interface RawDescription {
  readonly version: typeof rawRecordingVersion;
  readonly hostname: string;
  /** `uname -r`, `-v` and `-m`. */
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly machine: string;
  /** Of the boot: event numbers and addresses are of this boot alone. */
  readonly bootId: string;
  readonly littleEndian: boolean;
  readonly subBufferBytes: number;
  /** Name of the clock, as in `trace_clock`. */
  readonly clock: string;
  /** From the clock's zero to 1970, in nanoseconds, in decimal; absent where it is not known. */
  readonly clockOffsetNs?: string | undefined;
  readonly cpus: readonly number[];
  /** The kernel's counts when the recording ended; absent while it goes on, and where it was killed. */
  readonly statistics?: readonly RingStatistics[] | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Parses `ftrace.json`. @throws SpoorError `kernel/recording`. */
export function parseDescription(text: string, where: string): RawDescription {
  const fail = (what: string): never => {
    throw new SpoorError('kernel/recording', `it describes no raw recording: ${what}`, { where });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SpoorError('kernel/recording', 'it is no JSON', { where, cause: error });
  }
  if (typeof value !== 'object' || value === null) return fail('it is no object');
  const found = value as Readonly<Record<string, unknown>>;
  if (found['version'] !== rawRecordingVersion) {
    throw new SpoorError('kernel/recording-version', `version ${String(found['version'])} is not known`, {
      where,
      hint: `this Spoor reads version ${rawRecordingVersion}`,
    });
  }
  const { subBufferBytes, cpus, clockOffsetNs, littleEndian } = found;
  for (const name of ['hostname', 'kernelRelease', 'kernelVersion', 'machine', 'bootId', 'clock']) {
    if (!isText(found[name])) fail(`${name} is no text`);
  }
  if (typeof littleEndian !== 'boolean') fail('littleEndian is no boolean');
  if (!isCount(subBufferBytes) || subBufferBytes < 64 || subBufferBytes > 1 << 26)
    fail('subBufferBytes cannot be');
  if (!Array.isArray(cpus) || !cpus.every(isCount)) fail('cpus is no list of numbers');
  if (clockOffsetNs !== undefined && !(isText(clockOffsetNs) && /^-?\d{1,30}$/.test(clockOffsetNs))) {
    fail('clockOffsetNs is no number');
  }
  return found as unknown as RawDescription;
}

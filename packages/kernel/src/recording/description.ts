/** What a raw recording says of itself: its file `ftrace.json`. */
import { SpoorError } from '@spoor/base';
import type { RingStatistics } from '../tracefs/ring-statistics.ts';
import type { PageForm } from './kernel-recording.ts';

/** Of recordings that this package writes; a paragraph of docs/design/formats.md is on each. */
export const rawRecordingVersion = 2;

/** The machine and the rings that were recorded. */
export interface RawDescription {
  /** Version 1 had no {@link pageForm}: its pages are `stored`. */
  readonly version: 1 | typeof rawRecordingVersion;
  readonly hostname: string;
  /** `uname -r`, `-v` and `-m`. */
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly machine: string;
  /** Of the boot: event numbers and addresses are of this boot alone. */
  readonly bootId: string;
  readonly littleEndian: boolean;
  readonly subBufferBytes: number;
  readonly pageForm: PageForm;
  /** Name of the clock, as in `trace_clock`. */
  readonly clock: string;
  /** From the clock's zero to 1970, in nanoseconds, in decimal; absent where it is not known. */
  readonly clockOffsetNs?: string | undefined;
  readonly cpus: readonly number[];
  /** The kernel's counts when the recording ended; absent while it goes on, and where it was killed. */
  readonly statistics?: readonly RingStatistics[] | undefined;
}

const largestSubBufferBytes = 1 << 26;
/** More processors than Linux can have (NR_CPUS). */
const mostCpus = 8192;

type Found = Readonly<Record<string, unknown>>;

/** Takes values out of what JSON has, and says what is wrong with them. */
class DescriptionReader {
  private readonly found: Found;
  private readonly where: string;

  constructor(found: unknown, where: string) {
    this.where = where;
    if (typeof found !== 'object' || found === null || Array.isArray(found)) this.fail('it is no object');
    this.found = { ...(found as object) };
  }

  fail(what: string): never {
    throw new SpoorError('kernel/recording', `it describes no raw recording: ${what}`, { where: this.where });
  }

  version(): RawDescription['version'] {
    const version = this.found['version'];
    if (version === 1 || version === rawRecordingVersion) return version;
    throw new SpoorError('kernel/recording-version', `version ${String(version)} is not known`, {
      where: this.where,
      hint: `this Spoor reads the versions 1 and ${rawRecordingVersion}`,
    });
  }

  text(name: string): string {
    const value = this.found[name];
    return typeof value === 'string' ? value : this.fail(`${name} is no text`);
  }

  flag(name: string): boolean {
    const value = this.found[name];
    return typeof value === 'boolean' ? value : this.fail(`${name} is no boolean`);
  }

  count(name: string): number {
    const value = this.found[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      return this.fail(`${name} is no count`);
    }
    return value;
  }

  /** A count of the kernel, which may have wrapped below 0 and be beyond what is exact. */
  amount(name: string): number {
    const value = this.found[name];
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 2 ** 64
      ? Number(value)
      : this.fail(`${name} is no count`);
  }

  /** A list, or undefined where there is none. */
  list<T>(name: string, read: (value: unknown) => T): readonly T[] | undefined {
    const value = this.found[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length > mostCpus) return this.fail(`${name} is no list`);
    return value.map(read);
  }

  clockOffset(): string | undefined {
    if (this.found['clockOffsetNs'] === undefined) return undefined;
    const text = this.text('clockOffsetNs');
    return /^-?\d{1,30}$/.test(text) ? text : this.fail('clockOffsetNs is no number');
  }

  pageForm(version: RawDescription['version']): PageForm {
    if (version === 1) return 'stored';
    const form = this.found['pageForm'];
    return form === 'stored' || form === 'whole' ? form : this.fail('pageForm is neither stored nor whole');
  }
}

/** Parses `ftrace.json`. @throws SpoorError `kernel/recording`, `kernel/recording-version`. */
export function parseDescription(text: string, where: string): RawDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SpoorError('kernel/recording', 'it is no JSON', { where, cause: error });
  }
  const reader = new DescriptionReader(value, where);
  const version = reader.version();
  const subBufferBytes = reader.count('subBufferBytes');
  if (subBufferBytes < 64 || subBufferBytes > largestSubBufferBytes) reader.fail('subBufferBytes cannot be');
  const cpus = reader.list('cpus', (cpu) => new DescriptionReader({ cpu }, where).count('cpu'));
  const statistics = reader.list('statistics', (one): RingStatistics => {
    const ring = new DescriptionReader(one, where);
    return {
      cpu: ring.count('cpu'),
      entries: ring.amount('entries'),
      overrun: ring.amount('overrun'),
      commitOverrun: ring.amount('commitOverrun'),
      bytes: ring.amount('bytes'),
      dropped: ring.amount('dropped'),
      read: ring.amount('read'),
    };
  });
  const clockOffsetNs = reader.clockOffset();
  return {
    version,
    hostname: reader.text('hostname'),
    kernelRelease: reader.text('kernelRelease'),
    kernelVersion: reader.text('kernelVersion'),
    machine: reader.text('machine'),
    bootId: reader.text('bootId'),
    littleEndian: reader.flag('littleEndian'),
    subBufferBytes,
    pageForm: reader.pageForm(version),
    clock: reader.text('clock'),
    ...(clockOffsetNs === undefined ? {} : { clockOffsetNs }),
    cpus: cpus ?? reader.fail('cpus is no list'),
    ...(statistics === undefined ? {} : { statistics }),
  };
}

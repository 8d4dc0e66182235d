/** How much an archive may come to: the bounds against bombs. */
import { archiveError } from './errors.ts';

/** Bounds of what an archive may unpack to. */
export interface ArchiveLimits {
  /** Entries of any kind. */
  readonly mostEntries: number;
  /** Bytes that all unpacked content may come to. */
  readonly mostUnpackedBytes: number;
  /**
   * How many times its compressed size an archive may unpack to, once it is beyond `freeBytes`. Traces compress well
   * (the unused ends of sub-buffers are zeros), so the bound is wide.
   */
  readonly greatestRatio: number;
  /** Unpacked bytes that are allowed whatever the ratio. */
  readonly freeBytes: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  mostEntries: 200_000,
  mostUnpackedBytes: 64 * 1024 ** 3,
  greatestRatio: 200,
  freeBytes: 256 * 1024 ** 2,
};

/** Bytes of metadata of one tar entry (long names and the like) that are read. */
export const mostExtensionBytes: number = 1_048_576;

/** Counts what an archive unpacks to. */
export class Budget {
  private unpackedBytes = 0;
  private readonly archive: string;
  private readonly archiveBytes: number;
  private readonly limits: ArchiveLimits;

  constructor(archive: string, archiveBytes: number, limits: ArchiveLimits) {
    this.archive = archive;
    this.archiveBytes = archiveBytes;
    this.limits = limits;
  }

  /** Notes unpacked bytes. @throws SpoorError `archive/too-large`. */
  spend(bytes: number, entry?: string): void {
    this.unpackedBytes += bytes;
    const { mostUnpackedBytes, greatestRatio, freeBytes } = this.limits;
    const allowed = Math.min(mostUnpackedBytes, Math.max(freeBytes, greatestRatio * this.archiveBytes));
    if (this.unpackedBytes <= allowed) return;
    throw archiveError(
      'archive/too-large',
      this.archive,
      entry,
      `it unpacks to more than ${allowed} bytes from ${this.archiveBytes}; archives made to fill a disk do that`,
      'if you trust it, unpack it yourself and give the directory',
    );
  }

  /** @throws SpoorError `archive/too-many-entries`. */
  countEntries(count: number): void {
    if (count <= this.limits.mostEntries) return;
    throw archiveError(
      'archive/too-many-entries',
      this.archive,
      undefined,
      `it has more than ${this.limits.mostEntries} entries`,
      'unpack it yourself and give the directory',
    );
  }
}

/**
 * Text of recordings of the kernel's rings, as the kernel itself writes it, straight from their pages: for `spoor report`.
 * The time that they took is cut into slices, which any thread can write without the others.
 */
import { SpoorError } from '@spoor/base';
import { RingPages, type KernelRecording } from '@spoor/kernel';
import type { LineBuffer } from './line-buffer.ts';
import { RecordingLines } from './recording-lines.ts';
import { RingLane, secondNs } from './ring-lane.ts';

/** Of the longest ring, the bytes that a slice has: 4 MB of text or so from two processors. */
const sliceBytes = 1_048_576;

const twoTo32 = 0x1_0000_0000;

/** When the first pages of recordings begin, in whole seconds of their clock. */
function originSecondsOf(recordings: readonly KernelRecording[]): number {
  let least = Infinity;
  for (const { rings, formats } of recordings) {
    for (const ring of rings) {
      const pages = new RingPages(ring, formats.layout);
      if (pages.next()) least = Math.min(least, pages.beginHi * twoTo32 + pages.beginLo);
    }
  }
  return least === Infinity ? 0 : Math.floor(least / secondNs);
}

/** Recordings whose events are written as one text, in the order of their times. */
export class RecordingReport {
  readonly lanes: readonly RingLane[];
  /** Slices begin at these times; the first one has all that is before, too. */
  private readonly beginsNs: readonly number[];

  /** @param options.compile false: the interpreter of print formats writes all. */
  constructor(recordings: readonly KernelRecording[], options: { readonly compile?: boolean } = {}) {
    const originSeconds = originSecondsOf(recordings);
    this.lanes = recordings.flatMap((recording) => {
      const title = recordings.length === 1 ? '' : `${recording.name}: `;
      const lines = new RecordingLines(recording, { originSeconds, title, ...options });
      return recording.rings.map((ring) => new RingLane(recording, ring, lines, originSeconds));
    });
    this.beginsNs = this.cut();
  }

  get sliceCount(): number {
    return this.beginsNs.length;
  }

  private cut(): readonly number[] {
    let longest: RingLane | undefined;
    for (const lane of this.lanes) {
      if (longest === undefined || lane.ring.source.sizeBytes > longest.ring.source.sizeBytes) longest = lane;
    }
    if (longest === undefined) throw new SpoorError('report/empty', 'it has no ring of any processor');
    const { pageCount, ring } = longest;
    const pages = Math.max(1, Math.ceil(sliceBytes / Math.max(1, ring.source.sizeBytes / pageCount)));
    const begins = [-Infinity];
    for (let page = pages; page < pageCount; page += pages) {
      const timeNs = longest.pageTimeNs(page);
      // A damaged page may have any time.
      if (timeNs > begins.at(-1)! && timeNs < Infinity) begins.push(timeNs);
    }
    return begins;
  }

  /** Writes the lines of a slice behind what a buffer has. */
  write(slice: number, output: LineBuffer): void {
    const fromNs = this.beginsNs[slice]!;
    const untilNs = this.beginsNs[slice + 1] ?? Infinity;
    const open = this.lanes.filter((lane) => {
      const page = fromNs === -Infinity ? 0 : lane.pageBefore(fromNs);
      return lane.seek(page, fromNs) && lane.timeNs < untilNs;
    });
    while (open.length > 0) {
      // The ring of the first event goes on until another one's is before; of equal times the lower processor's is first.
      let first = 0;
      for (let index = 1; index < open.length; index++) {
        if (open[index]!.timeNs < open[first]!.timeNs) first = index;
      }
      let limitNs = untilNs;
      let isBefore = false;
      for (let index = 0; index < open.length; index++) {
        const { timeNs } = open[index]!;
        if (index === first || timeNs > limitNs) continue;
        // Those of the same time as the limit are written if they are of a lower processor than what waits.
        isBefore = timeNs < limitNs ? first < index : isBefore && first < index;
        limitNs = timeNs;
      }
      if (!writeUntil(open[first]!, output, untilNs, limitNs, isBefore)) open.splice(first, 1);
    }
  }
}

/**
 * Writes records up to a limit, and those at it where `isBefore` says so.
 * @returns false where no record before `untilNs` is left.
 */
function writeUntil(
  lane: RingLane,
  output: LineBuffer,
  untilNs: number,
  limitNs: number,
  isBefore: boolean,
): boolean {
  for (;;) {
    lane.write(output);
    if (!lane.next() || lane.timeNs >= untilNs) return false;
    const { timeNs } = lane;
    if (timeNs > limitNs || (timeNs === limitNs && !isBefore)) return true;
  }
}

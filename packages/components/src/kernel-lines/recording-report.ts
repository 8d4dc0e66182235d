/**
 * Text of recordings of the kernel's rings, as the kernel itself writes it, straight from their pages: for `spoor report`.
 * The time that they took is cut into slices, which any thread can write without the others.
 */
import { SpoorError } from '@spoor/base';
import { RingPages, type KernelRecording } from '@spoor/kernel';
import type { LineBuffer } from './line-buffer.ts';
import { RecordingLines } from './recording-lines.ts';
import { LaneTimes, RingLane } from './ring-lane.ts';
import { secondNs } from './second.ts';

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
  private readonly times: LaneTimes;
  /** The lanes that have a record of the slice, as a heap: the first of it is written next. */
  private readonly heap: Int32Array;
  /** Slices begin at these times; the first one has all that is before, too. */
  private readonly beginsNs: readonly number[];

  /** @param options.compile false: the interpreter of print formats writes all. */
  constructor(recordings: readonly KernelRecording[], options: { readonly compile?: boolean } = {}) {
    const originSeconds = originSecondsOf(recordings);
    const laneCount = recordings.reduce((sum, { rings }) => sum + rings.length, 0);
    const times = new LaneTimes(laneCount);
    this.times = times;
    this.heap = new Int32Array(laneCount);
    let index = 0;
    this.lanes = recordings.flatMap((recording) => {
      const title = recordings.length === 1 ? '' : `${recording.name}: `;
      const lines = new RecordingLines(recording, { originSeconds, title, ...options });
      return recording.rings.map(
        (ring) => new RingLane(recording, ring, { lines, originSeconds, times, index: index++ }),
      );
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
    const { heap, lanes } = this;
    const { presentNs, limitNs } = this.times;
    let size = 0;
    for (const [index, lane] of lanes.entries()) {
      const page = fromNs === -Infinity ? 0 : lane.pageBefore(fromNs);
      if (lane.seek(page, fromNs) && presentNs[index]! < untilNs) heap[size++] = index;
    }
    for (let place = (size >> 1) - 1; place >= 0; place--) sink(heap, size, presentNs, place);
    while (size > 0) {
      // The ring of the first event goes on until another one's is before; of equal times the lower processor's is first.
      const first = heap[0]!;
      let limit = untilNs;
      if (size > 1) {
        const second = heap[size > 2 && isBefore(presentNs, heap[2]!, heap[1]!) ? 2 : 1]!;
        // Times are whole numbers.
        limit = Math.min(untilNs, presentNs[second]! + (first < second ? 1 : 0));
      }
      limitNs[0] = limit;
      const hasMore = lanes[first]!.run(output);
      if (!hasMore || presentNs[first]! >= untilNs) heap[0] = heap[--size]!;
      sink(heap, size, presentNs, 0);
    }
  }
}

/** Whether the present record of a lane is to be written before that of another. */
function isBefore(presentNs: Float64Array, lane: number, other: number): boolean {
  const left = presentNs[lane]!;
  const right = presentNs[other]!;
  return left < right || (left === right && lane < other);
}

/** Moves what is at a place of a heap down, until it is before what is below it. */
function sink(heap: Int32Array, size: number, presentNs: Float64Array, from: number): void {
  const lane = heap[from]!;
  let place = from;
  for (;;) {
    let child = place * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && isBefore(presentNs, heap[child + 1]!, heap[child]!)) child += 1;
    if (isBefore(presentNs, lane, heap[child]!)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = lane;
}

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

/** What a slice has of all rings together: 2 MB of text or so, which stay in a processor's cache until they are written. */
const sliceBytes = 1_048_576;
/** Times at which slices may begin are as far from each other; more rings make slices that much larger. */
const sampleBytes = 131_072;

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

/** How recordings are cut into slices. */
export interface ReportCut {
  /** Slices begin at these times; the first one has all that is before, too. */
  readonly beginsNs: readonly number[];
  /** By slices, then lanes: the page from which its first record is searched. */
  readonly startBytes: Float64Array;
  /** Bytes of all rings: of another recording the cut means nothing. */
  readonly sizeBytes: number;
}

/** Recordings whose events are written as one text, in the order of their times. */
export class RecordingReport {
  readonly lanes: readonly RingLane[];
  private readonly times: LaneTimes;
  /** The lanes that have a record of the slice, as a heap: the first of it is written next. */
  private readonly heap: Int32Array;
  readonly cut: ReportCut;

  /**
   * @param options.compile false: the interpreter of print formats writes all.
   * @param options.cut as another thread has cut the same recordings.
   * @throws SpoorError `report/empty`, `report/changed` where they are others.
   */
  constructor(
    recordings: readonly KernelRecording[],
    options: { readonly compile?: boolean; readonly cut?: ReportCut } = {},
  ) {
    const originSeconds = originSecondsOf(recordings);
    const laneCount = recordings.reduce((sum, { rings }) => sum + rings.length, 0);
    const times = new LaneTimes(laneCount);
    this.times = times;
    this.heap = new Int32Array(laneCount);
    let index = 0;
    this.lanes = recordings.flatMap((recording) => {
      const title = recordings.length === 1 ? '' : `${recording.name}: `;
      const { compile = true } = options;
      const lines = new RecordingLines(recording, { originSeconds, title, compile });
      return recording.rings.map(
        (ring) => new RingLane(recording, ring, { lines, originSeconds, times, index: index++ }),
      );
    });
    if (this.lanes.length === 0) throw new SpoorError('report/empty', 'it has no ring of any processor');
    const sizeBytes = this.lanes.reduce((sum, { ring }) => sum + ring.source.sizeBytes, 0);
    this.cut = options.cut ?? this.cutInto(sizeBytes);
    if (this.cut.sizeBytes !== sizeBytes)
      throw new SpoorError('report/changed', 'the recording has changed while it was read');
  }

  get sliceCount(): number {
    return this.cut.beginsNs.length;
  }

  /** Each slice has as much of all rings together, however unequal they are, so that its text takes little memory. */
  private cutInto(sizeBytes: number): ReportCut {
    const { lanes } = this;
    const samples = sizeBytes <= sliceBytes ? [] : lanes.map((lane) => lane.samples(sampleBytes));
    const timesNs = Float64Array.from(samples.flatMap((ring) => ring.timesNs)).sort();
    const beginsNs = [-Infinity];
    const perSlice = sliceBytes / sampleBytes;
    for (let index = perSlice - 1; index < timesNs.length; index += perSlice) {
      if (timesNs[index]! > beginsNs.at(-1)!) beginsNs.push(timesNs[index]!);
    }
    const startBytes = new Float64Array(beginsNs.length * lanes.length);
    for (const [lane, { bytes, timesNs: ofLane }] of samples.entries()) {
      let next = 0;
      for (const [slice, beginNs] of beginsNs.entries()) {
        while (next < ofLane.length && ofLane[next]! < beginNs) next += 1;
        if (next > 0) startBytes[slice * lanes.length + lane] = bytes[next - 1]!;
      }
    }
    return { beginsNs, startBytes, sizeBytes };
  }

  /** Writes the lines of a slice behind what a buffer has. */
  write(slice: number, output: LineBuffer): void {
    const { beginsNs, startBytes } = this.cut;
    const fromNs = beginsNs[slice]!;
    const untilNs = beginsNs[slice + 1] ?? Infinity;
    const { heap, lanes } = this;
    const { presentNs, limitNs } = this.times;
    let size = 0;
    for (const [index, lane] of lanes.entries()) {
      const startByte = startBytes[slice * lanes.length + index]!;
      if (lane.seek(startByte, fromNs) && presentNs[index]! < untilNs) heap[size++] = index;
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

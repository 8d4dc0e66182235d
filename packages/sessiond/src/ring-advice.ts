// How large rings would have had to be for nothing to be lost, by what was seen of those that lost something.
import { type RingGeometry, isValidGeometry } from '@spoor/ringbuffer';

/** Of a ring that lost events for want of room. */
export interface RingDemand extends RingGeometry {
  readonly channel: string;
  /** Most events that it lost between two looks at which it was as good as empty. */
  readonly mostLostCount: number;
}

/** The most that the ring of a thread in a channel would have had to hold. */
export interface CrowdedChannel extends RingGeometry {
  readonly channel: string;
  readonly neededBytes: number;
}

/**
 * Follows one ring. From when its consumer is behind until it has caught up, a ring would have to hold what it does hold and
 * what it loses meanwhile: the rate of the events, for as long as their consumer needs.
 */
export class DemandWatch {
  #lostAtRest: number;
  #lostBefore: number;
  #mostLostCount = 0;

  /** @param lostCount events that were lost before: whoever watched then knows of them. */
  constructor(lostCount: number) {
    this.#lostAtRest = lostCount;
    this.#lostBefore = lostCount;
  }

  /** Most events that were lost at a stretch. */
  get mostLostCount(): number {
    return this.#mostLostCount;
  }

  /**
   * To be called whenever the consumer looks.
   * @param finishedCount sub-buffers that wait for it.
   * @param lostCount events that were lost so far for want of room.
   */
  look(finishedCount: number, lostCount: number): void {
    this.#mostLostCount = Math.max(this.#mostLostCount, lostCount - this.#lostAtRest);
    if (finishedCount <= 1 && lostCount === this.#lostBefore) this.#lostAtRest = lostCount;
    this.#lostBefore = lostCount;
  }
}

/** Bytes that a ring would have had to hold; undefined when nothing was recorded that tells how large events are. */
export function neededBytes(
  { subBufferSizeBytes, subBufferCount, mostLostCount }: RingDemand,
  recorded: { readonly eventCount: number; readonly sizeBytes: number },
): number | undefined {
  if (recorded.eventCount === 0) return undefined;
  const eventBytes = recorded.sizeBytes / recorded.eventCount;
  return subBufferSizeBytes * subBufferCount + Math.ceil(mostLostCount * eventBytes);
}

/** Of the next recording some more than of this one. */
const MARGIN = 1.25;
/** More is not advised for a thread: then events come faster than they can be written, for long, and no ring mends that. */
const MOST_ADVISED_BYTES = 256 * 1024 * 1024;
/** From here on larger sub-buffers rather than more of them. */
const MANY_SUB_BUFFERS = 32;

/**
 * Sizes with which a channel would have lost nothing; undefined when no ring of a reasonable size is enough.
 * @param margin how many times of what was needed there is to be room for: more where that is not known exactly.
 */
export function adviseGeometry(channel: CrowdedChannel, margin: number = MARGIN): RingGeometry | undefined {
  let { subBufferSizeBytes, subBufferCount } = channel;
  const wanted = channel.neededBytes * margin;
  while (subBufferSizeBytes * subBufferCount < wanted) {
    if (subBufferCount < MANY_SUB_BUFFERS) subBufferCount *= 2;
    else subBufferSizeBytes *= 2;
  }
  const advised = { subBufferSizeBytes, subBufferCount };
  return subBufferSizeBytes * subBufferCount <= MOST_ADVISED_BYTES && isValidGeometry(advised)
    ? advised
    : undefined;
}

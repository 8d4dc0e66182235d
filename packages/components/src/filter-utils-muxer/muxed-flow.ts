/** Many streams of one trace set in, one flow of events ordered by time out. */
import { EventBatch } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import type { EventFlow } from '../event-flow.ts';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { MessageMuxer } from './message-muxer.ts';
import { Muxer } from './muxer.ts';

/** Choices for a muxer. */
export interface MuxerParameters {
  /** Rows of a batch. */
  readonly batchCapacity?: number;
}

/** Rows of the first batch; each further one has more, up to all. Who waits for the first event sees it sooner. */
const firstRows = 256;

/** Merges streams of one trace set. */
export function muxedFlow(streams: readonly OpenStream[], parameters: MuxerParameters = {}): EventFlow {
  const set = streams[0]!.set;
  if (streams.some((stream) => stream.set !== set)) {
    // Times are relative to the set's base, and rows name streams by their index in it.
    throw new SpoorError('graph/several-trace-sets', 'a muxer takes streams of one trace set only', {
      hint: 'open all directories with one source',
    });
  }
  const byIndex = [...streams].sort((left, right) => left.info.index - right.info.index);
  const muxer = new Muxer(byIndex);
  const batch = new EventBatch(parameters.batchCapacity);
  let rows = firstRows / 8;
  // Rows name streams by their index in the set, so streams that are not read leave holes.
  const slots: OpenStream[] = [];
  const losses: Loss[] = [];
  for (const stream of byIndex) {
    slots[stream.info.index] = stream;
    stream.lossLists.push(losses);
  }
  return {
    batch,
    streams: slots,
    eventClasses: set.eventClasses,
    baseNs: set.baseNs,
    losses,
    ...(byIndex.length === set.streams.length ? { whole: set } : {}),
    next: () => {
      rows = Math.min(rows * 8, batch.timeNs.length);
      batch.room = rows;
      return muxer.next(batch);
    },
    messages: () => new MessageMuxer(set, byIndex, batch, losses),
  };
}

/** A flow for `--strict`: time that goes back ends it. */
import { SpoorError } from '@spoor/base';
import type { EventFlow } from '@spoor/components/node';

/** Hands on a flow; its `next` throws where an event is earlier than the one before. */
export function strictFlow(flow: EventFlow): EventFlow {
  let last = -Infinity;
  return {
    batch: flow.batch,
    streams: flow.streams,
    eventClasses: flow.eventClasses,
    baseNs: flow.baseNs,
    losses: flow.losses,
    next(): boolean {
      if (!flow.next()) return false;
      const { timeNs, streamIndex, count } = flow.batch;
      for (let row = 0; row < count; row++) {
        const time = timeNs[row]!;
        if (time < last) {
          const { info } = flow.streams[streamIndex[row]!]!;
          throw new SpoorError(
            'convert/strict',
            `time goes back by ${last - time} ns, to ${flow.baseNs + BigInt(time)} ns`,
            { where: info.path, hint: 'without --strict such events are printed, with a warning' },
          );
        }
        last = time;
      }
      return true;
    },
  };
}

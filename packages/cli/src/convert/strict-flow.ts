/** A flow for `--strict`: time that goes back ends it. */
import { SpoorError } from '@spoor/base';
import type { EventFlow, Flow, MessageFlow, NextMessage } from '@spoor/components/node';

/** Checks one batch after the other. @throws SpoorError `convert/strict`. */
function orderCheck({ batch, streams, baseNs }: Flow): () => void {
  let last = -Infinity;
  return () => {
    const { timeNs, streamIndex, count } = batch;
    for (let row = 0; row < count; row++) {
      const time = timeNs[row]!;
      if (time < last) {
        const { info } = streams[streamIndex[row]!]!;
        throw new SpoorError(
          'convert/strict',
          `time goes back by ${last - time} ns, to ${baseNs + BigInt(time)} ns`,
          { where: info.path, hint: 'without --strict such events are printed, with a warning' },
        );
      }
      last = time;
    }
  };
}

/** Hands on a flow; its `next` throws where an event is earlier than the one before. */
export function strictFlow(flow: EventFlow): EventFlow {
  const { batch, streams, eventClasses, baseNs, losses } = flow;
  const check = orderCheck(flow);
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    losses,
    next(): boolean {
      if (!flow.next()) return false;
      check();
      return true;
    },
    ...(flow.messages === undefined ? {} : { messages: () => strictMessages(flow.messages!()) }),
  };
}

function strictMessages(flow: MessageFlow): MessageFlow {
  const { batch, streams, eventClasses, baseNs, losses } = flow;
  const check = orderCheck(flow);
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    losses,
    get message() {
      return flow.message;
    },
    next(): NextMessage {
      const found = flow.next();
      if (found === 'events') check();
      return found;
    },
  };
}

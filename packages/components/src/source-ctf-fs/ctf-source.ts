/** `source.ctf.fs`: the streams of CTF traces, one output port each. */
import { OutputPort, type SourceComponent } from '@spoor/graph';
import type { OpenStream, TraceSet } from './trace-set.ts';

/** Hands out the streams of a trace set. */
export class CtfSource implements SourceComponent<OpenStream> {
  readonly kind = 'source';
  readonly name = 'source.ctf.fs';
  readonly outputs: readonly OutputPort<OpenStream>[];

  /** @param fromNs what ends well before this time need not be handed out. */
  constructor(set: TraceSet, fromNs?: bigint) {
    // Named as babeltrace2 names them: trace, stream class, stream.
    this.outputs = set.streams.map(
      ({ index, trace, streamClass, id }) =>
        new OutputPort(`${trace.traceClass.uuid ?? trace.path} | ${streamClass.id} | ${id}`, () =>
          set.openStream(index, fromNs),
        ),
    );
  }
}

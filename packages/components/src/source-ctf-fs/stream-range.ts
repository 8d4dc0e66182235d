/** When streams begin and end, as babeltrace2's `babeltrace.trace-infos` tells. */
import { EventBatch, scanStatus } from '@spoor/ctf';
import { nanosecondsOfClock } from './clock.ts';
import type { StreamInfo } from './trace-info.ts';
import type { TraceSet } from './trace-set.ts';

/** A span of time in nanoseconds from the clocks' origin, both ends included. */
export interface TimeSpan {
  readonly begin: bigint;
  readonly end: bigint;
}

/** Whether a tracer is one that wrote events after the ends of their packets, whose ends then do not count. */
function endsAtEvents({ trace }: StreamInfo): boolean {
  const number = (name: string): number => Number(trace.environment.get(name) ?? 0);
  const version = number('tracer_major') * 1000 + number('tracer_minor');
  const patch = number('tracer_patchlevel');
  const tracer = trace.environment.get('tracer_name');
  if (tracer === 'lttng-ust') return version < 2011;
  if (tracer !== 'lttng-modules') return false;
  return version < 2009 || (version === 2009 && patch < 13) || (version === 2010 && patch < 10);
}

/**
 * Beginning and end of a stream, from its packets; undefined where they do not say.
 * @param everyPacket called between two packets, of which a stream may have many.
 */
export async function streamSpan(
  set: TraceSet,
  info: StreamInfo,
  everyPacket: () => Promise<void> | undefined = () => undefined,
): Promise<TimeSpan | undefined> {
  const clock = info.streamClass.clockClass;
  if (clock === undefined) return undefined;
  const { reader, decoder } = set.openStream(info.index);
  const batch = endsAtEvents(info) ? new EventBatch() : undefined;
  let begin: bigint | undefined;
  let end: bigint | undefined;
  while (reader.nextPacket()) {
    const { properties } = reader;
    if (!properties.hasBegin || !properties.hasEnd) return undefined;
    begin ??= (BigInt(properties.beginHi) << 32n) | BigInt(properties.beginLo);
    if (batch !== undefined) {
      do batch.count = 0;
      while (decoder.scan(reader.cursor, batch, Infinity) === scanStatus.batchFull);
    }
    const { cursor } = reader;
    end =
      batch === undefined
        ? (BigInt(properties.endHi) << 32n) | BigInt(properties.endLo)
        : (BigInt(cursor.clockHi) << 32n) | BigInt(cursor.clockLo);
    const pause = everyPacket();
    if (pause !== undefined) await pause;
  }
  if (begin === undefined || end === undefined) return undefined;
  return { begin: nanosecondsOfClock(clock, begin), end: nanosecondsOfClock(clock, end) };
}

// What this tracer's traces look like, as a CTF trace class: docs/design/formats.md, "Traces that Spoor records".
import type { EventClass, MonotonicClockFacts, StreamClass, StructureMember, TraceClass } from '@spoor/ctf';
import {
  lttngEventHeader,
  lttngPacketContext,
  lttngPacketHeader,
  monotonicClock,
  structureClass,
  unsignedClass,
} from '@spoor/ctf/encode';
import type { Declaration } from './declaration.ts';
import { membersClass } from './field-classes.ts';

/** What distinguishes the trace of one process. */
export interface TraceFacts extends MonotonicClockFacts {
  readonly uuid: string;
  readonly environment: ReadonlyMap<string, string | bigint>;
}

/** The trace class of a process's trace: without event classes, and with one stream class of no contexts. */
export function makeTraceClass(facts: TraceFacts): TraceClass {
  const clock = monotonicClock(facts);
  return {
    version: '1.8',
    uuid: facts.uuid,
    byteOrder: 'le',
    environment: facts.environment,
    packetHeader: lttngPacketHeader(),
    clockClasses: [clock],
    streamClasses: [makeStreamClass(0, [], clock)],
  };
}

/** The stream class of a channel whose events have these members in their common context. */
export function makeStreamClass(
  id: number,
  contexts: readonly StructureMember[],
  clock?: TraceClass['clockClasses'][number],
): StreamClass {
  // Never `id` first: a program's own objects that begin with an `id` would share what V8 keeps of that field, and if it
  // is no small integer in all of them, V8 makes slower code of the program's.
  return {
    packetContext: lttngPacketContext([{ name: 'vtid', fieldClass: unsignedClass(32, []) }]),
    id: BigInt(id),
    eventHeader: lttngEventHeader('compact'),
    ...(contexts.length === 0 ? {} : { eventCommonContext: structureClass(contexts) }),
    ...(clock === undefined ? {} : { clockClass: clock }),
    eventClasses: [],
  };
}

/** The event class of a declaration. */
export function makeEventClass(declaration: Declaration, id: number): EventClass {
  return {
    logLevel: declaration.logLevel,
    id: BigInt(id),
    name: declaration.name,
    payload: membersClass(declaration.fields, []),
  };
}

// Spoor's reading of a stream file against the reference reader's: the same events, the same values, and damage told
// where there is any.
import { isDeepStrictEqual } from 'node:util';
import { buildTraceSet } from '@spoor/components';
import type { TraceClass } from '@spoor/ctf';
import { memorySource } from './memory-source.ts';
import { readReference, referenceTimeNs } from './reference-reader.ts';
import type { ScopeValues } from './reference-walker.ts';

/** What the two readers disagree on. */
export class ReadersDisagree extends Error {}

interface PlainEvent {
  readonly name: string;
  readonly id: bigint;
  /** Nanoseconds from the clock's origin; undefined without a clock, and where doubles cannot say it exactly. */
  readonly timeNs: bigint | undefined;
  readonly scopes: readonly (ScopeValues | undefined)[];
}

const noMembers: ScopeValues = {};

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

/**
 * Reads the file both ways, Spoor by generated code and by its interpreter.
 * @param maxSteps fields that the reference reader may decode before it gives up by a ReferenceBudgetError.
 * @returns the number of events, and what Spoor warned of.
 * @throws ReadersDisagree
 */
export function compareReadings(
  traceClass: TraceClass,
  name: string,
  file: Uint8Array,
  maxSteps?: number,
): { readonly eventCount: number; readonly warnings: readonly string[] } {
  const reference = readReference(traceClass, file, maxSteps);
  const clock = reference.streamClass?.clockClass;
  const expected = reference.packets.flatMap(({ events, scopes }) =>
    events.map((event): PlainEvent => ({
      name: event.name,
      id: event.classId,
      timeNs: clock === undefined ? undefined : referenceTimeNs(clock, event.ticks ?? 0n),
      scopes: [
        scopes['packet-context'] ?? noMembers,
        event.scopes['event-common-context'] ?? noMembers,
        event.scopes['event-specific-context'] ?? noMembers,
        event.scopes['event-payload'] ?? noMembers,
      ],
    })),
  );
  const hasProblem =
    reference.problem !== undefined || reference.packets.some(({ problem }) => problem !== undefined);
  let told: readonly string[] = [];
  for (const compile of [true, false]) {
    const how = compile ? 'generated code' : 'interpreter';
    const warnings: string[] = [];
    const sources = file.length === 0 ? [] : [memorySource(name, file)];
    const set = buildTraceSet([{ path: 'memory', traceClass, sources }], warnings, { compile });
    // Of what metadata can say, Spoor refuses little: integers of more than 64 bits as lengths, selectors, times.
    if (
      warnings.some((warning) => /an integer of \d+ bits cannot be|selectors cannot be told/.test(warning))
    ) {
      return { eventCount: 0, warnings };
    }
    let index = 0;
    for (const event of set.events()) {
      const wanted = expected[index];
      if (wanted === undefined) {
        // Behind a packet that is damaged or cut Spoor looks for others; the reference does not.
        if (hasProblem) break;
        throw new ReadersDisagree(`${how}: more events than the ${expected.length} there are: ${event.name}`);
      }
      const exactTime = Math.abs(event.timeNs) <= Number.MAX_SAFE_INTEGER && wanted.timeNs !== undefined;
      const actual: PlainEvent = {
        name: event.eventClass.name,
        id: event.eventClass.id,
        timeNs: exactTime ? set.baseNs + BigInt(event.timeNs) : wanted.timeNs,
        scopes: [event.packetContext(), event.commonContext(), event.specificContext(), event.payload()],
      };
      if (!isDeepStrictEqual(actual, wanted)) {
        throw new ReadersDisagree(`${how}: event ${index}: ${text(actual)} in place of ${text(wanted)}`);
      }
      index += 1;
    }
    if (index < expected.length) {
      throw new ReadersDisagree(`${how}: ${index} events in place of ${expected.length}: ${text(warnings)}`);
    }
    if (hasProblem && warnings.length === 0) {
      const problem = reference.problem ?? reference.packets.find((packet) => packet.problem)?.problem;
      throw new ReadersDisagree(`${how}: no word of damage: ${problem}`);
    }
    if (!hasProblem && warnings.length > 0) {
      throw new ReadersDisagree(`${how}: damage where there is none: ${text(warnings)}`);
    }
    told = warnings;
  }
  return { eventCount: expected.length, warnings: told };
}

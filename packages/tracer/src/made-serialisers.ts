// The serialisers of a thread that are at work. Each change of a session has every tracepoint find out anew where its
// events go, and most leave them where they were: then nothing is compiled again.
import type { Declaration } from './declaration.ts';
import type { Serialise, Sink, Tally } from './serialiser.ts';

/** A serialiser, and what it was made for. */
interface Made {
  serialise: Serialise;
  readonly sinks: readonly Sink[];
  readonly tallies: readonly Tally[];
}

/** Serialisers by the class of their events. They hold the rings that they write to. */
export class MadeSerialisers {
  #made = new WeakMap<Declaration, Made>();

  /** The serialiser of a class for these rings and counters, made by `make` unless the last one was made for the same. */
  take(
    declaration: Declaration,
    sinks: readonly Sink[],
    tallies: readonly Tally[],
    make: () => Serialise,
  ): Serialise {
    const known = this.#made.get(declaration);
    if (known !== undefined && isMadeFor(known, sinks, tallies)) return known.serialise;
    const serialise = make();
    this.#made.set(declaration, { sinks, tallies, serialise });
    return serialise;
  }

  /** Puts a quicker serialiser in the place of one that does the same. */
  replace(declaration: Declaration, serialise: Serialise, quicker: Serialise): void {
    const known = this.#made.get(declaration);
    if (known?.serialise === serialise) known.serialise = quicker;
  }

  /** To be called when a ring is over, which a serialiser would keep in memory. */
  forget(): void {
    this.#made = new WeakMap();
  }
}

function isMadeFor(made: Made, sinks: readonly Sink[], tallies: readonly Tally[]): boolean {
  return (
    made.sinks.length === sinks.length &&
    made.tallies.length === tallies.length &&
    made.sinks.every((sink, index) => isSameSink(sink, sinks[index]!)) &&
    made.tallies.every((tally, index) => isSameTally(tally, tallies[index]!))
  );
}

function isSameSink(one: Sink, other: Sink): boolean {
  return (
    one.writer === other.writer &&
    one.eventId === other.eventId &&
    one.contexts === other.contexts &&
    one.filters === other.filters &&
    one.strings === other.strings &&
    one.wake === other.wake
  );
}

function isSameTally(one: Tally, other: Tally): boolean {
  return (
    one.cell.values === other.cell.values &&
    one.cell.index === other.cell.index &&
    one.filters === other.filters
  );
}

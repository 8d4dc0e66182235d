/** Ports: where components are joined. What flows through a port is read by an iterator of type `Flow`. */
import { SpoorError } from '@spoor/base';

/** How far to move clocks. */
export interface ClockOffset {
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
}

/** What to do with clocks. What is left out applies to all, or changes nothing. */
export interface ClockRule {
  /** Patterns, `*` for any text, of the traces meant: their name, their path or the last part of it. */
  readonly traces?: readonly string[];
  /** Patterns of the names of the clocks meant. */
  readonly clocks?: readonly string[];
  /** Added to the origin; offsets of several rules add up. */
  readonly offset?: ClockOffset;
  /** Takes the Unix epoch for the origin, whatever the trace says: then times of all traces can be compared. */
  readonly unixEpoch?: boolean;
  /**
   * Pattern of the trace that is the reference: the others are moved so that their first packets begin with its first
   * one. For traces of clocks that have nothing in common.
   */
  readonly startWith?: string;
}

/** What the reader of a pass wants of it; whoever hands it out may leave out the rest, or not. */
export interface Pass {
  /** Nothing before this time is wanted, in nanoseconds from the clocks' origin. */
  readonly fromNs?: bigint;
  /** Time is to be counted in ticks of the clocks from their value 0, for who shows clock values. */
  readonly ticksAsTime?: boolean;
  /** How clocks are to be changed, in this order: it changes the order of events, so sources do it. */
  readonly clockRules?: readonly ClockRule[];
  /**
   * Large packets may be handed out piece by piece: positions of events are those in the cursor's bytes then, which are
   * no whole packet.
   */
  readonly inWindows?: boolean;
  /** Ends the pass early, between two batches. */
  readonly signal?: AbortSignal;
}

/** Where a component hands out what it has. Each call of `open` begins a new pass over it. */
export class OutputPort<Flow> {
  readonly name: string;
  /** Begins a pass; the flow is then read by who opened it, and by nobody else. */
  readonly open: (pass?: Pass) => Flow;

  constructor(name: string, open: (pass?: Pass) => Flow) {
    this.name = name;
    this.open = open;
  }
}

/** Where a component takes what it needs. */
export class InputPort<Flow> {
  readonly name: string;
  private upstream: OutputPort<Flow> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get isConnected(): boolean {
    return this.upstream !== undefined;
  }

  /** @throws SpoorError `graph/connected` when the port has an upstream already. */
  connect(upstream: OutputPort<Flow>): void {
    if (this.upstream !== undefined) {
      throw new SpoorError('graph/connected', `input port ${this.name} is connected already`);
    }
    this.upstream = upstream;
  }

  /** Begins a pass over what comes in. @throws SpoorError `graph/not-connected`. */
  open(pass: Pass = {}): Flow {
    if (this.upstream === undefined) {
      throw new SpoorError('graph/not-connected', `input port ${this.name} is not connected`);
    }
    return this.upstream.open(pass);
  }
}

/** Ports: where components are joined. What flows through a port is read by an iterator of type `Flow`. */
import { SpoorError } from '@spoor/base';

/** Where a component hands out what it has. Each call of `open` begins a new pass over it. */
export class OutputPort<Flow> {
  readonly name: string;
  /** Begins a pass; the flow is then read by who opened it, and by nobody else. */
  readonly open: () => Flow;

  constructor(name: string, open: () => Flow) {
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
  open(): Flow {
    if (this.upstream === undefined) {
      throw new SpoorError('graph/not-connected', `input port ${this.name} is not connected`);
    }
    return this.upstream.open();
  }
}

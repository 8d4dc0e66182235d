/** The component class `filter.utils.muxer`: any number of flows in, one ordered by time out. */
import { InputPort, OutputPort, type ComponentClass, type FilterComponent, type Pass } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { emptyFlow, TraceSet, type OpenStream } from '../source-ctf-fs/trace-set.ts';
import { mergeFlows } from './merged-flow.ts';
import { muxedFlow } from './muxed-flow.ts';

/** A port that brings another into being when it is connected: there is always a free one. */
class GrowingPort extends InputPort<EventFlow> {
  private readonly onConnect: () => void;

  constructor(name: string, onConnect: () => void) {
    super(name);
    this.onConnect = onConnect;
  }

  override connect(upstream: OutputPort<EventFlow>): void {
    super.connect(upstream);
    this.onConnect();
  }
}

/** A filter of any number of inputs, which are merged. */
export class MergingFilter implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name: string;
  readonly inputs: InputPort<EventFlow>[] = [];
  readonly output: OutputPort<EventFlow>;

  /** @param passOn what of a pass the inputs are opened with. */
  constructor(name: string, passOn: (pass: Pass) => Pass = (pass) => pass) {
    this.name = name;
    this.output = new OutputPort('out', (pass = {}) => this.open(passOn(pass)));
    this.addPort();
  }

  private addPort(): void {
    this.inputs.push(new GrowingPort(`in${this.inputs.length}`, () => this.addPort()));
  }

  /** Whole streams of one set are merged while they are decoded, which costs nothing an event. */
  private open(pass: Pass): EventFlow {
    const flows: EventFlow[] = [];
    const streams = new Map<TraceSet, OpenStream[]>();
    for (const input of this.inputs) {
      if (!input.isConnected) continue;
      const flow = input.open(pass);
      if (flow.stream === undefined) {
        flows.push(flow);
      } else {
        const { set } = flow.stream;
        streams.set(set, [...(streams.get(set) ?? []), flow.stream]);
      }
    }
    if (flows.length === 0 && streams.size === 0) return emptyFlow(new TraceSet([], [], [], 0n, []));
    return mergeFlows([...[...streams.values()].map((ofSet) => muxedFlow(ofSet)), ...flows]);
  }
}

export const muxerClass: ComponentClass<EventFlow> = {
  kind: 'filter',
  name: 'muxer',
  description: 'Merges streams by time.',
  parameters: {
    'assume-absolute-clock-classes': {
      kind: 'boolean',
      text: 'Accepted: all clocks are taken to count from one origin.',
    },
  },
  create: () => new MergingFilter('filter.utils.muxer'),
};

/** Components of a graph. Their classes have dotted names that users see: `source.ctf.fs`, `sink.text.pretty`. */
import type { InputPort, OutputPort } from './port.ts';

/** What makes components of one kind. */
export interface ComponentClass<Parameters, Made extends Component> {
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  create(parameters: Parameters): Made;
}

/** A source begins a graph: it has outputs alone. */
export interface SourceComponent<Out> {
  readonly kind: 'source';
  readonly name: string;
  readonly outputs: readonly OutputPort<Out>[];
}

/** A filter reads its inputs when its output is read. */
export interface FilterComponent<In, Out> {
  readonly kind: 'filter';
  readonly name: string;
  readonly inputs: readonly InputPort<In>[];
  readonly output: OutputPort<Out>;
}

/** What a run drives. */
export interface RunnableSink {
  /** Takes one batch; false when there are no more. The first call opens the input. */
  consume(): boolean;
  /** Ends the work after the last batch, or when the run is aborted. */
  finish(): void;
}

/** A sink ends a graph: it has one input. */
export interface SinkComponent<In> extends RunnableSink {
  readonly kind: 'sink';
  readonly name: string;
  readonly input: InputPort<In>;
}

/** What components of all kinds have. */
export interface Component {
  readonly kind: 'source' | 'filter' | 'sink';
  readonly name: string;
}

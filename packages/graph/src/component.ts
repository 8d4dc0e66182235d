/** Components of a graph. Their classes have dotted names that users see: `source.ctf.fs`, `sink.text.pretty`. */
import type { Logger } from './log.ts';
import type { Parameters } from './parameters.ts';
import type { ParameterTable } from './parameter-table.ts';
import type { InputPort, OutputPort } from './port.ts';

/** What a component can be. */
export type ComponentKind = 'source' | 'filter' | 'sink';

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
  /** May grow: a muxer has a free port whenever all others are connected. */
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

/** A component of a graph in which one kind of flow goes through all ports. */
export type Component<Flow> = SourceComponent<Flow> | FilterComponent<Flow, Flow> | SinkComponent<Flow>;

/** What a component is given beside its parameters. */
export interface ComponentContext {
  /** Name of the component in its graph. */
  readonly name: string;
  readonly log: Logger;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
  /** The version of the message interchange protocol that all components of the graph know. */
  readonly mipVersion: number;
  /**
   * Says that a flow has nothing now (it hands out an empty batch) and may have something when the promise is settled.
   * The run sleeps until then rather than asking again and again.
   */
  idle(until: Promise<unknown>): void;
  /** Has a function called after each round of batches, and at the end of the run. */
  everyRound(work: () => void): void;
  /** Has a function called when the run is over, however it ended; awaited, the last one registered first. */
  atEnd(work: () => void | Promise<void>): void;
}

/** A value that a query answers. */
export type QueryAnswer =
  | null
  | boolean
  | string
  | bigint
  | number
  | readonly QueryAnswer[]
  | { readonly [name: string]: QueryAnswer };

/** What a query is given. */
export interface QueryContext {
  readonly log: Logger;
  /** Aborted when the answer is not wanted any more. */
  readonly signal: AbortSignal;
  /** Tells how far the answer is, from 0 to 1, and what is being done; lets signals arrive before it goes on. */
  progress(part: number, text: string): Promise<void>;
}

/** An object that can be asked of a component class. */
export interface QueryObject {
  readonly description: string;
  readonly parameters: ParameterTable;
  answer(parameters: Parameters, context: QueryContext): QueryAnswer | Promise<QueryAnswer>;
}

/** What makes components of one kind. */
export interface ComponentClass<Flow> {
  readonly kind: ComponentKind;
  /** The last part of the dotted name: `fs` of `source.ctf.fs`. */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** More lines for people. */
  readonly help?: string;
  readonly parameters: ParameterTable;
  /** Versions of the message interchange protocol that its components know; 0 and 1 by default. */
  readonly mipVersions?: readonly number[];
  /** What can be asked of it, by name. */
  readonly queries?: Readonly<Record<string, QueryObject>>;
  /** @param parameters checked against the table. */
  create(parameters: Parameters, context: ComponentContext): Component<Flow> | Promise<Component<Flow>>;
}

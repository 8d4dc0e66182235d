/** Component classes of plug-ins: what their authors write, and what a graph makes of it. */
import { describeError, SpoorError } from '@spoor/base';
import {
  InputPort,
  OutputPort,
  type Component,
  type ComponentClass,
  type ComponentContext,
  type Logger,
  type Parameters,
  type ParameterTable,
  type Pass,
  type QueryObject,
} from '@spoor/graph';
import { messagesOf, type EventFlow, type Flow, type MessageFlow } from '../event-flow.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventClassInfo, StreamInfo } from '../source-ctf-fs/trace-info.ts';
import type { EventOutput } from './event-output.ts';
import { FilterFlow } from './filter-flow.ts';
import { SourceFlow, type EventHandler, type SourceSteps } from './made-flows.ts';
import { messageFlow, StreamMessage } from './stream-message.ts';

/** What the parts of a plug-in have in common. */
interface Definition {
  /** The last part of the dotted name. */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** More for people, in `help`. */
  readonly help?: string;
  readonly parameters?: ParameterTable;
  /** Versions of the message interchange protocol that it knows; 0 and 1 by default. */
  readonly mipVersions?: readonly number[];
  /** What can be asked of it, by name. */
  readonly queries?: Readonly<Record<string, QueryObject>>;
}

/** What a component is given when a pass over its events begins. */
export interface Given {
  /** Checked against the table of the class. Integers are BigInts, `+1` is an UnsignedValue. */
  readonly parameters: Parameters;
  readonly log: Logger;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
}

/** What is known of the events that come in. */
export interface Input {
  readonly streams: readonly StreamInfo[];
  readonly eventClasses: readonly EventClassInfo[];
  /** To which `timeNs` of events is added, in nanoseconds from the clocks' origin. */
  readonly baseNs: bigint;
}

/** A class of sources. */
export interface SourceDefinition extends Definition {
  readonly kind: 'source';
  /**
   * Begins a pass: declares traces and streams, and returns the steps, most simply as a generator. Between two steps
   * events may be handed on; a step that is a promise says that there are none before it is settled.
   */
  open(given: Given & { readonly output: EventOutput }): SourceSteps;
}

/** A class of filters. */
export interface FilterDefinition extends Definition {
  readonly kind: 'filter';
  /** Begins a pass. `forward` hands on the event at hand; `output` takes new ones, in the order in which they come. */
  open(
    given: Given & { readonly input: Input; readonly output: EventOutput; readonly forward: () => void },
  ): EventHandler;
}

/** A class of sinks. */
export interface SinkDefinition extends Definition {
  readonly kind: 'sink';
  /** Begins the one pass. */
  open(given: Given & { readonly input: Input }): EventHandler;
}

/** A component class as a plug-in has it; one with `create` is a class of a graph as it is. */
export type AuthorClass = SourceDefinition | FilterDefinition | SinkDefinition | ComponentClass<EventFlow>;

/** Runs code of a plug-in; what it throws is told with its name. */
function guarded<T>(who: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw whoThrew(who, cause);
  }
}

function whoThrew(who: string, cause: unknown): SpoorError {
  if (cause instanceof SpoorError && cause.code === 'plugin/threw') return cause;
  return new SpoorError('plugin/threw', `${who} failed: ${describeError(cause)}`, { cause: undefined });
}

function inputOf(flow: EventFlow): Input {
  return {
    streams: flow.streams.flatMap((stream) => (stream === undefined ? [] : [stream.info])),
    eventClasses: flow.eventClasses,
    baseNs: flow.baseNs,
  };
}

/** A flow of which each step is guarded. */
function guardedFlow(who: string, flow: SourceFlow | FilterFlow): EventFlow {
  return {
    batch: flow.batch,
    streams: flow.streams,
    eventClasses: flow.eventClasses,
    baseNs: flow.baseNs,
    get losses() {
      return flow.losses;
    },
    next: () => guarded(who, () => flow.next()),
    messages: () => {
      const found = flow.messages();
      return messageFlow(
        flow,
        () => guarded(who, () => found.next()),
        () => found.message,
      );
    },
  };
}

function refuseClocks(who: string, { clockRules }: Pass): void {
  if (clockRules === undefined) return;
  throw new SpoorError('plugin/clock-rules', `the clocks of ${who} cannot be changed`, {
    hint: 'put filter.utils.clock behind other sources only',
  });
}

function sourceComponent(
  who: string,
  definition: SourceDefinition,
  given: Given,
  context: ComponentContext,
): Component<EventFlow> {
  const open = (pass: Pass = {}): EventFlow => {
    refuseClocks(who, pass);
    const begin = (output: EventOutput): SourceSteps => definition.open({ ...given, output });
    return guardedFlow(
      who,
      guarded(who, () => new SourceFlow(begin, (until) => context.idle(until))),
    );
  };
  return { kind: 'source', name: who, outputs: [new OutputPort('out', open)] };
}

function filterComponent(who: string, definition: FilterDefinition, given: Given): Component<EventFlow> {
  const input = new InputPort<EventFlow>('in');
  const open = (pass: Pass = {}): EventFlow => {
    // A filter may keep a state, so it sees all events.
    const { fromNs: _, ...whole } = pass;
    const upstream = input.open(whole);
    const begin = (output: EventOutput, forward: () => void): EventHandler =>
      definition.open({ ...given, input: inputOf(upstream), output, forward });
    return guardedFlow(
      who,
      guarded(who, () => new FilterFlow(upstream, begin)),
    );
  };
  return { kind: 'filter', name: who, inputs: [input], output: new OutputPort('out', open) };
}

/** Gives the events of a batch; the function returned says whether there may be more. */
function giveEvents(who: string, flow: EventFlow, handler: EventHandler): () => boolean {
  const giveBatch = batchGiver(who, flow, handler);
  return () => {
    if (!flow.next()) return false;
    giveBatch();
    return true;
  };
}

/** Gives a batch of events, or another message. */
function giveAll(who: string, flow: MessageFlow, handler: EventHandler): () => boolean {
  const giveBatch = batchGiver(who, flow, handler);
  return () => {
    const found = flow.next();
    if (found === 'message') guarded(who, () => handler.message!(new StreamMessage(flow.message!)));
    else if (found === 'events') giveBatch();
    return found !== 'end';
  };
}

function batchGiver(who: string, flow: Flow, handler: EventHandler): () => void {
  const view = new EventView(flow.batch, flow.streams, flow.eventClasses);
  return () =>
    guarded(who, () => {
      for (let row = 0; row < flow.batch.count; row++) handler.event(view.moveTo(row));
    });
}

function sinkComponent(who: string, definition: SinkDefinition, given: Given): Component<EventFlow> {
  const input = new InputPort<EventFlow>('in');
  let consumeBatch: (() => boolean) | undefined;
  let handler: EventHandler | undefined;
  let ended = false;
  const begin = (): (() => boolean) => {
    const flow = input.open();
    const takes = (handler = guarded(who, () => definition.open({ ...given, input: inputOf(flow) })));
    return takes.message === undefined ? giveEvents(who, flow, takes) : giveAll(who, messagesOf(flow), takes);
  };
  return {
    kind: 'sink',
    name: who,
    input,
    consume(): boolean {
      consumeBatch ??= begin();
      ended = !consumeBatch();
      return !ended;
    },
    finish(): void {
      if (ended) guarded(who, () => handler?.end?.());
    },
  };
}

/** The class of a graph that an author's class is. */
export function classOfAuthor(authored: AuthorClass, plugin: string): ComponentClass<EventFlow> {
  if ('create' in authored) return authored;
  const { kind, name, description, help, parameters = {}, mipVersions, queries } = authored;
  return {
    kind,
    name,
    description,
    parameters,
    ...(help === undefined ? {} : { help }),
    ...(mipVersions === undefined ? {} : { mipVersions }),
    ...(queries === undefined ? {} : { queries }),
    create: (values, context) => {
      const fullName = `${kind}.${plugin}.${name}`;
      const who = context.name === fullName ? fullName : `${fullName} (${context.name})`;
      const given: Given = { parameters: values, log: context.log, signal: context.signal };
      switch (authored.kind) {
        case 'source':
          return sourceComponent(who, authored, given, context);
        case 'filter':
          return filterComponent(who, authored, given);
        case 'sink':
          return sinkComponent(who, authored, given);
        default:
          return authored satisfies never;
      }
    },
  };
}

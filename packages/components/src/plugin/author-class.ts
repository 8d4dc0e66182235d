/** Component classes of plug-ins: what their authors write, and what a graph makes of it. */
import { SpoorError } from '@spoor/base';
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
import type { EventFlow } from '../event-flow.ts';
import type { EventClassInfo, StreamInfo } from '../source-ctf-fs/trace-info.ts';
import type { EventOutput } from './event-output.ts';
import { HandlerWork } from './filter-work.ts';
import { guardedSource, guardOf, type Guard } from './guard.ts';
import { checkHandler, Stretch, type EventHandler, type SourceSteps } from './handler.ts';
import { SourceFlow } from './source-flow.ts';
import { StreamMessage } from './stream-message.ts';
import { readingOf, ThroughFlow, type Reading } from './through-flow.ts';

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

function inputOf(flow: EventFlow): Input {
  return {
    streams: flow.streams.flatMap((stream) => (stream === undefined ? [] : [stream.info])),
    eventClasses: flow.eventClasses,
    baseNs: flow.baseNs,
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
  const guard = guardOf(who);
  const open = (pass: Pass = {}): EventFlow => {
    refuseClocks(who, pass);
    const begin = (output: EventOutput): SourceSteps => definition.open({ ...given, output });
    return guardedSource(
      guard(() => new SourceFlow(begin, (until) => context.idle(until))),
      guard,
    );
  };
  return { kind: 'source', name: who, outputs: [new OutputPort('out', open)] };
}

function filterComponent(
  who: string,
  definition: FilterDefinition,
  given: Given,
  context: ComponentContext,
): Component<EventFlow> {
  const guard = guardOf(who);
  const input = new InputPort<EventFlow>('in');
  const open = (pass: Pass = {}): EventFlow => {
    // A filter may keep a state, so it sees all events.
    const { fromNs: _, ...whole } = pass;
    const upstream = input.open(whole);
    return new ThroughFlow(
      upstream,
      (output, assembler) =>
        new HandlerWork(
          (forward) => checkHandler(definition.open({ ...given, input: inputOf(upstream), output, forward })),
          assembler,
          (until) => context.idle(until),
        ),
      guard,
    );
  };
  return { kind: 'filter', name: who, inputs: [input], output: new OutputPort('out', open) };
}

/** Gives a sink what comes, and no more at a time than it takes in soon. */
class SinkFeed {
  private readonly reading: Reading;
  private readonly handler: EventHandler;
  private readonly guard: Guard;
  private readonly stretch = new Stretch();
  private row = 0;

  constructor(flow: EventFlow, handler: EventHandler, guard: Guard) {
    this.handler = handler;
    this.guard = guard;
    this.reading = readingOf(flow, handler.message !== undefined);
    this.reading.flow.batch.count = 0;
  }

  /** False when there is no more. */
  consume(): boolean {
    const { reading, handler, guard } = this;
    if (this.row < reading.flow.batch.count) {
      guard(() => this.giveRows());
      return true;
    }
    this.row = 0;
    reading.flow.batch.count = 0;
    const found = reading.next();
    if (found === 'message') guard(() => handler.message!(new StreamMessage(reading.message()!)));
    return found !== 'end';
  }

  private giveRows(): void {
    const { handler, stretch } = this;
    const { view, flow } = this.reading;
    const { count } = flow.batch;
    stretch.begin();
    while (this.row < count) {
      handler.event(view.moveTo(this.row));
      this.row++;
      if (stretch.isOver) return;
    }
  }
}

function sinkComponent(who: string, definition: SinkDefinition, given: Given): Component<EventFlow> {
  const guard = guardOf(who);
  const input = new InputPort<EventFlow>('in');
  let handler: EventHandler | undefined;
  let feed: SinkFeed | undefined;
  let ended = false;
  const begin = (): SinkFeed => {
    const flow = input.open();
    handler = guard(() => checkHandler(definition.open({ ...given, input: inputOf(flow) })));
    return new SinkFeed(flow, handler, guard);
  };
  return {
    kind: 'sink',
    name: who,
    input,
    consume(): boolean {
      feed ??= begin();
      ended = !feed.consume();
      return !ended;
    },
    finish(): void {
      if (ended) guard(() => handler?.end?.());
    },
  };
}

/** The class of a graph that an author's class is. */
export function classOfAuthor(authored: AuthorClass, plugin: string): ComponentClass<EventFlow> {
  // Properties are read once, where what they throw is told with the plug-in's file.
  const { kind, name, description, help, parameters = {}, mipVersions, queries } = authored;
  const told = {
    kind,
    name,
    description,
    parameters,
    ...(help === undefined ? {} : { help }),
    ...(mipVersions === undefined ? {} : { mipVersions }),
    ...(queries === undefined ? {} : { queries }),
  };
  if ('create' in authored) {
    return { ...told, create: (values, context) => authored.create(values, context) };
  }
  return {
    ...told,
    create: (values, context) => {
      const fullName = `${kind}.${plugin}.${name}`;
      const who = context.name === fullName ? fullName : `${fullName} (${context.name})`;
      const given: Given = { parameters: values, log: context.log, signal: context.signal };
      switch (authored.kind) {
        case 'source':
          return sourceComponent(who, authored, given, context);
        case 'filter':
          return filterComponent(who, authored, given, context);
        case 'sink':
          return sinkComponent(who, authored, given);
        default:
          return authored satisfies never;
      }
    },
  };
}

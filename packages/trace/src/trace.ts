/** A trace as programs read it. */
import type { EventClassInfo, EventFlow, Loss, StreamInfo, TraceInfo, TraceSet } from '@spoor/components';
import { EventFields, EventSelection, MessageIterator } from '@spoor/components';
import type { EventBatch } from '@spoor/ctf';
import { shownEventName } from '@spoor/ctf';
import { ColumnGatherer, type ColumnName, type Columns } from './columns.ts';
import { showAs } from './members.ts';
import { Reading, type Steps } from './reading.ts';
import { checkOptions, select, selectFrom, type Selection } from './selection.ts';
import { textOptionNames, TextSteps, type TextOptions } from './text-steps.ts';
import { TraceEvent, type EventOf, type EventTypes } from './trace-event.ts';

class EventSteps implements Steps<TraceEvent> {
  private readonly flow: EventFlow;
  private readonly event: TraceEvent;
  private row = 0;
  private count = 0;

  constructor(flow: EventFlow) {
    this.flow = flow;
    this.event = new TraceEvent(flow.batch, flow.streams, flow.eventClasses, flow.baseNs);
  }

  next(): boolean {
    this.row += 1;
    if (this.row >= this.count) {
      this.row = -1;
      this.count = 0;
      if (!this.flow.next()) return false;
      this.row = 0;
      this.count = this.flow.batch.count;
    }
    this.event.moveTo(this.row);
    return true;
  }

  current(): TraceEvent {
    return this.event;
  }

  isAtBatchEnd(): boolean {
    return this.row + 1 >= this.count;
  }
}

/**
 * Traces that were opened together, as one sequence of events. It may be read any number of times, with different
 * selections; memory is bounded by one packet a stream.
 */
export class Trace<Types extends EventTypes = EventTypes>
  implements Iterable<EventOf<Types>>, AsyncIterable<EventOf<Types>>
{
  /** What lies below: for readers of whole streams, and for components. */
  readonly set: TraceSet;
  private readonly selection: Selection;

  /** @param selection what every reading leaves out, unless it says otherwise. */
  constructor(set: TraceSet, selection: Selection = {}) {
    this.set = set;
    this.selection = selection;
  }

  /** The traces, each with its metadata, environment and streams. */
  get traces(): readonly TraceInfo[] {
    return this.set.traces;
  }

  get streams(): readonly StreamInfo[] {
    return this.set.streams;
  }

  get eventClasses(): readonly EventClassInfo[] {
    return this.set.eventClasses;
  }

  /** Names of the events that the metadata declares, each once, sorted; not all of them need to occur. */
  get eventNames(): readonly string[] {
    return [...new Set(this.set.eventClasses.map(({ eventClass }) => shownEventName(eventClass)))].sort();
  }

  /** What `timeNs` of events is counted from: nanoseconds from the clocks' origin. */
  get baseNs(): bigint {
    return this.set.baseNs;
  }

  /** What was found wrong, one line each; grows while reading. */
  get warnings(): readonly string[] {
    return this.set.warnings;
  }

  /** What the traces say was lost; grows while reading. */
  get losses(): readonly Loss[] {
    return this.set.losses;
  }

  [Symbol.iterator](): Iterator<EventOf<Types>, void, undefined> {
    return this.events()[Symbol.iterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<EventOf<Types>, undefined, undefined> {
    return this.events()[Symbol.asyncIterator]();
  }

  private flow(selection: Selection, otherOptions?: readonly string[]): EventFlow {
    checkOptions(selection, otherOptions);
    return select(this.set, { ...this.selection, ...selection });
  }

  /** Events in the order of time, ties as babeltrace2 breaks them. The event is one object, moved along. */
  events(selection: Selection = {}): Reading<EventOf<Types>> {
    return new Reading(() => new EventSteps(this.flow(selection)) as unknown as Steps<EventOf<Types>>);
  }

  /**
   * All messages, not events alone: what begins and ends, and what was lost. The iterator can be moved to the beginning
   * and to a time while it is read.
   */
  messages(selection: Selection = {}): MessageIterator {
    return new MessageIterator({
      open: ({ fromNs } = {}) =>
        this.flow(
          fromNs === undefined
            ? selection
            : selectFrom({ ...this.selection, ...selection }, fromNs, this.set),
        ),
    });
  }

  /** Events as columns of where they are, for those who decode by themselves. The batch is one object, filled anew. */
  batches(selection: Selection = {}): Reading<EventBatch> {
    return new Reading(() => {
      const flow = this.flow(selection);
      return { next: () => flow.next(), current: () => flow.batch, isAtBatchEnd: () => true };
    });
  }

  /**
   * Batches whose rows can be decoded with every field, into slots that are used again: the quickest way to see all of a
   * trace. `fields.decode(row)` tells which slot holds which field. One object, for batch after batch.
   */
  allFields(selection: Selection = {}): Reading<EventFields> {
    return new Reading(() => {
      const flow = this.flow(selection);
      const fields = new EventFields(flow);
      return { next: () => flow.next(), current: () => fields, isAtBatchEnd: () => true };
    });
  }

  /** The text that the `spoor` command prints, in pieces of whole lines. */
  text(options: TextOptions & Selection = {}): Reading<string> {
    return new Reading(
      () =>
        new TextSteps(this.flow(options, textOptionNames), options, (line) => {
          if (!this.set.warnings.includes(line)) this.set.warnings.push(line);
        }),
    );
  }

  /**
   * Values of all events that are asked for, as typed arrays.
   * @throws SpoorError `trace/column` for a name that means nothing, or that no event has.
   */
  columns<const Names extends ColumnName>(
    names: readonly Names[],
    selection: Selection = {},
  ): Columns<Names> {
    const gatherer = this.gatherer(names, selection);
    for (const event of this.plainEvents(selection)) gatherer.add(event);
    return gatherer.finish();
  }

  /** `columns` of what must be fetched first. */
  async loadColumns<const Names extends ColumnName>(
    names: readonly Names[],
    selection: Selection = {},
  ): Promise<Columns<Names>> {
    const gatherer = this.gatherer(names, selection);
    for await (const event of this.plainEvents(selection)) gatherer.add(event);
    return gatherer.finish();
  }

  private plainEvents(selection: Selection): Reading<TraceEvent> {
    return new Reading(() => new EventSteps(this.flow(selection)));
  }

  /** Only classes of the events that are asked for decide what a column holds. */
  private gatherer<Names extends ColumnName>(
    names: readonly Names[],
    selection: Selection,
  ): ColumnGatherer<Names> {
    const { events, exclude } = { ...this.selection, ...selection };
    const listOf = (list: string | readonly string[]): readonly string[] =>
      typeof list === 'string' ? [list] : list;
    const rule = new EventSelection({
      ...(events === undefined ? {} : { names: listOf(events) }),
      ...(exclude === undefined ? {} : { exclude: listOf(exclude) }),
    });
    return new ColumnGatherer(
      names,
      this.eventClasses.filter((info) => rule.verdictOf(info) !== false),
    );
  }
}

showAs(Trace.prototype, ({ traces, streams, eventNames, baseNs }) => ({
  traces: traces.map(({ path }) => path),
  streams: streams.length,
  eventNames,
  baseNs,
}));

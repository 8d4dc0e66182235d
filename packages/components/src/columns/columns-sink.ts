/** Sorts events into tables, and hands the rows of each on when there are enough of them. */
import { SpoorError } from '@spoor/base';
import {
  EventBatch,
  scanStatus,
  shownEventName,
  type PlanNode,
  type Scope,
  type StreamDecoder,
} from '@spoor/ctf';
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { LossPrinter } from '../sink-text-pretty/loss-text.ts';
import { defaultPrettyOptions } from '../sink-text-pretty/options.ts';
import { isShown } from '../sink-text-pretty/shown.ts';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { makeAppend, type AppendFields } from './append-fields.ts';
import { copyRow, leastRowBytes, StructureColumn, type Column } from './column.ts';
import { EventTable, tableSignature, type TableTexts, type WantedScopes } from './event-table.ts';
import type { ScopeColumns } from './emit-columns.ts';
import { addMember } from './make-columns.ts';
import { ColumnVisitor } from './plain-columns.ts';
import { TableNames } from './table-names.ts';

/** One table's file or stream. */
export interface TableOutput {
  /** Writes all rows of the table; it is emptied afterwards. */
  write(row: StructureColumn): void;
  /** Ends the table. */
  close(): void;
}

/** Where tables go. */
export interface TableOutputs {
  /**
   * Begins a table.
   * @param name for a file, without an ending.
   * @param facts what to say of the table as a whole.
   */
  open(name: string, row: StructureColumn, facts: ReadonlyMap<string, string>): TableOutput;
}

/** `classes`: a table for each class of events. `wide`: one for all. */
export type TableLayout = 'classes' | 'wide';

/** What a sink of tables is made of. */
export interface ColumnsSettings {
  readonly name: string;
  readonly layout: TableLayout;
  readonly outputs: TableOutputs;
  /** Rows of a table after which they are written. */
  readonly rowLimit: number;
  /** Hears of lost events and packets, one line each. */
  readonly messages: (line: string) => void;
  /** `false` never makes code from text. */
  readonly compile?: boolean;
}

/** Bytes of rows that wait to be written, over all tables; the largest table is written when there are more. */
const heldBytes = 24 * 1024 * 1024;
/** Rows that are written together at least, if so many were asked for. */
const leastRows = 256;
/** Events between two looks at how many bytes wait. */
const lookEvery = 512;
/** Name of the one table of the layout `wide`. */
const wideName = 'events';

interface OpenTable {
  readonly table: EventTable;
  readonly output: TableOutput;
  /** Rows after which they are written: fewer than asked for where they are wide. */
  readonly rowLimit: number;
}

/** A class of events with where it goes. */
interface Route {
  readonly open: OpenTable;
  readonly table: EventTable;
  readonly append: AppendFields;
  /** Code of the class's name. */
  readonly nameCode: number;
}

/** A stream with the shown context of its present packet, as a row of its own. */
interface StreamState {
  readonly stream: OpenStream;
  readonly timed: boolean;
  readonly traceCode: number;
  readonly context: StructureColumn;
  /** Names and nodes of the context's members. */
  readonly members: readonly { readonly name: string; readonly node: PlanNode }[];
  /** Columns that the context is copied to, by table. */
  readonly targets: Map<EventTable, readonly (readonly [Column, Column])[]>;
  packetNumber: number;
  cpuId: number;
}

/** Gathers events into tables. What the tables become is said by {@link ColumnsSettings.outputs}. */
export class ColumnsSink implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name: string;
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly settings: ColumnsSettings;
  private reading: Reading | undefined;

  constructor(settings: ColumnsSettings) {
    this.name = settings.name;
    this.settings = settings;
  }

  consume(): boolean {
    this.reading ??= new Reading(this.input.open(), this.settings);
    return this.reading.consume();
  }

  finish(): void {
    this.reading?.finish();
  }
}

class Reading {
  private readonly flow: EventFlow;
  private readonly settings: ColumnsSettings;
  private readonly texts: TableTexts;
  private readonly streams: readonly StreamState[];
  private readonly routes: (Route | undefined)[];
  private readonly tables = new Map<string, OpenTable>();
  private readonly names = new TableNames();
  private readonly losses: LossPrinter;
  private readonly baseHi: number;
  private readonly baseLo: number;
  private wide: OpenTable | undefined;
  private untilLook = lookEvery;

  constructor(flow: EventFlow, settings: ColumnsSettings) {
    this.flow = flow;
    this.settings = settings;
    this.baseHi = Number(flow.baseNs >> 32n);
    this.baseLo = Number(flow.baseNs & 0xffff_ffffn);
    this.losses = new LossPrinter(flow, defaultPrettyOptions, settings.messages);
    // Streams that are not read leave holes.
    const known = flow.streams.filter((stream) => stream !== undefined);
    const traces = [...new Set(known.map(({ info }) => info.trace.name))];
    const states: StreamState[] = [];
    for (const [index, stream] of flow.streams.entries()) {
      if (stream !== undefined) states[index] = stateOf(stream, traces);
    }
    this.streams = states;
    this.routes = flow.eventClasses.map(() => undefined);
    const classNames = flow.eventClasses.map(({ eventClass }) => shownEventName(eventClass));
    this.texts = {
      traces: { texts: traces },
      untimed: known.some(({ decoder }) => decoder.streamClass.clockClass === undefined),
      ...(settings.layout === 'wide' ? { names: { texts: [...new Set(classNames)] } } : {}),
    };
    if (settings.layout === 'wide') this.openWide();
  }

  /** Makes the one table with the columns of all classes that occur, which takes a reading of its own. */
  private openWide(): void {
    const table = new EventTable(this.texts, true);
    for (const stream of this.streams) if (stream !== undefined) this.targetsOf(stream, table);
    const routed: (readonly [number, Omit<Route, 'open'>])[] = [];
    for (const classIndex of occurringClasses(this.flow)) {
      const info = this.flow.eventClasses[classIndex]!;
      const name = shownEventName(info.eventClass);
      const columns = table.columnsBelow(name, this.wantedOf(classIndex));
      const append = this.appendOf(info, columns, table);
      routed.push([classIndex, { table, append, nameCode: this.texts.names?.texts.indexOf(name) ?? -1 }]);
    }
    const output = this.settings.outputs.open(wideName, table.row, new Map());
    this.wide = { table, output, rowLimit: this.rowLimitOf(table) };
    for (const [classIndex, route] of routed) this.routes[classIndex] = { ...route, open: this.wide };
    this.tables.set('', this.wide);
  }

  private rowLimitOf({ row }: EventTable): number {
    const most = Math.floor(heldBytes / leastRowBytes(row));
    return Math.max(1, Math.min(this.settings.rowLimit, Math.max(leastRows, most)));
  }

  private appendOf(
    { decoder, localIndex }: EventClassInfo,
    columns: ScopeColumns,
    { row }: EventTable,
  ): AppendFields {
    const plan = decoder.planOf(localIndex);
    const externals = decoder.externalIndexes(plan);
    return makeAppend(plan, externals, columns, row, this.settings.compile !== false);
  }

  private wantedOf(classIndex: number): WantedScopes {
    const { decoder, localIndex } = this.flow.eventClasses[classIndex]!;
    const wanted = new Map<Scope, readonly { readonly name: string; readonly node: PlanNode }[]>();
    for (const { scope, node } of decoder.planOf(localIndex).scopes) {
      if (scope !== 'event-header') wanted.set(scope, node.members);
    }
    return wanted;
  }

  private route(classIndex: number, stream: StreamState): Route {
    const { settings, flow, tables } = this;
    if (settings.layout === 'wide') {
      throw new SpoorError('columns/late-class', 'a class of events occurs that was not there before', {
        hint: 'the trace is written to while it is read; read it when it is complete',
      });
    }
    const info = flow.eventClasses[classIndex]!;
    const { eventClass } = info;
    const name = shownEventName(eventClass);
    const wanted: WantedScopes = new Map([['packet-context', stream.members], ...this.wantedOf(classIndex)]);
    const key = JSON.stringify([name, tableSignature(wanted)]);
    let open = tables.get(key);
    if (open === undefined) {
      const table = new EventTable(this.texts, false);
      table.columnsOf(wanted);
      const facts = new Map([['spoor.event', name]]);
      const output = settings.outputs.open(this.names.nameOf(name), table.row, facts);
      open = { table, output, rowLimit: this.rowLimitOf(table) };
      tables.set(key, open);
    }
    const columns = open.table.columnsOf(wanted);
    delete columns['packet-context'];
    const append = this.appendOf(info, columns, open.table);
    const route = { open, table: open.table, append, nameCode: -1 };
    this.routes[classIndex] = route;
    return route;
  }

  /** Where the members of a stream's packet context go in a table. */
  private targetsOf(stream: StreamState, table: EventTable): readonly (readonly [Column, Column])[] {
    let targets = stream.targets.get(table);
    if (targets === undefined) {
      const { members, context } = stream;
      table.columnsOf(new Map([['packet-context', members]]));
      targets = members.map(({ name, node }) => {
        const column = table.scope('packet-context');
        return [addMember(context, name, node, false), addMember(column, name, node, column.sparse)] as const;
      });
      stream.targets.set(table, targets);
    }
    return targets;
  }

  consume(): boolean {
    const { flow, streams, routes, baseHi, baseLo } = this;
    if (!flow.next()) return false;
    const { streamIndex, classIndex, timeNs, offsetBits, count } = flow.batch;
    for (let index = 0; index < count; index++) {
      const stream = streams[streamIndex[index]!]!;
      const { reader, info } = stream.stream;
      if (stream.packetNumber !== reader.packetNumber) enterPacket(stream);
      const route = routes[classIndex[index]!] ?? this.route(classIndex[index]!, stream);
      const { table } = route;
      if (stream.timed) {
        // Two words of 32 bits, for a double does not hold nanoseconds since 1970.
        const since = timeNs[index]!;
        let hi = Math.floor(since / 0x1_0000_0000);
        let lo = since - hi * 0x1_0000_0000 + baseLo;
        hi += baseHi;
        if (lo >= 0x1_0000_0000) {
          lo -= 0x1_0000_0000;
          hi += 1;
        }
        table.time.put(hi, lo);
        table.timeNs.put(hi, lo);
      } else {
        table.time.skip(1);
        table.timeNs.skip(1);
      }
      table.name?.put(route.nameCode);
      table.trace.put(stream.traceCode);
      table.stream.put(info.index);
      if (stream.cpuId < 0) table.cpuId.skip(1);
      else table.cpuId.put(stream.cpuId);
      if (stream.members.length > 0) this.putContext(stream, table);
      const { cursor } = reader;
      route.append(cursor.bytes, cursor.view, offsetBits[index]!, cursor.externals);
      table.row.length += 1;
      if (table.row.length >= route.open.rowLimit) this.write(route.open);
      if (--this.untilLook <= 0) this.look();
    }
    if (count > 0) this.losses.printUpTo(timeNs[count - 1]!);
    return true;
  }

  private putContext(stream: StreamState, table: EventTable): void {
    const column = table.scope('packet-context');
    column.padTo(table.row.length);
    column.open();
    for (const [from, to] of this.targetsOf(stream, table)) {
      to.padTo(column.length);
      copyRow(from, 0, to);
    }
    column.close();
  }

  /** Writes the largest tables while too much waits. */
  private look(): void {
    this.untilLook = lookEvery;
    const sizes = [...this.tables.values()].map((open) => ({ open, sizeBytes: open.table.sizeBytes }));
    let held = sizes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (held <= heldBytes) return;
    sizes.sort((left, right) => right.sizeBytes - left.sizeBytes);
    for (const { open, sizeBytes } of sizes) {
      this.write(open);
      held -= sizeBytes;
      if (held <= heldBytes / 2) return;
    }
  }

  private write({ table, output }: OpenTable): void {
    if (table.row.length === 0) return;
    table.settle();
    output.write(table.row);
    table.row.reset();
  }

  finish(): void {
    for (const open of this.tables.values()) {
      this.write(open);
      open.output.close();
    }
    this.losses.printUpTo(Infinity);
  }
}

function stateOf(stream: OpenStream, traces: readonly string[]): StreamState {
  const { decoder, info } = stream;
  const node = decoder.contextPlan?.scopes.find(({ scope }) => scope === 'packet-context')?.node;
  const members = (node?.members ?? []).filter((member) => isShown(member.node));
  const context = new StructureColumn('', false, false);
  for (const member of members) addMember(context, member.name, member.node, false);
  return {
    stream,
    timed: decoder.streamClass.clockClass !== undefined,
    traceCode: traces.indexOf(info.trace.name),
    context,
    members,
    targets: new Map(),
    packetNumber: -1,
    cpuId: -1,
  };
}

/** Takes the context of the packet that the stream is in. */
function enterPacket(stream: StreamState): void {
  const { reader, decoder } = stream.stream;
  stream.packetNumber = reader.packetNumber;
  stream.context.reset();
  const bytes = reader.head;
  if (stream.members.length > 0) {
    decoder.walkPacket(
      bytes,
      reader.contextEndBit,
      new ColumnVisitor(bytes, { 'packet-context': stream.context }),
    );
  }
  const cpuId = Number(stream.stream.packetContext()['cpu_id'] ?? -1);
  stream.cpuId = Number.isInteger(cpuId) && cpuId >= 0 && cpuId < 2 ** 32 ? cpuId : -1;
}

/**
 * Indexes of the classes of which the flow may have events, in order of the classes: those that occur in streams that can
 * be read beforehand, and all of streams that are made while they are read.
 */
function occurringClasses({ streams, eventClasses }: EventFlow): readonly number[] {
  const places = new Map<StreamDecoder, number[]>();
  for (const [index, { decoder, localIndex }] of eventClasses.entries()) {
    let own = places.get(decoder);
    if (own === undefined) places.set(decoder, (own = []));
    own[localIndex] = index;
  }
  const occurs = new Set<number>();
  const batch = new EventBatch();
  for (const { set, info, decoder } of streams.filter((stream) => stream !== undefined)) {
    const own = places.get(decoder) ?? [];
    if (set.streams[info.index] !== info) {
      for (const index of own) if (index !== undefined) occurs.add(index);
      continue;
    }
    const { reader } = set.openStream(info.index);
    // What is found wrong or lost is told by the reading that follows.
    const warnings = set.warnings.length;
    const losses = set.losses.length;
    while (reader.nextPacket()) {
      let status: number = scanStatus.batchFull;
      while (status === scanStatus.batchFull) {
        batch.count = 0;
        status = decoder.scan(reader.cursor, batch, Infinity);
        for (let row = 0; row < batch.count; row++) {
          const index = own[set.eventClasses[batch.classIndex[row]!]!.localIndex];
          if (index !== undefined) occurs.add(index);
        }
      }
    }
    set.warnings.length = warnings;
    set.losses.length = losses;
  }
  return [...occurs].sort((left, right) => left - right);
}

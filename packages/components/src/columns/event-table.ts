/** A table of events: the columns that all have, and those of contexts and payload. */
import type { PlanNode, Scope } from '@spoor/ctf';
import { NumberColumn, StructureColumn, WideColumn, settle, type Column, type Labels } from './column.ts';
import type { ScopeColumns } from './emit-columns.ts';
import { addMember, signatureOf } from './make-columns.ts';

/** Names of the columns of scopes. */
const scopeNames: Readonly<Record<Scope, string>> = {
  'packet-header': 'packet_header',
  'packet-context': 'packet_context',
  'event-header': 'event_header',
  'event-common-context': 'common_context',
  'event-specific-context': 'specific_context',
  'event-payload': 'payload',
};

/** What of an event and its packet goes into a table, by scope. */
export type WantedScopes = ReadonlyMap<Scope, readonly { readonly name: string; readonly node: PlanNode }[]>;

/** Texts of columns of codes. */
export interface TableTexts {
  readonly traces: Labels;
  /** Of the column `name`, which a table of several classes has. */
  readonly names?: Labels;
  /** Whether a stream has no clock, so that its events have no time. */
  readonly untimed: boolean;
}

/** A table while it is filled. */
export class EventTable {
  /** Its rows: one member a column. */
  readonly row: StructureColumn;
  readonly time: WideColumn;
  readonly timeNs: WideColumn;
  readonly trace: NumberColumn;
  readonly stream: NumberColumn;
  readonly cpuId: NumberColumn;
  /** Code of the event's name, in a table of several classes. */
  readonly name: NumberColumn | undefined;

  /** @param sparse whether rows have some of the columns only. */
  constructor(texts: TableTexts, sparse: boolean) {
    const row = new StructureColumn('', false, sparse);
    this.row = row;
    this.time = row.add('time', 'time', (name) => new WideColumn(name, texts.untimed, 'time'));
    this.timeNs = row.add('time_ns', 'time_ns', (name) => new WideColumn(name, texts.untimed, 'i64'));
    const { names } = texts;
    if (names !== undefined) {
      this.name = row.add('name', 'name', (name) => new NumberColumn(name, false, 'code', names));
    }
    this.trace = row.add('trace', 'trace', (name) => new NumberColumn(name, false, 'code', texts.traces));
    this.stream = row.add('stream', 'stream', (name) => new NumberColumn(name, false, 'i32'));
    this.cpuId = row.add('cpu_id', 'cpu_id', (name) => new NumberColumn(name, true, 'u32'));
  }

  /** The column of a scope, added when it is missing. */
  scope(scope: Scope): StructureColumn {
    const { row } = this;
    const name = scopeNames[scope];
    const found = row.member(name);
    if (found instanceof StructureColumn) return found;
    return row.add(name, name, (free) => new StructureColumn(free, row.sparse, row.sparse));
  }

  /** Columns of what is wanted of a class, added where they are missing. A scope without members has none. */
  columnsOf(wanted: WantedScopes): ScopeColumns {
    const columns: ScopeColumns = {};
    for (const [scope, members] of wanted) {
      if (members.length === 0) continue;
      const column = this.scope(scope);
      for (const { name, node } of members) addMember(column, name, node, column.sparse);
      columns[scope] = column;
    }
    return columns;
  }

  /** As {@link columnsOf}, but with the payload's columns apart from those of other classes, below `className`. */
  columnsBelow(className: string, wanted: WantedScopes): ScopeColumns {
    const columns = this.columnsOf(new Map([...wanted].filter(([scope]) => scope !== 'event-payload')));
    const members = wanted.get('event-payload') ?? [];
    if (members.length === 0) return columns;
    const { row } = this;
    const found = row.member('payload');
    const payload =
      found instanceof StructureColumn
        ? found
        : row.add('payload', 'payload', (name) => new StructureColumn(name, false, true));
    const key = JSON.stringify([className, members.map(({ name, node }) => [name, signatureOf(node)])]);
    const known = payload.member(key);
    const own =
      known instanceof StructureColumn
        ? known
        : payload.add(key, className, (name) => new StructureColumn(name, true, false));
    for (const { name, node } of members) addMember(own, name, node, false);
    return { ...columns, 'event-payload': own };
  }

  /** Bytes that the rows so far take. */
  get sizeBytes(): number {
    return this.row.sizeBytes;
  }

  get columns(): readonly Column[] {
    return this.row.members;
  }

  /** Makes all columns as long as the table. */
  settle(): void {
    settle(this.row, this.row.length);
  }
}

/** A text that classes have in common whose events fit into one table. */
export function tableSignature(wanted: WantedScopes): string {
  return JSON.stringify(
    [...wanted].map(([scope, members]) => [
      scope,
      members.map(({ name, node }) => [name, signatureOf(node)]),
    ]),
  );
}

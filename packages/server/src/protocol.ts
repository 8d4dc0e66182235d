// What server and viewer say to each other. All requests are GET; answers are JSON except tiles and histograms,
// whose bodies are little-endian 32-bit words. Times are doubles in nanoseconds after `baseNs`.
import type { SelectionStatistics } from '@spoor/store';

/** Answer of `/api/trace`: all that is known before looking at any event. */
export interface TraceSummary {
  /** Number of this protocol; a page of another number must be loaded anew. */
  readonly protocol: 1;
  readonly title: string;
  readonly paths: readonly string[];
  /** Nanoseconds from the Unix epoch (or the clock's origin) to time 0, as decimal text. */
  readonly baseNs: string;
  /** Whether `baseNs` counts from the Unix epoch. */
  readonly absolute: boolean;
  readonly firstNs: number;
  readonly lastNs: number;
  readonly eventCount: number;
  readonly spanCount: number;
  /** Share of the trace that is indexed, 0 to 1. */
  readonly progress: number;
  readonly complete: boolean;
  /** Changes whenever an older picture may be wrong. */
  readonly revision: number;
  readonly indexSizeBytes: number;
  readonly types: readonly TypeSummary[];
  readonly processes: readonly ProcessSummary[];
  readonly lanes: readonly LaneSummary[];
  readonly tracks: readonly TrackSummary[];
  readonly losses: readonly LossSummary[];
  readonly warnings: readonly string[];
  /** Why indexing stopped early, if it did. */
  readonly failure: string | undefined;
}

/** A kind of event. */
export interface TypeSummary {
  readonly name: string;
  readonly role: 'point' | 'begin' | 'end' | 'complete' | 'enter' | 'leave';
  readonly spanName: string;
  readonly count: number;
}

/** A process. */
export interface ProcessSummary {
  readonly name: string;
  readonly pid: number | undefined;
}

/** A thread; `process` indexes `processes`. */
export interface LaneSummary {
  readonly process: number;
  readonly name: string;
  readonly tid: number | undefined;
  readonly eventCount: number;
}

/** The spans of one name in a lane. */
export interface TrackSummary {
  readonly lane: number;
  readonly name: string;
  /** Calls of functions: rows are depths, and each has a hue of its own. */
  readonly isCalls: boolean;
  /** Rows that its overlapping spans need. */
  readonly depth: number;
  readonly spanCount: number;
  readonly openCount: number;
}

/** An interval in which a lane lost events. */
export interface LossSummary {
  readonly lane: number;
  readonly fromNs: number;
  readonly toNs: number;
  readonly count: number | undefined;
}

/** Answer of `/api/rows`. */
export interface TableRows {
  /** Rows of the whole table as far as known. */
  readonly total: number;
  /** Whether `total` is final. */
  readonly complete: boolean;
  /** Share of the trace that a filter has been applied to, 0 to 1. */
  readonly progress: number;
  readonly first: number;
  readonly rows: readonly TableRow[];
}

/** A row of the event table. */
export interface TableRow {
  /** The event's number in the whole trace. */
  readonly event: number;
  readonly timeNs: number;
  /** Time since the row before; undefined in the first. */
  readonly deltaNs: number | undefined;
  readonly lane: number;
  readonly type: number;
  readonly fields: string;
}

/** Answer of `/api/search`: a match, or how far the search came in its time slice. */
export interface SearchAnswer {
  readonly found: number | undefined;
  /** Where to go on; undefined at the end of the trace. */
  readonly next: number | undefined;
}

/** Answer of `/api/position`: the row of an event or time in the table. */
export interface PositionAnswer {
  readonly row: number;
  /** The event of that row; undefined in an empty table. */
  readonly event: number | undefined;
}

/** A field of an event, as shown; structures and arrays have members. */
export interface FieldNode {
  readonly name: string;
  readonly text: string;
  readonly members: readonly FieldNode[] | undefined;
}

/** A group of fields, such as the payload. */
export interface FieldSection {
  readonly title: string;
  readonly fields: readonly FieldNode[];
}

/** Answer of `/api/event`. */
export interface EventDetail {
  readonly event: number;
  readonly timeNs: number;
  readonly lane: number;
  readonly type: number;
  readonly logLevel: string | undefined;
  readonly sections: readonly FieldSection[];
  /** The span that this event begins, ends or is. */
  readonly span: SpanDetail | undefined;
}

/** A span with its ends. */
export interface SpanDetail {
  readonly name: string;
  readonly label: string;
  readonly startNs: number;
  /** Undefined when its end was not recorded. */
  readonly endNs: number | undefined;
  /** How far it is drawn: to its end, to where events were lost, or to the end of the trace. */
  readonly untilNs: number;
  readonly beginEvent: number;
  readonly endEvent: number | undefined;
  /** Of calls: what its colour goes by. */
  readonly hue?: number;
}

/** Answer of `/api/marks`: what a picture needs beyond its pixels. */
export interface Marks {
  readonly spans: readonly SpanMarkText[];
  readonly points: readonly PointMark[];
}

/** A span that is wide enough for its label. */
export interface SpanMarkText extends SpanDetail {
  /** Name of its row; see the store's row keys. */
  readonly row: string;
}

/** A single event of a row that has few in view. */
export interface PointMark {
  readonly row: string;
  readonly event: number;
  readonly timeNs: number;
  readonly type: number;
}

/** Answer of `/api/pick`. */
export interface PickAnswer {
  readonly event: EventDetail | undefined;
  readonly span: SpanDetail | undefined;
}

/** Answer of `/api/selection`. */
export type SelectionAnswer = SelectionStatistics;

/** Body of every answer that is not 2xx. */
export interface ErrorAnswer {
  readonly error: string;
}

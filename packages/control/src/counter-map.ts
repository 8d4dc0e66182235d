/** Counter maps: named counts of events that triggers add to (LTTng 2.16's map channels). */

/** A map of a session. */
export interface CounterMap {
  readonly name: string;
  readonly session: string;
  /** Most keys of one process's counts; events with others are not counted. */
  readonly maxKeys: number;
  /** Values are exact to 2^53; as `signed-int-32` they wrap when they are shown. */
  readonly valueType: 'signed-int-32' | 'signed-int-64';
  /** Whether the counts are those of processes, or of users. */
  readonly ownership: 'user' | 'process';
  /** What becomes of the counts of a process that is over, if they are those of processes. */
  readonly deadProcessPolicy: 'drop' | 'sum-into-shared';
  /** Whether an event that several triggers take counts once under each key, or once for each trigger. */
  readonly updatePolicy: 'per-event' | 'per-rule-match';
}

/** Whose counts they are; `shared`: of the daemon, and of processes that are over. */
export type MapOwner =
  | { readonly kind: 'user'; readonly uid: number }
  | { readonly kind: 'process'; readonly pid: number; readonly procname: string }
  | { readonly kind: 'shared' };

/** A counter. */
export interface MapValue {
  readonly map: string;
  readonly owner: MapOwner;
  readonly key: string;
  readonly value: number;
  /** Whether the value type has no room for it: then it has wrapped. */
  readonly hasOverflowed: boolean;
}

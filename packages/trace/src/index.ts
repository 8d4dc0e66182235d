/** What is the same in Node.js and in the browser. */
export { Trace } from './trace.ts';
export {
  EventRecord,
  TraceEvent,
  type EventJson,
  type EventOf,
  type EventTypes,
  type TypedEvent,
} from './trace-event.ts';
export type { Members } from './members.ts';
export { Reading, type Steps } from './reading.ts';
export type { Instant, Selection } from './selection.ts';
export type { TextOptions } from './text-steps.ts';
export type { ColumnName, ColumnOf, Columns, MemberColumn, TextColumn } from './columns.ts';
export {
  EnumValue,
  FlagsValue,
  type EventBatch,
  type FieldSlots,
  type FieldValue,
  type SlotField,
  type SlotLayout,
} from '@spoor/ctf';
export type { EventClassInfo, EventFields, Loss, StreamInfo, TraceInfo } from '@spoor/components';
export { SpoorError, describeError } from '@spoor/base';

export { currentRequest } from './auto/request-context.ts';
export {
  array,
  enumeration,
  hex,
  sequence,
  struct,
  type ArrayType,
  type ElementType,
  type EnumerationRange,
  type EnumerationType,
  type FieldList,
  type FieldType,
  type FieldTypes,
  type FloatName,
  type HexType,
  type IntegerName,
  type NarrowIntegerName,
  type ScalarType,
  type SequenceType,
  type StringName,
  type StructType,
  type ValueOf,
  type WideIntegerName,
} from './field-types.ts';
export { counter, type Counter } from './counter.ts';
export { snapshot, type SnapshotResult } from './snapshot.ts';
export { registerContext } from './application-context.ts';
export { LOG_LEVELS, type LogLevel } from './log-level.ts';
export {
  tracepoint,
  type Tracepoint,
  type TracepointOptions,
  type ValuesOfList,
  type ValuesOfObject,
} from './tracepoint.ts';

export { Distribution } from './distribution.ts';
export { EventRoles, integerOf, textOf, type EventRole, type TraceEvent } from './event.ts';
export { FunctionCalls, type FunctionFigures, type FunctionSummary } from './functions.ts';
export { GcPauses, gcEventName, type GcKindSummary, type GcSummary } from './gc.ts';
export { Largest } from './largest.ts';
export { RequestBreakdowns, requestSpanName, type RequestBreakdown, type RequestPart } from './requests.ts';
export { routeOf, RouteTable } from './route.ts';
export { SpanMatcher, type OpenSpan, type Span, type SpanMatcherOptions } from './spans.ts';
export {
  SystemCalls,
  type SystemCall,
  type SystemCallFigures,
  type SystemCallSummary,
} from './system-calls.ts';
export {
  summarise,
  type DurationFigures,
  type EventCount,
  type LoopDelay,
  type RequestData,
  type RequestEndData,
  type SummaryOptions,
  type ThreadSummary,
  type TraceSummary,
} from './summary.ts';
export type { CodePlace } from '@spoor/store';

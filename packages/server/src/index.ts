export { serveView, type ServeOptions, type ViewServer } from './serve.ts';
export { TraceView } from './trace-view.ts';
export type { DecodedEvent, ViewSource } from './source.ts';
export { parsePattern, type ColumnPatterns, type TextMatcher } from './pattern.ts';
export { traceSetSource } from './trace-set-source.ts';

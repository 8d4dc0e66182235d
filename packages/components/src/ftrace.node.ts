/** Recordings of the kernel's rings: a module of its own, for it brings the kernel's formats along. */
export { openFtrace, openRecordings, type FtraceKind } from './source-ftrace/open-ftrace.node.ts';
export { ftraceTrace } from './source-ftrace/ftrace-traces.ts';
export { RecordingReport } from './kernel-lines/recording-report.ts';
export { LineBuffer } from './kernel-lines/line-buffer.ts';

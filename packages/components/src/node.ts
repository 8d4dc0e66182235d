/** The part of the package that needs Node.js. */
export * from './index.ts';
export { openingOf, openTrace, type TraceOpening } from './source-ctf-fs/open-trace.node.ts';
export { openDmesg, type DmesgInput } from './source-text-dmesg/open-dmesg.node.ts';
export { withRawReader, type RawReader } from './source-ctf-fs/raw-rings.ts';
export { ctfFsClass } from './source-ctf-fs/ctf-fs-class.node.ts';
export { pipeClasses, pluginOfPipeFile } from './pipe/pipe-classes.node.ts';
export { dmesgClass } from './source-text-dmesg/dmesg-class.node.ts';
export { metadataText } from './source-ctf-fs/ctf-fs-queries.node.ts';
export { ClosedPipeError, FileOutput } from './sink-text-pretty/file-output.node.ts';
export { DirectoryPlaces } from './sink-ctf-fs/trace-places.node.ts';
export { PipePlace, TableFiles } from './columns/table-files.node.ts';
export { nodeCompressors } from './columns/compressors.node.ts';
export { FileBinaries } from './filter-lttng-utils-debug-info/binary-files.node.ts';
export { ftraceClasses, type FtraceLoader } from './source-ftrace/ftrace-classes.node.ts';

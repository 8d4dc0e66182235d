export { SystemCallError } from './errors.ts';
export { isAvailable, type Availability } from './library.ts';
export { createMappedFile, type MappedFile } from './memory.ts';
export { currentThreadId, issueBarrier, makeCpuReader, registerForBarriers } from './thread.ts';

import { basename } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { tracepoint } from '../tracepoint.ts';
import { textOrEmpty } from './text.ts';

const processStart = tracepoint(
  'nodejs:process_start',
  [
    ['pid', 'u32'],
    ['ppid', 'u32'],
    ['node_version', 'string'],
    ['script', 'string'],
    ['cwd', 'string'],
  ],
  { logLevel: 'info' },
);
const threadBegin = tracepoint(
  'nodejs:thread_begin',
  [
    ['id', 'u32'],
    ['name', 'string'],
  ],
  { logLevel: 'info' },
);

/** Says what this process and this thread are, first thing in the thread's stream. */
export function tellIdentity(): void {
  const script = textOrEmpty(process.argv[1]);
  threadBegin(threadId, threadName(script));
  if (isMainThread) processStart(process.pid, process.ppid, process.version, script, workingDirectory());
}

function threadName(script: string): string {
  if (isMainThread) return 'main';
  const hasFile = script !== '' && !script.startsWith('data:') && !script.startsWith('[');
  return hasFile ? basename(script) : `worker ${threadId}`;
}

/** Empty when the directory was removed under the process. */
function workingDirectory(): string {
  try {
    return textOrEmpty(process.cwd());
  } catch {
    return '';
  }
}

import { basename } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { tracepoint } from '../tracepoint.ts';
import { noText, textOrNone } from './text.ts';

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
  const script = textOrNone(process.argv[1]);
  threadBegin(threadId, threadName(script));
  if (isMainThread) processStart(process.pid, process.ppid, process.version, script, workingDirectory());
}

function threadName(script: string): string {
  if (isMainThread) return 'main';
  const hasFile = script !== noText && !script.startsWith('data:') && !script.startsWith('[');
  return hasFile ? basename(script) : `worker ${threadId}`;
}

/** None when the directory was removed under the process. */
function workingDirectory(): string {
  try {
    return textOrNone(process.cwd());
  } catch {
    return noText;
  }
}

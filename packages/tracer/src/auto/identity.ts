import { basename } from 'node:path';
import { setTimer } from '../primordials.ts';
import { currentSession } from '../session-slot.ts';
import { tracepoint } from './tracepoint.ts';
import { noText, textOrNone } from './text.ts';
import { threadFacts } from './thread-facts.ts';
import { ownPid } from '@spoor/sys';

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

/** How long the start of a program has to itself before the ring is made for this event alone. */
const patienceMs = 25;

/**
 * Says what this process and this thread are, first thing in the thread's stream. A ring takes as long to make as all
 * else that is done at the start: so this waits for the first event of another kind, a moment, or the end.
 */
export function tellIdentity(): void {
  const script = textOrNone(process.argv[1]);
  const folder = workingDirectory();
  const tell = (): void => {
    const { threadId, isMainThread } = threadFacts();
    threadBegin(threadId, isMainThread ? 'main' : workerName(script, threadId));
    if (isMainThread) processStart(ownPid, process.ppid, process.version, script, folder);
  };
  const session = currentSession();
  session?.whenOpened(tell);
  setTimer(() => session?.open(), patienceMs).unref();
}

function workerName(script: string, threadId: number): string {
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

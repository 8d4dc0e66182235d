/** What earlier records have told: events of later ones have it in their contexts and fields. */
import { taskRecordReader, type RecordReader } from '../contexts/task-updates.ts';
import type { RunningTasks } from '../contexts/running-tasks.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { KernelTexts } from '../formats/kernel-texts.ts';
import type { RecordUpdate } from '../mapping/event-mapping.ts';
import type { CallStacks } from './call-stacks.ts';
import type { LateContexts } from './late-contexts.ts';
import type { CallTexts } from './call-texts.ts';

/** All of it. */
export interface RecordKnowledge {
  readonly tasks: TaskTable;
  readonly running: RunningTasks;
  readonly texts: CallTexts;
  readonly kernelTexts: KernelTexts;
  readonly stacks: CallStacks;
  readonly late: LateContexts;
  /** Whether records are believed; none of those that only warm code up. */
  readonly belief: { isSuspended: boolean };
}

/** What reads records that tell something. */
export function knowledgeReader(
  format: KernelEventFormat,
  what: RecordUpdate,
  known: RecordKnowledge,
): RecordReader {
  const { belief } = known;
  const read = readerOf(format, what, known);
  return (view, bytes, at, lengthBytes, timeNs) => {
    if (!belief.isSuspended) read(view, bytes, at, lengthBytes, timeNs);
  };
}

function readerOf(
  format: KernelEventFormat,
  what: RecordUpdate,
  { tasks, texts, stacks }: RecordKnowledge,
): RecordReader {
  switch (what) {
    case 'call-text':
      return texts.reader(format);
    case 'kernel-stack':
      return stacks.reader(format, 'kernel');
    case 'user-stack':
      return stacks.reader(format, 'user');
    case 'new-task':
    case 'exec':
    case 'exit':
    case 'rename':
    case 'changed':
    case 'moved':
      return taskRecordReader(format, what, tasks);
    default:
      return what satisfies never;
  }
}

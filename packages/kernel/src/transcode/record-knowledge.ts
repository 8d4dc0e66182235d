/** What earlier records have told: events of later ones have it in their contexts and fields. */
import { taskRecordReader, type RecordReader } from '../contexts/task-updates.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { RecordUpdate } from '../mapping/event-mapping.ts';
import type { CallTexts } from './call-texts.ts';

/** All of it. */
export interface RecordKnowledge {
  readonly tasks: TaskTable;
  readonly texts: CallTexts;
}

/** What reads records that tell something. */
export function knowledgeReader(
  format: KernelEventFormat,
  what: RecordUpdate,
  { tasks, texts }: RecordKnowledge,
): RecordReader {
  return what === 'call-text' ? texts.reader(format) : taskRecordReader(format, what, tasks);
}

/** The rings of a recording as pages in files, which become events when the trace is read: the cheapest way to record. */
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { fillTaskTable } from '../contexts/fill-task-table.node.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import { RawFiles } from '../recording/raw-files.node.ts';
import { replaceFile } from '../recording/replace-file.node.ts';
import { rawFolder, rawTasksFile, rawTraceFile } from '../recording/raw-names.ts';
import { formatRawTrace, type RawTrace } from '../recording/raw-trace.ts';
import { formatTasks } from '../recording/saved-tasks.ts';
import { processNumbers, threadsOf } from '../statedump/scan-tasks.node.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import type { KernelRecordingOptions } from './kernel-recording.node.ts';

/**
 * Refuses what can be told only while records are fresh.
 * @throws SpoorError `kernel/raw`.
 */
export function checkRaw({
  contexts = [],
  stackEvents,
  syscallStrings,
  container,
}: Pick<KernelRecordingOptions, 'contexts' | 'stackEvents' | 'syscallStrings' | 'container'>): void {
  const refuse = (what: string): never => {
    throw new SpoorError('kernel/raw', `raw pages cannot be recorded with ${what}`, {
      hint: 'leave out --raw: a live recording has it',
    });
  };
  if (stackEvents !== undefined || stackKinds(kernelContexts(contexts)).length > 0) {
    refuse('call stacks, whose addresses are named while their programs run');
  }
  if (syscallStrings === true) refuse('the texts of system calls');
  if (container !== undefined) refuse('a container, whose tasks are found while they run');
}

/** The raw part of a recording. */
export class RawRings {
  readonly files: RawFiles;
  private readonly tasks: TaskTable;
  private readonly groups: ControlGroups | undefined;
  /** Of tasks that were there at any time that was looked. */
  private readonly tids = new Set<number>();

  private constructor(files: RawFiles, tasks: TaskTable, groups: ControlGroups | undefined) {
    this.files = files;
    this.tasks = tasks;
    this.groups = groups;
  }

  /**
   * Writes what is known before recording begins.
   * @param directory of the kernel's trace.
   * @param kept `SYSTEM:NAME` of all events that are switched on.
   * @throws SpoorError `kernel/…`.
   */
  static begin(
    instance: TracefsInstance,
    directory: string,
    kept: readonly string[],
    trace: RawTrace,
    clockOffsetNs: bigint,
    tasks: TaskTable,
  ): RawRings {
    const files = RawFiles.begin(instance, join(directory, rawFolder), { events: kept, clockOffsetNs });
    replaceFile(join(files.directory, rawTraceFile), formatRawTrace(trace));
    const groups = ControlGroups.askedFor(trace.contexts, [trace.filter ?? '']);
    return new RawRings(files, tasks, groups);
  }

  /**
   * Keeps what is known of tasks; call it before the first record, for what comes later is in records.
   * @throws SpoorError `kernel/write`, `kernel/disk-full`.
   */
  keepTasks(): void {
    fillTaskTable(this.tasks);
    this.groups?.enterAll(this.tasks);
    this.saveTasks();
  }

  /** Writes the table anew, with tasks that it has got since. @throws SpoorError `kernel/write`, `kernel/disk-full`. */
  saveTasks(): void {
    for (const pid of processNumbers()) for (const tid of threadsOf(pid)) this.tids.add(tid);
    replaceFile(join(this.files.directory, rawTasksFile), formatTasks(this.tasks, this.tids));
  }
}

/**
 * Who runs on each processor, as the records of its own ring tell it: name and priority. The table of all tasks is told of names by
 * the rings of all processors, which are read one beside the other; what a task was called when it came to run here, and what
 * it calls itself since, lies in the order of the events that are to have it.
 */
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { mostProcessors } from './idle-tasks.ts';
import { integerField, textReader } from './record-fields.ts';
import { taskNameBytes, textOfWords } from './task-row.ts';

/** `SYSTEM:NAME` of the event that tells who comes to run. */
export const switchEvent = 'sched:sched_switch';
const renameEvent = 'task:task_rename';

/** Words of a processor: the number of its task plus 1, whether its priority is known, that, and its name. */
export const runningWords = 8;
const runningTidWord = 0;
export const runningRankedWord = 1;
export const runningPrioWord = 2;
export const runningNameWord = 4;

/** In place of a number. */
const nobody = 0;

/** The kernel's priorities count those of real-time tasks first, LTTng's do not (MAX_RT_PRIO). */
const realTimePriorities = 100;

const currentOffset = 4;

type Reader = (view: DataView, bytes: Uint8Array, at: number, lengthBytes: number, cpu: number) => void;

/** Whether contexts or filters are about what is known of who runs. @param filters whose text is looked at. */
export function needsRunning(contexts: readonly string[], filters: readonly (string | undefined)[]): boolean {
  const names = new Set(contexts);
  if (names.has('procname') || names.has('prio')) return true;
  return filters.some((filter) => filter !== undefined && /\$ctx\.(?:procname|prio)\b/.test(filter));
}

export class RunningTasks {
  readonly words: Int32Array = new Int32Array(mostProcessors * runningWords);
  /** `common_type` of the events that tell of them; -1 where they are not recorded. */
  readonly switchType: number;
  readonly renameType: number;
  private readonly readSwitch: Reader | undefined;
  private readonly readRename: Reader | undefined;
  private readonly name = new Uint8Array(taskNameBytes);
  private readonly nameWords = new Int32Array(this.name.buffer);

  constructor(formats: Pick<KernelFormats, 'ofName'>) {
    this.readSwitch = this.switchReader(formats);
    this.readRename = this.renameReader(formats);
    this.switchType = this.readSwitch === undefined ? -1 : formats.ofName(switchEvent)!.id;
    this.renameType = this.readRename === undefined ? -1 : formats.ofName(renameEvent)!.id;
  }

  private switchReader(formats: Pick<KernelFormats, 'ofName'>): Reader | undefined {
    const format = formats.ofName(switchEvent);
    if (format === undefined) return undefined;
    const tid = integerField(format, 'next_pid');
    const prio = integerField(format, 'next_prio');
    const name = textReader(format, 'next_comm');
    if (tid === undefined || prio === undefined || name === undefined) return undefined;
    return (view, bytes, at, lengthBytes, cpu) => {
      const { words } = this;
      const to = cpu * runningWords;
      words[to + runningTidWord] = view.getInt32(at + tid, true) + 1;
      words[to + runningRankedWord] = 1;
      words[to + runningPrioWord] = view.getInt32(at + prio, true) - realTimePriorities;
      this.setName(to, name(view, bytes, at, lengthBytes));
    };
  }

  private renameReader(formats: Pick<KernelFormats, 'ofName'>): Reader | undefined {
    const format = formats.ofName(renameEvent);
    if (format === undefined) return undefined;
    const tid = integerField(format, 'pid');
    const name = textReader(format, 'newcomm');
    if (tid === undefined || name === undefined) return undefined;
    return (view, bytes, at, lengthBytes, cpu) => {
      const renamed = view.getInt32(at + tid, true);
      // A thread may name another one, which runs elsewhere.
      if (renamed !== view.getInt32(at + currentOffset, true)) return;
      const { words } = this;
      const to = cpu * runningWords;
      // Who executes a program in place of its process's first thread has that one's number since.
      if (words[to + runningTidWord] === nobody) words[to + runningRankedWord] = 0;
      words[to + runningTidWord] = renamed + 1;
      this.setName(to, name(view, bytes, at, lengthBytes));
    };
  }

  private setName(to: number, text: Uint8Array): void {
    const { name } = this;
    let length = 0;
    for (; length < taskNameBytes - 1 && length < text.length && text[length] !== 0; length += 1)
      name[length] = text[length]!;
    name.fill(0, length);
    this.words.set(this.nameWords, to + runningNameWord);
  }

  /** Is told of each record of {@link switchType} and {@link renameType}, behind its event. */
  read(type: number, view: DataView, bytes: Uint8Array, at: number, lengthBytes: number, cpu: number): void {
    if (type === this.switchType) this.readSwitch!(view, bytes, at, lengthBytes, cpu);
    else this.readRename!(view, bytes, at, lengthBytes, cpu);
  }

  /** Records of a processor have been lost: it may be anybody. */
  forget(cpu: number): void {
    this.words[cpu * runningWords + runningTidWord] = nobody;
  }

  /** Whether it is known that a task runs on a processor. */
  isOn(cpu: number, tid: number): boolean {
    return this.words[cpu * runningWords + runningTidWord] === tid + 1;
  }

  /** Its name, where {@link isOn} says that it does. */
  nameOn(cpu: number): string {
    return textOfWords(this.words, cpu * runningWords + runningNameWord, taskNameBytes);
  }

  /** Its priority, as LTTng counts; undefined where only its name is known. */
  prioOn(cpu: number): number | undefined {
    const at = cpu * runningWords;
    return this.words[at + runningRankedWord] === 0 ? undefined : this.words[at + runningPrioWord];
  }
}

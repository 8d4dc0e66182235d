/**
 * Contexts of events whose task was not known when they were written: the record of its making lay in the ring of another
 * processor, and the task was gone, or whoever had its number before was known. They are written once more when their packet ends, by what is
 * known then of whoever had the number at the time of the event.
 */
import { isOfRunning, type ContextField } from '../contexts/context-fields.ts';
import { taskContainerWord, taskGroupWord, taskNameWord, taskWordOf } from '../contexts/task-row.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import { contextBytes } from './transcode-plan.ts';

/** Of a packet, so that tasks that nobody will ever tell of cost no more than that. */
const mostNotes = 65_536;

/** Where such contexts are. */
interface Note {
  readonly view: DataView;
  readonly at: number;
  readonly tid: number;
  readonly timeNs: number;
  /** Whether name and priority are told by the ring of the event itself. */
  readonly isRunning: boolean;
}

/** Those of all packets that a thread has open. */
export class LateContexts {
  private readonly contexts: readonly ContextField[];
  private readonly tasks: TaskTable;
  private notes: Note[] = [];

  constructor(contexts: readonly ContextField[], tasks: TaskTable) {
    this.contexts = contexts;
    this.tasks = tasks;
  }

  /**
   * Looks for the task of an event of which nothing is known, or of which only somebody is known who had the number later, or
   * before: has ended, that is.
   * @param timeNs of the event, by the kernel's trace clock.
   * @param at where the contexts of the event are written, in the packet's view.
   * @param isRunning whether it is known that it runs where the event is of: its name and priority are right as they are written.
   * @returns where the row begins that tells of it now.
   */
  rowOf(tid: number, timeNs: number, view: DataView, at: number, isRunning: boolean): number {
    const { tasks, notes } = this;
    tasks.seek(tid);
    const row = tasks.rowAt(tid, timeNs);
    const isUnsure = !tasks.isKnownRow(row) || tasks.hasLeft(row, timeNs);
    if (tasks.canSeek && isUnsure && notes.length < mostNotes)
      notes.push({ view, at, tid, timeNs, isRunning });
    return row;
  }

  /** Whether a packet has such contexts. @param view the packet's. */
  isIn(view: DataView): boolean {
    return this.notes.some((note) => note.view === view);
  }

  /** Writes those of a packet, as far as they are known now. */
  write(view: DataView): void {
    if (this.notes.length === 0) return;
    const { tasks } = this;
    const others: Note[] = [];
    for (const note of this.notes) {
      if (note.view !== view) {
        others.push(note);
        continue;
      }
      const row = tasks.rowAt(note.tid, note.timeNs);
      if (tasks.isKnownRow(row)) this.writeAt(note, row);
      else tasks.giveUp(note.tid);
      tasks.leave(note.tid, note.timeNs);
    }
    this.notes = others;
  }

  private writeAt({ view, at: begin, timeNs, isRunning }: Note, row: number): void {
    const { words } = this.tasks;
    const ofProcess = this.tasks.processRowOf(row, timeNs);
    let at = begin;
    for (const { source } of this.contexts) {
      // They are the last ones.
      if (source.kind === 'stack') return;
      const lengthBytes = contextBytes(source);
      const isRight = isRunning && isOfRunning(source);
      const from = isRight ? -1 : wordOfSource(source, row, ofProcess);
      if (from >= 0) {
        for (let word = 0; word * 4 < lengthBytes; word += 1) {
          view.setInt32(at + word * 4, words[from + word]!, true);
        }
      }
      at += lengthBytes;
    }
  }
}

/** Where a context lies in the table; -1 for one that is not of it. */
function wordOfSource(source: ContextField['source'], row: number, ofProcess: number): number {
  switch (source.kind) {
    case 'task':
      return row + taskWordOf(source.column);
    case 'name':
      return row + taskNameWord;
    case 'group':
      return ofProcess + taskGroupWord;
    case 'container':
      return ofProcess + taskContainerWord;
    case 'tid':
    case 'cpu':
    case 'flag':
    case 'preemptible':
    case 'stack':
      return -1;
    default:
      return source satisfies never;
  }
}

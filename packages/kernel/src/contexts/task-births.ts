/**
 * Tasks being made, as their records tell it: read by whoever goes through a ring, and, where the rings of several processors
 * are read beside each other, collected of all of them before any event is written, so that no task is met before it is known.
 */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { integerField, textReader } from './record-fields.ts';
import type { TaskTable } from './task-table.ts';

/** One of them. */
export interface TaskBirth {
  /** By the kernel's trace clock. */
  readonly timeNs: number;
  readonly parent: number;
  readonly child: number;
  /** Of `clone(2)`, in two halves. */
  readonly cloneFlags: number;
  readonly cloneFlagsHigh: number;
  /** Where the record tells it: of fixed size, with a NUL behind it. */
  readonly name: Uint8Array | undefined;
}

/** The event whose records tell it. */
export const birthEvent = 'task:task_newtask';

/** The event whose records tell their names. */
export const namingEvent = 'task:task_rename';

const currentOffset = 4;

/** Makes what reads a record; undefined where fields are missing. Names are views of the record's bytes. */
export function birthReader(
  format: KernelEventFormat,
):
  | ((view: DataView, bytes: Uint8Array, at: number, lengthBytes: number, timeNs: number) => TaskBirth)
  | undefined {
  const pid = integerField(format, 'pid');
  const flags = integerField(format, 'clone_flags');
  const name = textReader(format, 'comm');
  const highFlags = format.fields.find((field) => field.name === 'clone_flags')?.sizeBytes === 8 ? 4 : -1;
  if (pid === undefined || flags === undefined) return undefined;
  return (view, bytes, at, lengthBytes, timeNs) => ({
    timeNs,
    parent: view.getInt32(at + currentOffset, true),
    child: view.getInt32(at + pid, true),
    cloneFlags: view.getInt32(at + flags, true),
    cloneFlagsHigh: highFlags < 0 ? 0 : view.getInt32(at + flags + highFlags, true),
    name: name?.(view, bytes, at, lengthBytes),
  });
}

/** Enters a task that was made. */
export function enterBirth(table: TaskTable, birth: TaskBirth): void {
  const { parent, child, cloneFlags, cloneFlagsHigh, timeNs, name } = birth;
  const isNews = table.fork(parent, child, cloneFlags, timeNs, cloneFlagsHigh);
  if (isNews && name !== undefined) table.setName(child, name, timeNs);
}

/** What pages of a ring tell of tasks. */
export interface RingTasks {
  readonly births: readonly TaskBirth[];
  /** Numbers of all tasks that did something. */
  readonly seen: readonly number[];
  /** Of those that got a name. */
  readonly named: readonly number[];
}

/**
 * Reads it, without making events.
 * @param birth format of {@link birthEvent}.
 * @param naming format of `task:task_rename`, if it is recorded.
 */
export function tasksIn(
  pages: Iterable<Uint8Array>,
  layout: PageLayout,
  birth: KernelEventFormat,
  naming: KernelEventFormat | undefined,
): RingTasks {
  const births: TaskBirth[] = [];
  const seen = new Set<number>();
  const named = new Set<number>();
  const read = birthReader(birth);
  const leastBytes = Math.max(...birth.fields.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes));
  const namedAt = (naming === undefined ? undefined : integerField(naming, 'pid')) ?? currentOffset;
  const cursor = new PageCursor(layout);
  let last = -1;
  for (const page of pages) {
    cursor.setBytes(page);
    cursor.open(0, page.length);
    while (cursor.next()) {
      const { view, at, lengthBytes, typeId } = cursor;
      if (lengthBytes < currentOffset + 4) continue;
      const tid = view.getInt32(at + currentOffset, true);
      if (tid !== last) seen.add(tid);
      last = tid;
      if (typeId === naming?.id && lengthBytes >= namedAt + 4) named.add(view.getInt32(at + namedAt, true));
      if (typeId !== birth.id || lengthBytes < leastBytes || read === undefined) continue;
      const found = read(view, cursor.bytes, at, lengthBytes, cursor.timeNs);
      births.push({ ...found, name: found.name?.slice() });
    }
  }
  return { births, seen: [...seen], named: [...named] };
}

/**
 * Enters tasks of which nothing is known, in the order in which they were made.
 * @param births in any order.
 * @param isThere whether a task is there yet: then it can be looked up, which tells more.
 */
export function enterBirths(
  table: TaskTable,
  births: readonly TaskBirth[],
  isThere: (birth: TaskBirth) => boolean,
): void {
  for (const birth of births.toSorted((left, right) => left.timeNs - right.timeNs)) {
    const { child, timeNs } = birth;
    // Whoever had the number before must not be taken for it.
    if (!table.knowsSince(child, timeNs) && isThere(birth)) table.free(child, timeNs);
    else enterBirth(table, birth);
  }
}

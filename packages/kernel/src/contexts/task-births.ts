/**
 * Tasks being made, as their records tell it: read by whoever goes through a ring, and, where the rings of several processors
 * are read beside each other, collected of all of them before any event is written, so that no task is met before it is known.
 */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { integerField, textReader } from './record-fields.ts';
import { sameBirthNs, type TaskTable } from './task-table.ts';

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

/** All that pages of a ring tell. @param format of {@link birthEvent}. */
export function birthsIn(
  pages: Iterable<Uint8Array>,
  layout: PageLayout,
  format: KernelEventFormat,
): readonly TaskBirth[] {
  const read = birthReader(format);
  if (read === undefined) return [];
  const births: TaskBirth[] = [];
  const leastBytes = Math.max(...format.fields.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes));
  const cursor = new PageCursor(layout);
  for (const page of pages) {
    cursor.setBytes(page);
    cursor.open(0, page.length);
    while (cursor.next()) {
      if (cursor.typeId !== format.id || cursor.lengthBytes < leastBytes) continue;
      const birth = read(cursor.view, cursor.bytes, cursor.at, cursor.lengthBytes, cursor.timeNs);
      births.push({ ...birth, name: birth.name?.slice() });
    }
  }
  return births;
}

/**
 * Enters tasks of which nothing is known, in the order in which they were made. Of a number that several had, none is: there is no
 * telling whose the events are that are read before those records.
 * @param births in any order.
 * @param isThere whether a task is there yet: then it can be looked up, which tells more.
 */
export function enterBirths(
  table: TaskTable,
  births: readonly TaskBirth[],
  isThere: (birth: TaskBirth) => boolean,
): void {
  const inOrder = births.toSorted((left, right) => left.timeNs - right.timeNs);
  const first = new Map<number, TaskBirth>();
  const ambiguous = new Set<number>();
  for (const birth of inOrder) {
    const before = first.get(birth.child);
    if (before === undefined) first.set(birth.child, birth);
    else if (birth.timeNs - before.timeNs > sameBirthNs) ambiguous.add(birth.child);
  }
  for (const birth of first.values()) {
    if (ambiguous.has(birth.child) || table.knowsSince(birth.child, birth.timeNs) || isThere(birth)) continue;
    enterBirth(table, birth);
  }
}

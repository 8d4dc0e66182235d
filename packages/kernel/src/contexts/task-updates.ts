/** What records of tasks tell the task table. Rare beside other events, so they are plain functions. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { TaskUpdate } from '../mapping/event-mapping.ts';
import { containerOfPath } from './control-groups.ts';
import { integerField, textReader } from './record-fields.ts';
import { birthReader, enterBirth } from './task-births.ts';
import type { TaskTable } from './task-table.ts';

/** Reads one record: its first byte in `bytes`, its length, and its time by the kernel's trace clock. */
export type RecordReader = (
  view: DataView,
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  timeNs: number,
) => void;

const ignore: RecordReader = () => undefined;

const currentOffset = 4;
/** Number of the hierarchy of control groups of version 2. */
const unifiedHierarchy = 0;

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Makes the reader of one event of the kernel for one table; one that does nothing where fields are missing. */
export function taskRecordReader(
  format: KernelEventFormat,
  update: TaskUpdate,
  table: TaskTable,
): RecordReader {
  switch (update) {
    case 'new-task': {
      const read = birthReader(format);
      if (read === undefined) return ignore;
      return (view, bytes, at, lengthBytes, timeNs) => {
        const birth = read(view, bytes, at, lengthBytes, timeNs);
        table.lives?.born(birth.child, timeNs);
        enterBirth(table, birth);
      };
    }
    case 'exec': {
      const pid = integerField(format, 'pid');
      const old = integerField(format, 'old_pid');
      if (pid === undefined || old === undefined) return ignore;
      return (view, _bytes, at, _lengthBytes, timeNs) => {
        // A thread that executes a program takes its process's number.
        const tid = view.getInt32(at + pid, true);
        const before = view.getInt32(at + old, true);
        if (tid !== before) {
          if (!table.isPast(before, timeNs)) table.free(before, timeNs);
          if (!table.isPast(tid, timeNs)) table.goOn(tid);
          table.lives?.died(before, timeNs);
          table.lives?.born(tid, timeNs);
        }
        // Who enters namespaces or becomes another user does it, nearly always, to execute a program there.
        if (!table.isPast(tid, timeNs)) table.refresh(tid, timeNs);
      };
    }
    case 'exit':
      return (view, _bytes, at, _lengthBytes, timeNs) => {
        const tid = view.getInt32(at + currentOffset, true);
        table.end(tid, timeNs);
        table.lives?.died(tid, timeNs);
      };
    case 'rename': {
      const pid = integerField(format, 'pid');
      const name = textReader(format, 'newcomm');
      if (name === undefined) return ignore;
      return (view, bytes, at, lengthBytes, timeNs) => {
        const tid = view.getInt32(at + (pid ?? currentOffset), true);
        table.seek(tid, timeNs);
        table.setName(tid, name(view, bytes, at, lengthBytes), timeNs);
      };
    }
    case 'moved': {
      const pid = integerField(format, 'pid');
      const root = integerField(format, 'dst_root');
      const id = integerField(format, 'dst_id');
      const path = textReader(format, 'dst_path');
      if (pid === undefined || root === undefined || path === undefined) return ignore;
      return (view, bytes, at, lengthBytes, timeNs) => {
        const tid = view.getInt32(at + pid, true);
        const isUnified = view.getInt32(at + root, true) === unifiedHierarchy;
        const container = containerOfPath(textOf(path(view, bytes, at, lengthBytes)));
        const groupId = isUnified && id !== undefined ? view.getInt32(at + id, true) : undefined;
        table.setGroup(tid, groupId, container ?? (isUnified ? '' : undefined), timeNs);
        if (container !== undefined || !table.canSeek || table.isPast(tid, timeNs)) return;
        // Who leaves a container's group in one hierarchy may be in its group in another.
        table.lookForGroup(tid, timeNs);
        // The record is of its own moment.
        table.setGroup(tid, groupId, undefined, timeNs);
      };
    }
    case 'changed': {
      const result = format.fields.find(({ name }) => name === 'ret')?.offsetBytes;
      if (result === undefined) return ignore;
      return (view, _bytes, at, _lengthBytes, timeNs) => {
        if (view.getInt32(at + result, true) !== 0) return;
        const tid = view.getInt32(at + currentOffset, true);
        if (!table.isPast(tid, timeNs)) table.refresh(tid, timeNs);
      };
    }
    default:
      return update satisfies never;
  }
}

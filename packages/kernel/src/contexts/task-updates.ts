/** What records of tasks tell the task table. Rare beside other events, so they are plain functions. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { TaskUpdate } from '../mapping/event-mapping.ts';
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

function integerField(format: KernelEventFormat, name: string): number | undefined {
  const field = format.fields.find((candidate) => candidate.name === name);
  return field?.shape.kind === 'integer' ? field.offsetBytes : undefined;
}

/** Text of a field that is kept in a fixed number of bytes or elsewhere in the record. */
function textReader(
  format: KernelEventFormat,
  name: string,
): ((view: DataView, bytes: Uint8Array, at: number, lengthBytes: number) => Uint8Array) | undefined {
  const field = format.fields.find((candidate) => candidate.name === name);
  if (field === undefined) return undefined;
  const { offsetBytes, shape } = field;
  if (shape.kind === 'text') {
    return (_view, bytes, at) => bytes.subarray(at + offsetBytes, at + offsetBytes + shape.sizeBytes);
  }
  if (shape.kind !== 'dynamic') return undefined;
  const base = shape.relative ? offsetBytes + 4 : 0;
  return (view, bytes, at, lengthBytes) => {
    const word = view.getUint32(at + offsetBytes, true);
    const from = base + (word & 0xffff);
    const length = word >>> 16;
    return from + length > lengthBytes ? bytes.subarray(0, 0) : bytes.subarray(at + from, at + from + length);
  };
}

const currentOffset = 4;

/** Makes the reader of one event of the kernel for one table; one that does nothing where fields are missing. */
export function taskRecordReader(
  format: KernelEventFormat,
  update: TaskUpdate,
  table: TaskTable,
): RecordReader {
  switch (update) {
    case 'new-task': {
      const pid = integerField(format, 'pid');
      const flags = integerField(format, 'clone_flags');
      const name = textReader(format, 'comm');
      if (pid === undefined || flags === undefined) return ignore;
      return (view, bytes, at, lengthBytes, timeNs) => {
        const child = view.getInt32(at + pid, true);
        const parent = view.getInt32(at + currentOffset, true);
        const isNews = table.fork(parent, child, view.getInt32(at + flags, true), timeNs);
        if (isNews && name !== undefined) table.setName(child, name(view, bytes, at, lengthBytes), timeNs);
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
        if (tid !== before) table.free(before);
        // Who enters namespaces or becomes another user does it, nearly always, to execute a program there.
        table.refresh(tid, timeNs);
      };
    }
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
    case 'changed': {
      const result = format.fields.find(({ name }) => name === 'ret')?.offsetBytes;
      if (result === undefined) return ignore;
      return (view, _bytes, at, _lengthBytes, timeNs) => {
        if (view.getInt32(at + result, true) !== 0) return;
        table.refresh(view.getInt32(at + currentOffset, true), timeNs);
      };
    }
    default:
      return update satisfies never;
  }
}

/**
 * How records of the kernel become events of a trace: for each field of an event where its value comes from and what
 * class it has. This is the first of three stages (mapping → plan → code); it holds names and types only.
 */
import type { FieldClass } from '@spoor/ctf';
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { TaskColumn } from '../contexts/task-row.ts';

/** Where text lies in a record: in so many bytes, at a place that a word of the record tells, or up to its end. */
export type TextPlace =
  | { readonly kind: 'fixed'; readonly offsetBytes: number; readonly sizeBytes: number }
  | { readonly kind: 'dynamic'; readonly offsetBytes: number; readonly relative: boolean }
  | { readonly kind: 'trailing'; readonly offsetBytes: number };

/** Where the value of a field comes from. Offsets are from the record's first byte. */
export type ValueSource =
  /** A number of the record, in `lengthBytes` of the event; `add` is added to it. */
  | {
      readonly kind: 'integer';
      readonly offsetBytes: number;
      readonly sizeBytes: 1 | 2 | 4 | 8;
      readonly signed: boolean;
      readonly lengthBytes: 1 | 2 | 4 | 8;
      readonly add: number;
    }
  /** Bytes as they are. */
  | { readonly kind: 'bytes'; readonly offsetBytes: number; readonly sizeBytes: number }
  /** Text in a fixed number of bytes, filled with NULs. */
  | { readonly kind: 'text'; readonly from: TextPlace; readonly lengthBytes: number }
  /** Text with a NUL behind it. */
  | { readonly kind: 'string'; readonly from: TextPlace }
  /** The text that an argument of a system call points to, as a probe read it before. */
  | {
      readonly kind: 'call-text';
      readonly offsetBytes: number;
      /** Whether no further text of the call comes. */
      readonly isLast: boolean;
    }
  /** The text of the kernel that an address tells, with a NUL behind it. */
  | { readonly kind: 'kernel-text'; readonly offsetBytes: number; readonly sizeBytes: 4 | 8 }
  /** Elements whose number each record tells, behind that number in 16 bits. */
  | { readonly kind: 'sequence'; readonly from: TextPlace; readonly elementBytes: 1 | 2 | 4 | 8 }
  /** The kernel's letters for a block request (`WFSM`) as LTTng's bits, in 32 bits. */
  | { readonly kind: 'request-flags'; readonly offsetBytes: number; readonly sizeBytes: number }
  /** What is known of the task whose number stands in the record, in 32 bits. */
  | { readonly kind: 'task'; readonly column: TaskColumn; readonly tidOffsetBytes: number }
  /** The numbers of a new task in its PID namespaces, the outermost first, behind their count in 8 bits. */
  | { readonly kind: 'task-numbers'; readonly tidOffsetBytes: number }
  | { readonly kind: 'constant'; readonly value: number; readonly lengthBytes: 1 | 2 | 4 | 8 };

/** One field of an event. */
export interface MappedField {
  readonly name: string;
  readonly fieldClass: FieldClass;
  readonly source: ValueSource;
}

/** What a record tells of tasks beside being an event: the task table is kept by it. */
export type TaskUpdate = 'new-task' | 'exec' | 'exit' | 'rename' | 'changed' | 'moved';

/** What a record tells for others: of tasks, the text that a call is given, the stack of an event. */
export type RecordUpdate = TaskUpdate | 'call-text' | 'kernel-stack' | 'user-stack';

/** One event of a trace and the records that it is made from. */
export interface MappedEvent {
  readonly name: string;
  readonly fields: readonly MappedField[];
  readonly origin: MappedOrigin;
  readonly update?: RecordUpdate;
}

/** Which records: all of one event of the kernel, or those of `raw_syscalls` with this number. */
export type MappedOrigin =
  | { readonly kind: 'event'; readonly format: KernelEventFormat }
  | {
      readonly kind: 'syscall';
      readonly direction: 'entry' | 'exit';
      readonly number: number;
      /** Of the event of `raw_syscalls`. */
      readonly format: KernelEventFormat;
    };

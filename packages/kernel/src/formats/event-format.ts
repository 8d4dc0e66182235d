/** What the kernel says of one event: the file `events/SYSTEM/NAME/format` of tracefs. */

/** A number of a record, in the byte order of the machine that recorded it. */
export interface IntegerShape {
  readonly kind: 'integer';
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  /** What C has it for; `pointer` values are addresses and are shown in hexadecimal. */
  readonly meaning: 'number' | 'pointer' | 'boolean';
}

/** How the bytes of a field are to be read. */
export type FieldShape =
  | IntegerShape
  /** `char name[16]`: text up to its first NUL. */
  | { readonly kind: 'text'; readonly sizeBytes: number }
  /** `unsigned long args[6]` */
  | { readonly kind: 'array'; readonly element: IntegerShape; readonly count: number }
  /** A structure, or what else has no type that is known: bytes. */
  | { readonly kind: 'bytes'; readonly sizeBytes: number }
  /**
   * `__data_loc T[] name` and `__rel_loc T[] name`: a word of 32 bits whose upper half is a length in bytes and whose
   * lower half tells where the elements are: from the record's first byte, or from the byte behind the word.
   */
  | { readonly kind: 'dynamic'; readonly relative: boolean; readonly content: DynamicContent }
  /** `char buf[]`: what is left of the record. */
  | { readonly kind: 'trailing'; readonly content: DynamicContent };

/** Elements of a field whose length each record tells. */
export type DynamicContent =
  | { readonly kind: 'text' }
  | { readonly kind: 'array'; readonly element: IntegerShape }
  /** A set of processors: words of 4 or 8 bytes, the lowest first. */
  | { readonly kind: 'cpumask'; readonly wordBytes: 4 | 8 }
  | { readonly kind: 'bytes' };

/** One field of a record. */
export interface KernelField {
  readonly name: string;
  /** Its type as C declares it, without name and count: `unsigned long`, `__data_loc char[]`. */
  readonly type: string;
  /** From the record's first byte. */
  readonly offsetBytes: number;
  /** Of the field itself; of a dynamic one that is its word, of a trailing one 0. */
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly shape: FieldShape;
}

/** One event of a kernel. */
export interface KernelEventFormat {
  /** Folder of the event, such as `sched`. */
  readonly system: string;
  readonly name: string;
  /** The number in `common_type` of its records; holds until the machine is started anew. */
  readonly id: number;
  /** Fields that all events have: `common_type`, `common_flags`, `common_preempt_count`, `common_pid`. */
  readonly commonFields: readonly KernelField[];
  readonly fields: readonly KernelField[];
  /** What stands behind `print fmt: `, unparsed. */
  readonly printText: string;
}

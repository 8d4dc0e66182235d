/** Where the bytes of tables go. */

/** Bytes of one file or pipe. */
export interface ByteOutput {
  /** Takes the first `length` bytes; all of them before it returns. */
  write(bytes: Uint8Array, length: number): void;
  close(): void;
}

/** Makes files by name, or has one pipe for a single table. */
export interface TablePlaces {
  open(fileName: string): ByteOutput;
}

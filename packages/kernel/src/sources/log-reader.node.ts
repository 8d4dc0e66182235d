/** The kernel's log, read as it is written. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { errnoOf, controlError } from '../tracefs/control-file.node.ts';
import { parseLogRecord, type LogRecord } from './log-record.ts';

/** Where the kernel hands out its log. */
const logPath = '/dev/kmsg';
/** Larger than any record: the kernel refuses to hand out parts. */
const recordBytes = 16_384;

/** The log as a file: one record a read, which fails with EAGAIN behind the last one and with EPIPE where records were lost. */
export interface LogFile {
  read(bytes: Uint8Array): number;
  close(): void;
}

function openLog(): LogFile {
  let fd: number;
  try {
    fd = openSync(logPath, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw controlError('read the log of the kernel', logPath, error);
  }
  return { read: (bytes) => readSync(fd, bytes, 0, bytes.length, null), close: () => closeSync(fd) };
}

/** What was found by a look at the log. */
export interface LogLook {
  readonly records: readonly LogRecord[];
  /** Records that the kernel overwrote before they could be read. */
  readonly lostCount: number;
}

/** Reads what comes into the log from now on; one that is given a number goes on behind that record. */
export class LogReader implements Disposable {
  private readonly file: LogFile;
  private readonly bytes = Buffer.alloc(recordBytes);
  private lastSequence: number;

  /**
   * @param lastSequence of the record that was read last, by another reader of the same start of the machine.
   * @throws SpoorError `kernel/ERRNO`.
   */
  constructor(lastSequence?: number, file: LogFile = openLog()) {
    this.file = file;
    this.lastSequence = lastSequence ?? -1;
    if (lastSequence === undefined) {
      for (let record = this.next(); record !== undefined; record = this.next()) {
        if (record !== 'overwritten') this.lastSequence = record.sequence;
      }
    }
  }

  /** Number of the record that was read last; -1 where the log was empty. */
  get position(): number {
    return this.lastSequence;
  }

  /** What came since the last look. */
  look(): LogLook {
    const records: LogRecord[] = [];
    let lostCount = 0;
    for (let record = this.next(); record !== undefined; record = this.next()) {
      // The numbers tell how many they were.
      if (record === 'overwritten' || record.sequence <= this.lastSequence) continue;
      if (this.lastSequence >= 0) lostCount += record.sequence - this.lastSequence - 1;
      this.lastSequence = record.sequence;
      records.push(record);
    }
    return { records, lostCount };
  }

  private next(): LogRecord | 'overwritten' | undefined {
    for (;;) {
      let count: number;
      try {
        count = this.file.read(this.bytes);
      } catch (error) {
        switch (errnoOf(error)) {
          case 'EAGAIN':
            return undefined;
          case 'EPIPE':
            return 'overwritten';
          default:
            throw controlError('read the log of the kernel', logPath, error);
        }
      }
      if (count === 0) return undefined;
      const record = parseLogRecord(this.bytes.toString('latin1', 0, count));
      if (record !== undefined) return record;
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

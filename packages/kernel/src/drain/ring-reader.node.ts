/** Reads the pages of one ring from `trace_pipe_raw`, several into one piece of memory. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { SplicePipe } from '@spoor/sys';
import type { PageLayout } from '../formats/page-layout.ts';
import { batchBytesOf } from './page-sink.ts';
import { commitWord, storedPageBytes, usedPageBytes } from '../recording/stored-page.ts';
import { controlError, errnoOf } from '../tracefs/control-file.node.ts';

/** The page that is being written is read as often: it is dear to read in parts. */
export const partialPageMs = 250;

/** Made once a ring; what it reads into is used again and again. */
export class RingReader implements Disposable {
  readonly layout: PageLayout;
  /** Of the pages read last: where they lie. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes of the batch: every page but the last one is whole. */
  batchBytes = 0;
  /** Whether the last page of the batch was not full: it had been read while it filled, or is filling now. */
  endsShort = false;
  private count = 0;
  private readonly path: string;
  /** Of the ring, to wait for. */
  readonly descriptor: number;

  /**
   * @param memory that pages are read into, {@link batchBytesOf} of the layout.
   * @throws SpoorError `kernel/ERRNO`.
   */
  constructor(
    path: string,
    layout: PageLayout,
    memory: Uint8Array<ArrayBuffer> = new Uint8Array(batchBytesOf(layout)),
  ) {
    this.layout = layout;
    this.path = path;
    this.readInto(memory);
    try {
      this.descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      throw controlError('open a ring', path, error);
    }
  }

  /** Pages are read into other memory from now on: {@link batchBytesOf} the layout. */
  readInto(memory: Uint8Array<ArrayBuffer>): void {
    if (memory === this.bytes) return;
    this.bytes = memory;
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.count = 0;
  }

  /**
   * Reads pages until the batch is full, a page is not full, or the ring is empty.
   * @returns how many; 0 when it is empty.
   * @throws SpoorError `kernel/ERRNO`.
   */
  read(): number {
    const { layout, view, bytes } = this;
    const { subBufferBytes } = layout;
    const most = bytes.length / subBufferBytes;
    this.endsShort = false;
    this.batchBytes = 0;
    let count = 0;
    while (count < most) {
      const at = count * subBufferBytes;
      if (this.readPage(at) < layout.dataOffsetBytes) break;
      count += 1;
      const stored = storedPageBytes(commitWord(view, at, layout), layout);
      this.batchBytes = at + stored;
      if (stored < subBufferBytes) {
        this.endsShort = true;
        break;
      }
    }
    this.count = count;
    return count;
  }

  /**
   * Whether all events that were recorded before a moment have been read: the last page of the batch begins after it.
   * @param timeNs by the clock of the ring; where that is CLOCK_MONOTONIC, of `process.hrtime`.
   */
  isBehind(timeNs: number): boolean {
    const { layout, view, count } = this;
    if (count === 0) return true;
    const at = (count - 1) * layout.subBufferBytes;
    // A page without events tells no time.
    if (this.usedBytes(count - 1) <= layout.dataOffsetBytes) return false;
    const began = view.getBigUint64(at + layout.timestampOffsetBytes, layout.littleEndian);
    return Number(began) > timeNs;
  }

  /** Bytes of the pages of the batch, each with all of its sub-buffer. */
  get wholeBytes(): number {
    return this.count * this.layout.subBufferBytes;
  }

  /**
   * Moves full pages into a file, past this process; one that is being written stays in the ring.
   * @returns how many bytes that was, about `mostBytes` at most.
   * @throws SystemCallError `sys/enospc` and the like.
   */
  moveFull(pipe: SplicePipe, file: number, mostBytes: number): number {
    return pipe.move(this.descriptor, file, this.layout.subBufferBytes, mostBytes);
  }

  /**
   * Reads one full page, which is the first of the batch then; one that is being written stays in the ring. The kernel hands
   * a full page out as it is, and copies one that is not event by event. Mapping the ring would be dearer: before the kernel hands
   * a page of a mapped one over it goes through its events, with interrupts off (Linux 6.18: 30 ns an event, for 4 here).
   * @returns whether there was one.
   * @throws SystemCallError.
   */
  readFull(pipe: SplicePipe): boolean {
    this.count = pipe.read(this.descriptor, this.bytes, this.layout.subBufferBytes) > 0 ? 1 : 0;
    return this.count > 0;
  }

  /** Used bytes of a page of the batch. */
  usedBytes(index: number): number {
    const { layout, view } = this;
    return usedPageBytes(commitWord(view, index * layout.subBufferBytes, layout), layout);
  }

  private readPage(at: number): number {
    for (;;) {
      try {
        return readSync(this.descriptor, this.bytes, at, this.layout.subBufferBytes, null);
      } catch (error) {
        const errno = errnoOf(error);
        // ENODEV: the processor is off, and has been all along. It has a ring once it is on.
        if (errno === 'EAGAIN' || errno === 'ENODEV') return 0;
        if (errno !== 'EINTR') throw controlError('read a ring', this.path, error);
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}

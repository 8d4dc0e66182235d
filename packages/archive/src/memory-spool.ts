/** Unpacked bytes in memory. */
import type { ByteSource } from '@spoor/ctf';
import { archiveError } from './errors.ts';
import type { Spool } from './means.ts';

const blockBytes = 1_048_576;

/** Keeps bytes in blocks, up to a bound. */
export class MemorySpool implements Spool {
  private readonly archive: string;
  private readonly mostBytes: number;
  private blocks: Uint8Array[] = [];
  /** Bytes appended so far. */
  sizeBytes = 0;

  /** @param mostBytes that may be kept; `append` throws beyond. */
  constructor(archive: string, mostBytes: number) {
    this.archive = archive;
    this.mostBytes = mostBytes;
  }

  append(bytes: Uint8Array): void {
    if (this.sizeBytes + bytes.length > this.mostBytes) {
      throw archiveError(
        'archive/too-large',
        this.archive,
        undefined,
        `it unpacks to more than the ${this.mostBytes} bytes of memory that it may take`,
        'unpack it and open the folder',
      );
    }
    let taken = 0;
    while (taken < bytes.length) {
      const used = this.sizeBytes % blockBytes;
      if (used === 0) this.blocks.push(new Uint8Array(blockBytes));
      const part = bytes.subarray(taken, taken + blockBytes - used);
      this.blocks.at(-1)!.set(part, used);
      taken += part.length;
      this.sizeBytes += part.length;
    }
  }

  /** The blocks so far, cut to what they hold, for moving them elsewhere. */
  *parts(): Generator<Uint8Array, void, undefined> {
    for (const [index, block] of this.blocks.entries()) {
      yield block.subarray(0, Math.min(blockBytes, this.sizeBytes - index * blockBytes));
    }
  }

  finish(name: string): ByteSource {
    const { blocks, sizeBytes } = this;
    return {
      name,
      sizeBytes,
      read(into, length, position) {
        const end = Math.min(position + length, sizeBytes);
        let at = position;
        while (at < end) {
          const from = at % blockBytes;
          const part = blocks[Math.floor(at / blockBytes)]!.subarray(
            from,
            Math.min(blockBytes, from + end - at),
          );
          into.set(part, at - position);
          at += part.length;
        }
        return Math.max(0, at - position);
      },
    };
  }

  discard(): void {
    this.blocks = [];
    this.sizeBytes = 0;
  }
}

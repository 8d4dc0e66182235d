/** Bytes that must be fetched: what is asked for and not at hand is awaited, and read again. */
import { SpoorError } from '@spoor/base';
import { BytesAwaited, type ByteSource } from '@spoor/ctf';

const blockBytes = 65_536;
/** Blocks kept at least; twice the largest read is always kept. */
const leastKeptBlocks = 64;

/** Fetches the bytes from `start` to before `end`. */
export type Fetch = (start: number, end: number) => Promise<Uint8Array>;

/** A source that fetches blocks and keeps those that were used last. */
export class RemoteSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isRemote = true;
  private readonly fetch: Fetch;
  /** By index; the last used is last. */
  private readonly blocks = new Map<number, Uint8Array>();
  private mostBlocks = leastKeptBlocks;
  private fetchedBytes = 0;

  /** @param first bytes from the beginning that are at hand. */
  constructor(name: string, sizeBytes: number, fetch: Fetch, first: Uint8Array = new Uint8Array(0)) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.fetch = fetch;
    this.keep(0, first);
  }

  read(into: Uint8Array, length: number, position: number): number {
    const end = Math.min(position + length, this.sizeBytes);
    if (end <= position) return 0;
    const firstBlock = Math.floor(position / blockBytes);
    const lastBlock = Math.floor((end - 1) / blockBytes);
    this.mostBlocks = Math.max(this.mostBlocks, 2 * (lastBlock - firstBlock + 1));
    this.ensure(firstBlock, lastBlock);
    for (let index = firstBlock; index <= lastBlock; index++) {
      const block = this.blocks.get(index)!;
      this.blocks.delete(index);
      this.blocks.set(index, block);
      const start = index * blockBytes;
      const from = Math.max(position, start);
      into.set(block.subarray(from - start, Math.min(end - start, blockBytes)), from - position);
    }
    return end - position;
  }

  /** @throws BytesAwaited unless all blocks are at hand. */
  private ensure(first: number, last: number): void {
    let from = first;
    let to = last;
    while (from <= to && this.blocks.has(from)) from++;
    while (to >= from && this.blocks.has(to)) to--;
    if (from > to) return;
    const arrival = this.load(from * blockBytes, Math.min((to + 1) * blockBytes, this.sizeBytes));
    // Who reads with `for` does not wait for it, and must not be told of its failure.
    arrival.catch(() => {});
    throw new BytesAwaited(this.name, arrival);
  }

  private async load(start: number, end: number): Promise<void> {
    this.fetchedBytes += end - start;
    if (this.fetchedBytes > 64 * (this.sizeBytes + 16 * blockBytes)) {
      throw new SpoorError('trace/fetch', 'it is fetched again and again', {
        where: this.name,
        hint: 'it is badly damaged; have it as a file',
      });
    }
    const bytes = await this.fetch(start, end);
    if (bytes.length !== end - start) {
      throw new SpoorError('trace/fetch', `${bytes.length} bytes came in place of ${end - start}`, {
        where: `${this.name} at byte ${start}`,
        hint: 'it changed while it was read, or the connection broke',
      });
    }
    this.keep(start, bytes);
  }

  private keep(start: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const block = bytes.subarray(at, at + blockBytes);
      // A block that is not whole is of use only at the end.
      if (block.length < blockBytes && start + at + block.length < this.sizeBytes) break;
      this.blocks.set((start + at) / blockBytes, block);
    }
    for (const index of this.blocks.keys()) {
      if (this.blocks.size <= this.mostBlocks) break;
      this.blocks.delete(index);
    }
  }
}

/** The bytes of a file of the browser. */
export function blobSource(blob: Blob, name: string): RemoteSource {
  return new RemoteSource(name, blob.size, async (start, end) => {
    try {
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    } catch (cause) {
      throw new SpoorError('trace/fetch', 'cannot read it', {
        where: name,
        hint: 'it changed or went since it was chosen',
        cause,
      });
    }
  });
}

/** Unpacks the blocks of a Zstandard frame (RFC 8878, 3.1.1.2) and keeps the window that they copy from. */
import { makePacked, slackBytes, type PackedBlock } from './bits.ts';
import { LiteralsReader } from './literals.ts';
import { SequencesReader, type Output } from './sequences.ts';

/** What a block is at most, packed or not. */
const mostBlockBytes = 131_072;

/** The last bytes that were unpacked, in a buffer that grows to the window and a quarter more, and is moved then. */
class Window implements Output {
  bytes = new Uint8Array(2 * mostBlockBytes + slackBytes);
  view = new DataView(this.bytes.buffer);
  position = 0;

  /** Makes room for a block behind what is held of a window. */
  reserve(windowBytes: number): void {
    const needed = this.position + mostBlockBytes + slackBytes;
    const held = this.bytes.length;
    if (needed <= held) return;
    const largest = windowBytes + Math.max(windowBytes >> 2, mostBlockBytes) + mostBlockBytes + slackBytes;
    if (held < largest) {
      const grown = new Uint8Array(Math.min(largest, Math.max(needed, 2 * held)));
      grown.set(this.bytes.subarray(0, this.position));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
      if (needed <= grown.length) return;
    }
    this.bytes.copyWithin(0, this.position - windowBytes, this.position);
    this.position = windowBytes;
  }
}

/** Unpacks frames, one after the other. What it holds is as large as the largest window so far, or what came out of it. */
export class FrameDecoder {
  /** Where a block is put, from {@link slackBytes} on, before it is unpacked. */
  readonly packed: PackedBlock = makePacked(mostBlockBytes);
  private readonly literals = new LiteralsReader(mostBlockBytes);
  private readonly sequences = new SequencesReader();
  private readonly window = new Window();
  private windowBytes = 0;
  /** What a block of this frame is at most. */
  blockBytes = 0;

  /** Begins a frame. */
  begin(windowBytes: number): void {
    this.windowBytes = windowBytes;
    this.blockBytes = Math.min(windowBytes, mostBlockBytes);
    this.window.position = 0;
    this.literals.reset();
    this.sequences.reset();
  }

  /**
   * Unpacks the block that is in `packed`.
   * @param kind as its header says: 0 plain bytes, 1 one byte many times, 2 packed.
   * @param size as its header says.
   * @returns its bytes, which are good until the next block.
   * @throws ZstdDamage
   */
  block(kind: 0 | 1 | 2, size: number): Uint8Array {
    const { packed, window } = this;
    window.reserve(this.windowBytes);
    const begin = window.position;
    if (kind === 0) {
      window.bytes.set(packed.bytes.subarray(slackBytes, slackBytes + size), begin);
      window.position += size;
    } else if (kind === 1) {
      window.bytes.fill(packed.bytes[slackBytes]!, begin, begin + size);
      window.position += size;
    } else {
      const end = slackBytes + size;
      const at = this.literals.read(packed, slackBytes, end, this.blockBytes);
      this.sequences.read(packed, at, end, this.literals, window, this.blockBytes, this.windowBytes);
    }
    return window.bytes.subarray(begin, window.position);
  }
}

/** Builds sub-buffers as the kernel does, for tests. */
import type { PageLayout } from '../formats/page-layout.ts';

export const layout64: PageLayout = {
  littleEndian: true,
  longBytes: 8,
  timestampOffsetBytes: 0,
  commitOffsetBytes: 8,
  dataOffsetBytes: 16,
  subBufferBytes: 4096,
};

export const layout32BigEndian: PageLayout = {
  ...layout64,
  littleEndian: false,
  longBytes: 4,
  dataOffsetBytes: 12,
};

/** Writes one sub-buffer, event by event. */
export class PageBuilder {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly layout: PageLayout;
  private at: number;

  constructor(layout: PageLayout, begin: bigint) {
    this.layout = layout;
    this.bytes = new Uint8Array(layout.subBufferBytes);
    this.view = new DataView(this.bytes.buffer);
    this.view.setBigUint64(layout.timestampOffsetBytes, begin, layout.littleEndian);
    this.at = layout.dataOffsetBytes;
  }

  /** Bytes for which there is room. */
  get freeBytes(): number {
    return this.layout.subBufferBytes - this.at;
  }

  private word(value: number): void {
    this.view.setUint32(this.at, value >>> 0, this.layout.littleEndian);
    this.at += 4;
  }

  private head(kind: number, delta: number): void {
    this.word(this.layout.littleEndian ? (delta << 5) | kind : (kind << 27) | delta);
  }

  extend(delta: bigint): void {
    this.head(30, Number(delta & 0x7ff_ffffn));
    this.word(Number(delta >> 27n));
  }

  stamp(time: bigint): void {
    this.head(31, Number(time & 0x7ff_ffffn));
    this.word(Number((time >> 27n) & 0xffff_ffffn));
  }

  discarded(delta: number, payloadBytes: number): void {
    this.head(29, delta);
    this.word(payloadBytes + 4);
    this.at += payloadBytes;
  }

  /** A record: its length is put into the head where it can be, unless `long`. */
  record(delta: number, payload: Uint8Array, long = false): void {
    const padded = (payload.length + 3) & ~3;
    if (long || padded > 112 || padded === 0) {
      this.head(0, delta);
      this.word(padded + 4);
    } else {
      this.head(padded / 4, delta);
    }
    this.bytes.set(payload, this.at);
    this.at += padded;
  }

  /** Ends the page. @param lost events lost before it; -1 for a number that is not told. */
  finish(lost = 0): Uint8Array {
    const { layout } = this;
    let commit = this.at - layout.dataOffsetBytes;
    if (lost !== 0) commit |= 1 << 31;
    if (lost > 0) {
      commit |= 1 << 30;
      if (layout.longBytes === 8) this.view.setBigUint64(this.at, BigInt(lost), layout.littleEndian);
      else this.view.setUint32(this.at, lost, layout.littleEndian);
    }
    const lower = layout.littleEndian || layout.longBytes === 4 ? 0 : 4;
    this.view.setUint32(layout.commitOffsetBytes + lower, commit >>> 0, layout.littleEndian);
    return this.bytes;
  }
}

/** A payload that is nothing but its `common_type` and bytes of one value. */
export function payloadOf(typeId: number, lengthBytes: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, lengthBytes)).fill(typeId & 0xff);
  new DataView(bytes.buffer).setUint16(0, typeId, littleEndian);
  return bytes;
}

/** Text that grows as long as it is not handed out. */
export class LineBuffer {
  /** Room for a slice of a report; memory that is not written to takes none. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 22);
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes of text. */
  length = 0;

  /** Makes it twice as large; what is there stays. */
  grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Makes room for so many bytes. */
  reserve(sizeBytes: number): void {
    while (this.length + sizeBytes > this.bytes.length) this.grow();
  }

  append(text: Uint8Array): void {
    this.reserve(text.length);
    this.bytes.set(text, this.length);
    this.length += text.length;
  }
}

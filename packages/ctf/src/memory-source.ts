import type { ByteSource } from './byte-source.ts';

/** Bytes that are in memory already. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly #bytes: Uint8Array;

  /** @param name for messages. */
  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
  }

  get sizeBytes(): number {
    return this.#bytes.byteLength;
  }

  read(into: Uint8Array, length: number, position: number): number {
    const part = this.#bytes.subarray(position, position + length);
    into.set(part);
    return part.byteLength;
  }
}

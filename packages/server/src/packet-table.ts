import { packetPaddingBytes, type ByteSource, type PacketPlace, type StreamDecoder } from '@spoor/ctf';

/** A packet that was indexed, and what it takes to decode its events again. */
interface Packet {
  readonly source: ByteSource;
  readonly startByte: number;
  readonly sizeBytes: number;
  /** Values of its header and context that events refer to. */
  readonly externals: Float64Array;
}

/** A packet's bytes, as accessors want them. */
export interface LoadedPacket {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly sizeBytes: number;
  readonly externals: Float64Array;
}

/** Bytes of packets kept in memory. */
const keptBytes = 32 * 1024 * 1024;

/** The packets of all streams by number; loads their bytes on demand and keeps those used last. */
export class PacketTable {
  readonly #packets: Packet[] = [];
  readonly #loaded = new Map<number, LoadedPacket>();
  #loadedBytes = 0;

  /** Notes a packet and returns its number. */
  add(place: PacketPlace, externals: Float64Array, decoder: StreamDecoder): number {
    const copy = decoder.externals.length === 0 ? externals : externals.slice();
    return this.#packets.push({ ...place, externals: copy }) - 1;
  }

  /** The bytes of a packet. A file that has become shorter since gives zeros, and so empty fields. */
  load(number: number): LoadedPacket {
    let loaded = this.#loaded.get(number);
    if (loaded !== undefined) {
      this.#loaded.delete(number);
      this.#loaded.set(number, loaded);
      return loaded;
    }
    const { source, startByte, sizeBytes, externals } = this.#packets[number]!;
    const bytes = new Uint8Array(sizeBytes + packetPaddingBytes);
    for (let at = 0; at < sizeBytes;) {
      const count = source.read(at === 0 ? bytes : bytes.subarray(at), sizeBytes - at, startByte + at);
      if (count === 0) break;
      at += count;
    }
    loaded = { bytes, view: new DataView(bytes.buffer), sizeBytes, externals };
    this.#loaded.set(number, loaded);
    this.#loadedBytes += sizeBytes;
    for (const [oldest, packet] of this.#loaded) {
      if (this.#loadedBytes <= keptBytes || oldest === number) break;
      this.#loaded.delete(oldest);
      this.#loadedBytes -= packet.sizeBytes;
    }
    return loaded;
  }
}

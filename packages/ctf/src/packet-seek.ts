/**
 * Finds where to begin reading a stream of which only the end is wanted, without going through all of it: by LTTng's
 * index of its packets, or by bisection where all packets have the same size, as LTTng's sub-buffers have.
 */
import { packetPaddingBytes } from './bits.ts';
import { PacketProperties } from './packet-cursor.ts';
import { placeInIndex } from './packet-index.ts';
import type { PacketHeaderDecoder, StreamDecoder } from './stream-decoder.ts';
import type { ByteSource } from './byte-source.ts';

/** Below this size the headers of all packets are read as quickly. */
const leastBisectedBytes = 1 << 20;
const probeBytes = 4096;

/** What the header and context of a packet say. */
interface ProbedPacket {
  readonly sizeBytes: number;
  readonly beginTicks: bigint;
  readonly endTicks: bigint;
  /** Words that all packets of one stream share: UUID, stream class and stream. */
  readonly key: string;
}

/** Looks at single packets of a source. */
class PacketProbe {
  private readonly bytes = new Uint8Array(probeBytes + packetPaddingBytes);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly properties = new PacketProperties();
  private readonly source: ByteSource;
  private readonly headerDecoder: PacketHeaderDecoder;
  private readonly decoder: StreamDecoder;

  constructor(source: ByteSource, headerDecoder: PacketHeaderDecoder, decoder: StreamDecoder) {
    this.source = source;
    this.headerDecoder = headerDecoder;
    this.decoder = decoder;
  }

  /** The packet at a position; undefined where no packet begins, or one that does not say its size and times. */
  at(position: number): ProbedPacket | undefined {
    const { bytes, view, properties } = this;
    const length = this.source.read(bytes, probeBytes, position);
    bytes.fill(0, length, length + packetPaddingBytes);
    properties.clear();
    const afterHeader = this.headerDecoder.decode(bytes, view, length * 8, properties);
    if (afterHeader < 0 || properties.magic !== 0xc1fc1fc1) return undefined;
    const end = this.decoder.decodeContext(bytes, view, afterHeader, length * 8, properties);
    const { totalBits, contentBits, hasBegin, hasEnd, uuidByte, streamClassId, streamId } = properties;
    if (end < 0 || totalBits < end || totalBits % 8 !== 0 || contentBits > totalBits) return undefined;
    if (!hasBegin || !hasEnd || (properties.endHi === 0 && properties.endLo === 0)) return undefined;
    const uuid = uuidByte < 0 ? '' : bytes.subarray(uuidByte, uuidByte + 16).join();
    return {
      sizeBytes: totalBits / 8,
      beginTicks: (BigInt(properties.beginHi) << 32n) | BigInt(properties.beginLo),
      endTicks: (BigInt(properties.endHi) << 32n) | BigInt(properties.endLo),
      key: `${uuid} ${streamClassId} ${streamId}`,
    };
  }
}

/** By halves, on the grid of the first packet's size; what is on it must be a packet of the same stream. */
function bisect(probe: PacketProbe, source: ByteSource, ticks: bigint): number {
  const first = source.sizeBytes < leastBisectedBytes ? undefined : probe.at(0);
  if (first === undefined || first.endTicks >= ticks) return 0;
  let low = 0;
  let lowTicks = first.beginTicks;
  let high = Math.floor(source.sizeBytes / first.sizeBytes);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const packet = probe.at(middle * first.sizeBytes);
    // Where packets of other sizes lie between, the search goes on before them.
    const isPacket = packet?.key === first.key && packet.beginTicks >= lowTicks;
    if (isPacket && packet.endTicks < ticks) {
      low = middle;
      lowTicks = packet.beginTicks;
    } else {
      high = middle;
    }
  }
  return low * first.sizeBytes;
}

/**
 * The position of a packet that ends before a clock value, as do all before it; as near to that clock value as can be
 * told without reading the stream. 0 where nothing can be told.
 * A header without a magic number and a UUID is not recognised with certainty, so such streams are not bisected.
 */
export function seekPacket(
  source: ByteSource,
  headerDecoder: PacketHeaderDecoder,
  decoder: StreamDecoder,
  ticks: bigint,
): number {
  if (ticks <= 0n) return 0;
  const probe = new PacketProbe(source, headerDecoder, decoder);
  const index = source.packetIndex?.();
  if (index !== undefined) {
    const place = placeInIndex(index, source.sizeBytes, ticks);
    // The packet must be the one that the index tells of: an index may be of another file of the same size.
    if (place !== undefined && probe.at(place.offsetBytes)?.endTicks === place.endTicks) {
      return place.offsetBytes;
    }
  }
  return headerDecoder.hasMagic && headerDecoder.hasUuid ? bisect(probe, source, ticks) : 0;
}

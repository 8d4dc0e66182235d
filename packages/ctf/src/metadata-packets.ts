/**
 * The envelope of metadata: a file is either plain text or a sequence of packets, each with a header of 37 bytes in the
 * byte order of the traced machine, a piece of the text, and padding (https://diamon.org/ctf/v1.8.3/, section 7.1).
 * The text may be cut anywhere, even within a word, so pieces are joined before they are read.
 */
import { SpoorError } from '@spoor/base';
import type { ByteOrder } from './model.ts';

const packetMagic = 0x75d1_1d57;
const headerBytes = 37;

/** Metadata text out of its envelope. */
export interface MetadataText {
  readonly text: string;
  /** Byte order that the packets' headers were written in; absent for plain text. */
  readonly packetByteOrder?: ByteOrder;
  /** UUID of the trace in the packets' headers, unless it is all zero. */
  readonly packetUuid?: string;
  /** Set when the last packet is cut short: what is wrong, with the byte offset. The text ends where the bytes do. */
  readonly cutShort?: SpoorError;
}

/** Whether bytes are metadata in packets, and in which byte order. */
export function metadataPacketByteOrder(bytes: Uint8Array): ByteOrder | undefined {
  if (bytes.byteLength < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) === packetMagic) return 'le';
  return view.getUint32(0, false) === packetMagic ? 'be' : undefined;
}

/**
 * Takes metadata out of its packets; plain text is decoded as it is. Throws `ctf/metadata-packet` with the byte offset
 * where a packet contradicts itself, and `ctf/metadata-version` for one of an unknown version; a last packet that is
 * cut short is told of in the result.
 */
export function unwrapMetadata(bytes: Uint8Array, name: string): MetadataText {
  const byteOrder = metadataPacketByteOrder(bytes);
  if (byteOrder === undefined) return { text: decodeText(bytes, name) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = byteOrder === 'le';
  const pieces: Uint8Array[] = [];
  let total = 0;
  let firstUuid: string | undefined;
  let cutShort: SpoorError | undefined;
  for (let at = 0; at < bytes.byteLength;) {
    const left = bytes.byteLength - at;
    if (left < headerBytes) {
      const found = `${left} of ${headerBytes} bytes are there`;
      cutShort = cutError(name, at, `the metadata ends within the header of a packet: ${found}`);
      break;
    }
    const packet = readPacket(view, at, littleEndian, name);
    firstUuid ??= packet.uuid;
    if (packet.uuid !== firstUuid) {
      throw packetError(name, at, `a packet of the trace ${packet.uuid} follows one of ${firstUuid}`);
    }
    const content = bytes.subarray(at + headerBytes, at + packet.contentBytes);
    pieces.push(content);
    total += content.byteLength;
    if (packet.packetBytes > left) {
      const found = `a packet of ${packet.packetBytes} bytes has only ${left}`;
      cutShort = cutError(name, at, `the metadata is cut short: ${found}`);
    }
    at += packet.packetBytes;
  }
  const joined = new Uint8Array(total);
  let end = 0;
  for (const piece of pieces) {
    joined.set(piece, end);
    end += piece.byteLength;
  }
  return {
    text: cutShort === undefined ? decodeText(joined, name) : new TextDecoder().decode(joined),
    packetByteOrder: byteOrder,
    ...(firstUuid === undefined || /^[0-]*$/.test(firstUuid) ? {} : { packetUuid: firstUuid }),
    ...(cutShort === undefined ? {} : { cutShort }),
  };
}

interface PacketHeader {
  readonly uuid: string;
  /** Header included. */
  readonly contentBytes: number;
  readonly packetBytes: number;
}

function readPacket(view: DataView, at: number, littleEndian: boolean, name: string): PacketHeader {
  if (view.getUint32(at, littleEndian) !== packetMagic) {
    throw packetError(name, at, 'no metadata packet begins here (its magic number is missing)');
  }
  const [major, minor] = [view.getUint8(at + 35), view.getUint8(at + 36)];
  if (!(major === 1 && minor === 8) && !(major === 2 && minor === 0)) {
    throw new SpoorError(
      'ctf/metadata-version',
      `a metadata packet has version ${major}.${minor}; 1.8 and 2.0 can be read`,
      {
        where: `${name} at byte ${at + 35}`,
      },
    );
  }
  for (const [offset, what] of [
    [32, 'compression'],
    [33, 'encryption'],
    [34, 'checksum'],
  ] as const) {
    const scheme = view.getUint8(at + offset);
    if (scheme !== 0)
      throw packetError(name, at + offset, `${what} scheme ${scheme} of metadata is not supported`);
  }
  const contentBits = view.getUint32(at + 24, littleEndian);
  const packetBits = view.getUint32(at + 28, littleEndian);
  if (
    contentBits % 8 !== 0 ||
    packetBits % 8 !== 0 ||
    contentBits > packetBits ||
    contentBits < headerBytes * 8
  ) {
    throw packetError(
      name,
      at + 24,
      `a metadata packet of ${packetBits} bits cannot have ${contentBits} bits of content`,
    );
  }
  let uuid = '';
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) uuid += '-';
    uuid += view
      .getUint8(at + 4 + index)
      .toString(16)
      .padStart(2, '0');
  }
  return { uuid, contentBytes: contentBits / 8, packetBytes: packetBits / 8 };
}

function packetError(name: string, at: number, message: string): SpoorError {
  return new SpoorError('ctf/metadata-packet', message, { where: `${name} at byte ${at}` });
}

function cutError(name: string, at: number, message: string): SpoorError {
  return new SpoorError('ctf/metadata-packet', message, {
    where: `${name} at byte ${at}`,
    hint: 'its recording may not have ended',
  });
}

function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    // Names from older kernels may be Latin-1; every byte has a meaning there.
    if (bytes.includes(0))
      throw packetError(name, bytes.indexOf(0), 'this is not metadata: it is neither text nor packets');
    if (!(cause instanceof TypeError)) throw cause;
    if (bytes[0] === 0x1e) throw notUtf8(bytes, name);
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** Metadata of CTF 2 is JSON, which is UTF-8. */
function notUtf8(bytes: Uint8Array, name: string): SpoorError {
  const lossy = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const at = new TextEncoder().encode(lossy.slice(0, lossy.indexOf('\ufffd'))).length;
  return new SpoorError('ctf/metadata-syntax', 'metadata of CTF 2 must be UTF-8, which these bytes are not', {
    where: `${name} at byte ${at}`,
  });
}

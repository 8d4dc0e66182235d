/** Check values of compressed streams: CRC-32 (gzip, zip) and XXH64 (Zstandard). */

/** Four tables, so that four bytes are taken at a time. */
const tables: readonly Int32Array[] = (() => {
  const first = Int32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xed_b8_83_20 : 0);
    return value;
  });
  const all = [first];
  for (let table = 1; table < 4; table++) {
    const before = all[table - 1]!;
    all.push(before.map((value) => (value >>> 8) ^ first[value & 0xff]!));
  }
  return all;
})();

/** CRC-32 of bytes that come in pieces (ISO 3309, as in RFC 1952). */
export class Crc32 {
  private state = -1;

  update(bytes: Uint8Array): void {
    const [t0, t1, t2, t3] = tables as [Int32Array, Int32Array, Int32Array, Int32Array];
    let state = this.state;
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      state = t3[state & 0xff]! ^ t2[(state >>> 8) & 0xff]! ^ t1[(state >>> 16) & 0xff]! ^ t0[state >>> 24]!;
    }
    for (; at < bytes.length; at++) state = (state >>> 8) ^ t0[(state ^ bytes[at]!) & 0xff]!;
    this.state = state;
  }

  /** As an unsigned number. */
  get value(): number {
    return ~this.state >>> 0;
  }
}

const prime1 = [0x9e37_79b1, 0x85eb_ca87] as const;
const prime2 = [0xc2b2_ae3d, 0x27d4_eb4f] as const;
const prime3 = [0x1656_67b1, 0x9e37_79f9] as const;
const prime4 = [0x85eb_ca77, 0xc2b2_ae63] as const;
const prime5 = [0x27d4_eb2f, 0x1656_67c5] as const;
const word = 0xffff_ffffn;
const asBig = ([hi, lo]: readonly [number, number]): bigint => (BigInt(hi) << 32n) | BigInt(lo);
const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint): bigint => mask((value << by) | (value >> (64n - by)));

/** One lane: `lane = rotl(lane + input * prime2, 31) * prime1`, in 32-bit halves at `index` and `index + 1` (hi, lo). */
function round(lanes: Int32Array, index: number, inHi: number, inLo: number): void {
  // input * prime2 + lane
  const b0 = 0xeb4f;
  const b1 = 0x27d4;
  let a0 = inLo & 0xffff;
  let a1 = inLo >>> 16;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >>> 16);
  let middle2 = a0 * b1 + (middle & 0xffff);
  let lo = (middle2 << 16) | (low & 0xffff);
  let hi =
    (a1 * b1 + (middle >>> 16) + (middle2 >>> 16) + Math.imul(inHi, prime2[1]) + Math.imul(inLo, prime2[0])) |
    0;
  const sum = (lo >>> 0) + (lanes[index + 1]! >>> 0);
  hi = (hi + lanes[index]! + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  lo = sum | 0;
  // rotate by 31
  const turnedHi = (hi << 31) | (lo >>> 1);
  const turnedLo = (lo << 31) | (hi >>> 1);
  // * prime1
  a0 = turnedLo & 0xffff;
  a1 = turnedLo >>> 16;
  low = a0 * 0xca87;
  middle = a1 * 0xca87 + (low >>> 16);
  middle2 = a0 * 0x85eb + (middle & 0xffff);
  lanes[index + 1] = (middle2 << 16) | (low & 0xffff);
  lanes[index] =
    (a1 * 0x85eb +
      (middle >>> 16) +
      (middle2 >>> 16) +
      Math.imul(turnedHi, prime1[1]) +
      Math.imul(turnedLo, prime1[0])) |
    0;
}

/** XXH64 of bytes that come in pieces, with seed 0 (the Zstandard format, RFC 8878, takes its lower half). */
export class Xxh64 {
  private readonly lanes: Int32Array;
  private readonly rest = new Uint8Array(32);
  private restLength = 0;
  private length = 0n;

  constructor() {
    const one = asBig(prime1);
    const two = asBig(prime2);
    this.lanes = Int32Array.from(
      [one + two, two, 0n, -one].flatMap((lane) => {
        const value = mask(lane);
        return [Number(value >> 32n), Number(value & word)];
      }),
    );
  }

  update(bytes: Uint8Array): void {
    this.length += BigInt(bytes.length);
    let at = 0;
    if (this.restLength > 0) {
      at = Math.min(32 - this.restLength, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.restLength);
      this.restLength += at;
      if (this.restLength < 32) return;
      this.stripes(this.rest, 0, 32);
      this.restLength = 0;
    }
    const end = at + ((bytes.length - at) & ~31);
    this.stripes(bytes, at, end);
    this.rest.set(bytes.subarray(end));
    this.restLength = bytes.length - end;
  }

  private stripes(bytes: Uint8Array, from: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { lanes } = this;
    for (let at = from; at < end; at += 32) {
      for (let lane = 0; lane < 8; lane += 2) {
        round(lanes, lane, view.getInt32(at + lane * 4 + 4, true), view.getInt32(at + lane * 4, true));
      }
    }
  }

  /** The whole hash. */
  get value(): bigint {
    const [one, two, three, four, five] = [prime1, prime2, prime3, prime4, prime5].map(asBig) as [
      bigint,
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    const turn = (input: bigint): bigint => mask(rotate(mask(input * two), 31n) * one);
    let hash = five;
    if (this.length >= 32n) {
      const lanes = [0, 1, 2, 3].map((lane) =>
        asBig([this.lanes[lane * 2]! >>> 0, this.lanes[lane * 2 + 1]! >>> 0]),
      );
      hash = mask(lanes.reduce((sum, lane, index) => sum + rotate(lane, [1n, 7n, 12n, 18n][index]!), 0n));
      for (const lane of lanes) hash = mask((hash ^ turn(lane)) * one + four);
    }
    hash = mask(hash + this.length);
    const view = new DataView(this.rest.buffer);
    let at = 0;
    for (; at + 8 <= this.restLength; at += 8) {
      hash = mask(rotate(hash ^ turn(view.getBigUint64(at, true)), 27n) * one + four);
    }
    if (at + 4 <= this.restLength) {
      hash = mask(rotate(hash ^ mask(BigInt(view.getUint32(at, true)) * one), 23n) * two + three);
      at += 4;
    }
    for (; at < this.restLength; at++) {
      hash = mask(rotate(hash ^ mask(BigInt(this.rest[at]!) * five), 11n) * one);
    }
    hash = mask((hash ^ (hash >> 33n)) * two);
    hash = mask((hash ^ (hash >> 29n)) * three);
    return hash ^ (hash >> 32n);
  }
}

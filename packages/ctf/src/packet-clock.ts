/** The clock at the beginning of a packet. */
import { ticks } from './loss-tracker.ts';
import type { StreamClass } from './model.ts';
import type { PacketCursor, PacketProperties } from './packet-cursor.ts';

/** How many low bits of the clock the packets of a stream tell at their beginning. */
export function beginBitsOf({ packetContext }: StreamClass): number {
  let beginBits = 64;
  for (const { fieldClass } of packetContext?.members ?? []) {
    if (fieldClass.kind === 'integer' && fieldClass.roles.includes('default-clock-timestamp')) {
      beginBits = fieldClass.lengthBits;
    }
  }
  return beginBits;
}

/** Sets the cursor's clock to the beginning of the packet, as far as its properties tell. */
export function startClock(cursor: PacketCursor, properties: PacketProperties, beginBits: number): void {
  if (!properties.hasBegin) return;
  if (beginBits === 64) {
    cursor.clockHi = properties.beginHi;
    cursor.clockLo = properties.beginLo;
    return;
  }
  const span = 1n << BigInt(beginBits);
  const clock = ticks(cursor.clockHi, cursor.clockLo);
  const value = ticks(properties.beginHi, properties.beginLo);
  const low = clock % span;
  const now = clock - low + value + (value < low ? span : 0n);
  cursor.clockHi = Number(now >> 32n);
  cursor.clockLo = Number(now & 0xffff_ffffn);
}

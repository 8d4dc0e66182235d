/**
 * The generated loop over the events of a packet: decodes headers, keeps the clock, notes each event in a batch,
 * and skips its body. Guarded by bench/read.ts.
 */
import type { Halves } from './bits.ts';
import type { Emitter } from './emitter.ts';
import { emitFindNul, emitWalk } from './emit-walk.ts';
import type { IntegerRead } from './emit-read.ts';
import type { IntegerFieldClass } from './model.ts';
import type { IntegerNode, Plan, StringNode } from './plan.ts';
import { headerOverrunProblem, overrunProblem, scanStatus } from './packet-cursor.ts';
import type { WalkStrategy } from './walk-strategy.ts';

/** Strategy that hears of integers only. */
export abstract class IntegersOnly implements WalkStrategy {
  abstract integer(e: Emitter, node: IntegerNode, read: IntegerRead): void;
  beginScope(): boolean {
    return true;
  }
  endScope(): void {}
  bigInteger(): void {}
  float(): void {}
  bits(): void {}
  string(e: Emitter, _node: StringNode, start: string): string {
    return emitFindNul(e, start);
  }
  text(): void {}
  wideText(): void {}
  blob(): void {}
  beginStructure(): void {}
  beginMember(): boolean {
    return true;
  }
  endStructure(): void {}
  beginArray(): void {}
  beginElement(): void {}
  endElement(): void {}
  endArray(): void {}
  beginVariant(): void {}
  endOption(): void {}
  endVariant(): void {}
  beginOptional(): void {}
  beginPresent(): void {}
  endPresent(): void {}
  absent(): void {}
  endOptional(): void {}
}

/**
 * Prints the update of the clock halves `hi`, `lo` into `nhi`, `nlo` by a snapshot that may hold only the low bits
 * of the clock: they replace the clock's, and a decrease means that they wrapped.
 */
function emitClockUpdate(e: Emitter, fieldClass: IntegerFieldClass, read: IntegerRead): void {
  const { lengthBits } = fieldClass;
  if (read.lengthBits !== undefined) {
    const update = e.bind('updateClock', updateClock);
    e.line(
      `${update}(hi, lo, ${read.hi} >>> 0, ${read.lo}, ${read.lengthBits}, ${e.bind('clock', clockHalves)});`,
    );
    e.line(`nhi = ${e.bind('clock', clockHalves)}.hi;`);
    e.line(`nlo = ${e.bind('clock', clockHalves)}.lo;`);
    e.line('if (nhi < hi || (nhi === hi && nlo < lo)) cursor.noteStepBack(at);');
    return;
  }
  if (lengthBits === 64) {
    e.line(`nhi = ${read.hi} >>> 0;`);
    e.line(`nlo = ${read.lo};`);
    // Shorter snapshots only ever go forward.
    e.line('if (nhi < hi || (nhi === hi && nlo < lo)) cursor.noteStepBack(at);');
    return;
  }
  const value = e.name('c');
  if (lengthBits <= 32) {
    e.line(`const ${value} = ${fieldClass.signed ? `${read.lo} >>> 0` : read.lo};`);
    if (lengthBits === 32) {
      e.line(`nhi = ${value} < lo ? hi + 1 : hi;`);
      e.line(`nlo = ${value};`);
      return;
    }
    const span = 2 ** lengthBits;
    const low = e.name('c');
    e.line(`const ${low} = lo & ${span - 1};`);
    e.line(`nhi = hi;`);
    e.line(`nlo = lo - ${low} + ${value};`);
    e.open(`if (${value} < ${low})`);
    e.line(`nlo += ${span};`);
    e.line(`if (nlo >= 4294967296) { nlo -= 4294967296; nhi = hi + 1; }`);
    e.close();
    return;
  }
  const span = 2 ** (lengthBits - 32);
  const low = e.name('c');
  e.line(`const ${value} = ${read.hi} >>> 0;`);
  e.line(`const ${low} = hi & ${span - 1};`);
  e.line(`nlo = ${read.lo};`);
  e.line(`nhi = hi - ${low} + ${value};`);
  e.line(`if (${value} < ${low} || (${value} === ${low} && nlo < lo)) nhi += ${span};`);
}

/** Where generated code gets a clock from that a snapshot of variable length was taken of. */
const clockHalves: Halves = { hi: 0, lo: 0 };

/** The update of a clock by a snapshot of `lengthBits` bits that are known only when it is read. */
function updateClock(
  hi: number,
  lo: number,
  valueHi: number,
  valueLo: number,
  lengthBits: number,
  into: Halves,
): void {
  const clock = (BigInt(hi) << 32n) | BigInt(lo);
  const next = clockAfter(clock, (BigInt(valueHi) << 32n) | BigInt(valueLo), lengthBits);
  into.hi = Number(next >> 32n);
  into.lo = Number(next & 0xffff_ffffn);
}

/** A clock after a snapshot of its low `lengthBits` bits: a decrease means that they wrapped. */
export function clockAfter(clock: bigint, value: bigint, lengthBits: number): bigint {
  if (lengthBits >= 64) return value;
  const span = 1n << BigInt(lengthBits);
  const low = clock % span;
  return clock - low + value + (value < low ? span : 0n);
}

class HeaderStrategy extends IntegersOnly {
  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    const { roles } = node.fieldClass;
    if (roles.includes('event-record-class-id')) {
      e.line(read.hi === undefined ? `id = ${read.lo};` : `id = ${read.hi} * 4294967296 + ${read.lo};`);
    }
    if (roles.includes('default-clock-timestamp')) emitClockUpdate(e, node.fieldClass, read);
  }
}

/** How the clock becomes time. */
export type TimeRule =
  | { readonly kind: 'none' }
  /** Ticks are nanoseconds. */
  | { readonly kind: 'nanoseconds' }
  | { readonly kind: 'scaled'; readonly frequencyHz: number };

/** What a scan is made for. */
export interface ScanShape {
  readonly header: Plan | undefined;
  readonly time: TimeRule;
  /** Whether the noted position is the header's start, because bodies refer to header fields. */
  readonly fromHeader: boolean;
  /** Class of events whose header has no id, or -1. */
  readonly onlyClass: number;
}

/** Prints the body of `scan(cursor, batch, limit, classOf, others, fixedBits, skips)`. */
export function emitScan(e: Emitter, shape: ScanShape): void {
  const { header, time, fromHeader, onlyClass } = shape;
  e.line('const bytes = cursor.bytes, view = cursor.view, end = cursor.endBit, ext = cursor.externals;');
  e.line('const streams = batch.streamIndex, classes = batch.classIndex;');
  e.line('const times = batch.timeNs, offsets = batch.offsetBits, capacity = batch.room;');
  e.line('const stream = cursor.streamIndex, classBase = cursor.classBase;');
  e.line('const originHi = cursor.originHi, originLo = cursor.originLo;');
  e.line('let at = cursor.bit, hi = cursor.clockHi, lo = cursor.clockLo, n = batch.count;');
  if (time.kind === 'nanoseconds') e.line('let high = (hi - originHi) * 4294967296 - originLo;');
  e.line(`let status = ${scanStatus.packetEnd};`);
  e.open('events: while (at < end)');
  e.line(`if (n === capacity) { status = ${scanStatus.batchFull}; break; }`);
  e.line(`let id = ${onlyClass}, nhi = hi, nlo = lo;`);
  const broken = (problem: string): string =>
    `{ cursor.problem = ${e.literal(problem)}; status = ${scanStatus.broken}; break events; }`;
  let afterHeader = 'at';
  if (header !== undefined) {
    e.line('const p = at;');
    afterHeader = e.name('h');
    const overrun = broken(headerOverrunProblem);
    e.line(`const ${afterHeader} = ${emitWalk(e, header, new HeaderStrategy(), overrun)};`);
  }
  switch (time.kind) {
    case 'none':
      e.line('const time = 0;');
      break;
    case 'nanoseconds':
      e.line('if (nhi !== hi) high = (nhi - originHi) * 4294967296 - originLo;');
      e.line('const time = high + nlo;');
      break;
    case 'scaled':
      // The order of operations and the truncation are those of babeltrace2's conversion.
      e.line(`const scaled = Math.floor((1e9 * (nhi * 4294967296 + nlo)) / ${time.frequencyHz});`);
      e.line('const time = scaled - originHi - originLo;');
      break;
    default: {
      const never: never = time;
      throw new TypeError(String(never));
    }
  }
  e.line(`if (time > limit) { cursor.nextTimeNs = time; status = ${scanStatus.limit}; break; }`);
  e.line('const k = id < classOf.length ? classOf[id] : others(id);');
  e.line(
    `if (!(k >= 0)) { cursor.problem = "event class id " + id + " is not in the metadata"; ` +
      `status = ${scanStatus.broken}; break; }`,
  );
  const from = fromHeader ? 'at' : afterHeader;
  e.line('const fixed = fixedBits[k];');
  e.line(`const next = fixed >= 0 ? ${from} + fixed : skips[k](bytes, view, ${from}, end, ext);`);
  e.line(`if (next < 0 || next > end) ${broken(overrunProblem)}`);
  e.line(`if (next === at) ${broken('an event has no bits, so there would be endlessly many')}`);
  e.line('streams[n] = stream;');
  e.line('classes[n] = classBase + k;');
  e.line('times[n] = time;');
  e.line(`offsets[n] = ${from};`);
  e.line('n++;');
  e.line('at = next; hi = nhi; lo = nlo;');
  e.close();
  e.line('cursor.bit = at; cursor.clockHi = hi; cursor.clockLo = lo; batch.count = n;');
  e.line('return status;');
}

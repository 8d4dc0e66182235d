/** The interpreter's forms of what emit-scan.ts and emit-packet.ts generate. */
import { SpoorError } from '@spoor/base';
import type { EventBatch } from './batch.ts';
import { doubleRoles, halvesRoles } from './emit-packet.ts';
import { clockAfter, type ScanShape, type TimeRule } from './emit-scan.ts';
import { ContentEndError, interpret, OverrunError, SilentVisitor } from './interpret.ts';
import {
  headerOverrunProblem,
  overrunProblem,
  scanStatus,
  type PacketCursor,
  type PacketProperties,
} from './packet-cursor.ts';
import type { IntegerNode, Plan } from './plan.ts';

/** Keeps what a packet's header or context says by role. */
export class PropertyVisitor extends SilentVisitor {
  private readonly into: PacketProperties;

  constructor(into: PacketProperties) {
    super();
    this.into = into;
  }

  override integer(node: IntegerNode, hi: number, lo: number): void {
    for (const role of node.fieldClass.roles) {
      if (role in doubleRoles) {
        this.into[doubleRoles[role as keyof typeof doubleRoles]] = (hi >>> 0) * 0x1_0000_0000 + lo;
      } else if (role in halvesRoles) {
        const [has, high, low] = halvesRoles[role as keyof typeof halvesRoles];
        this.into[has] = true;
        this.into[high] = hi >>> 0;
        this.into[low] = lo;
      }
    }
  }
}

const word = 1n << 32n;

class HeaderVisitor extends SilentVisitor {
  id = -1;
  clock = 0n;

  override integer(node: IntegerNode, hi: number, lo: number, lengthBits: number): void {
    const { roles } = node.fieldClass;
    if (roles.includes('event-record-class-id')) this.id = hi * 0x1_0000_0000 + lo;
    if (roles.includes('default-clock-timestamp')) {
      const value = (BigInt(hi >>> 0) * word + BigInt(lo)) % (1n << BigInt(lengthBits));
      this.clock = clockAfter(this.clock, value, lengthBits);
    }
  }
}

/**
 * What is wrong with the event at the cursor that a scan could not step over: the first field that cannot be right, or
 * the end of the content. Scans only tell that there is something, which keeps them small.
 * @param bodyOf plan of the events of an id, and the values that it asks for.
 */
export function problemOfEvent(
  cursor: PacketCursor,
  { header, fromHeader, onlyClass }: ScanShape,
  bodyOf: (id: number) => { readonly plan: Plan; readonly externals: ArrayLike<number> },
): string {
  const { bytes, bit, endBit } = cursor;
  const visitor = new HeaderVisitor();
  visitor.id = onlyClass;
  try {
    const afterHeader =
      header === undefined ? bit : interpret(header, bytes, bit, endBit, visitor, cursor.externals);
    const { plan, externals } = bodyOf(visitor.id);
    interpret(plan, bytes, fromHeader ? bit : afterHeader, endBit, new SilentVisitor(), externals);
  } catch (error) {
    // Others are of plans whose events are too large for any packet.
    if (!(error instanceof SpoorError)) throw error;
    if (error instanceof OverrunError && !(error instanceof ContentEndError)) return error.message;
  }
  return overrunProblem;
}

/** The scan of a stream class without generated code; same parameters and results. */
export function scanPlain(shape: ScanShape) {
  const { header, time, fromHeader, onlyClass } = shape;
  return (
    cursor: PacketCursor,
    batch: EventBatch,
    limit: number,
    classOf: Int32Array,
    others: (id: number) => number,
    fixedBits: Int32Array,
    skips: readonly ((
      bytes: Uint8Array,
      view: DataView,
      p: number,
      end: number,
      ext: Float64Array,
    ) => number)[],
  ): number => {
    const { bytes, view, endBit, externals } = cursor;
    const broken = (problem: string): number => {
      cursor.problem = problem;
      return scanStatus.broken;
    };
    while (cursor.bit < endBit) {
      if (batch.count === batch.room) return scanStatus.batchFull;
      const visitor = new HeaderVisitor();
      visitor.id = onlyClass;
      visitor.clock = BigInt(cursor.clockHi) * word + BigInt(cursor.clockLo);
      let afterHeader = cursor.bit;
      if (header !== undefined) {
        try {
          afterHeader = interpret(header, bytes, cursor.bit, endBit, visitor, externals);
        } catch (error) {
          if (!(error instanceof OverrunError)) throw error;
          return broken(headerOverrunProblem);
        }
      }
      if (visitor.clock < BigInt(cursor.clockHi) * word + BigInt(cursor.clockLo)) {
        cursor.noteStepBack(cursor.bit);
      }
      const hi = Number(visitor.clock / word);
      const lo = Number(visitor.clock % word);
      const timeNs = timeNsAt(time, cursor, hi, lo);
      if (timeNs > limit) {
        cursor.nextTimeNs = timeNs;
        return scanStatus.limit;
      }
      const { id } = visitor;
      const k = id < classOf.length ? (classOf[id] ?? -1) : others(id);
      if (k < 0) return broken(`event class id ${id} is not in the metadata`);
      const from = fromHeader ? cursor.bit : afterHeader;
      const fixed = fixedBits[k]!;
      const next = fixed >= 0 ? from + fixed : skips[k]!(bytes, view, from, endBit, externals);
      if (next < 0 || next > endBit) return broken(overrunProblem);
      if (next === cursor.bit) return broken('an event has no bits, so there would be endlessly many');
      const row = batch.count++;
      batch.streamIndex[row] = cursor.streamIndex;
      batch.classIndex[row] = cursor.classBase + k;
      batch.timeNs[row] = timeNs;
      batch.offsetBits[row] = from;
      cursor.bit = next;
      cursor.clockHi = hi;
      cursor.clockLo = lo;
    }
    return scanStatus.packetEnd;
  };
}

/** A clock value as time after the base that the cursor's origin stands for. */
export function timeNsAt(time: TimeRule, cursor: PacketCursor, hi: number, lo: number): number {
  switch (time.kind) {
    case 'none':
      return 0;
    case 'nanoseconds':
      return (hi - cursor.originHi) * 0x1_0000_0000 - cursor.originLo + lo;
    case 'scaled': {
      const scaled = Math.floor((1e9 * (hi * 0x1_0000_0000 + lo)) / time.frequencyHz);
      return scaled - cursor.originHi - cursor.originLo;
    }
    default:
      return time satisfies never;
  }
}

/**
 * `source.text.dmesg`: lines as events named `string`. They become a stream in memory, of one packet, that is read as any
 * other stream is. The packet says when it begins, for times are counted from there.
 */
import type { Spool } from '@spoor/archive';
import { SpoorError } from '@spoor/base';
import type { ByteSource, ClockClass, IntegerFieldClass, StructureFieldClass, TraceClass } from '@spoor/ctf';
import type { TraceDirectory } from '../source-ctf-fs/build-trace-set.ts';
import { isBlank, LineCutter, lineTime } from './dmesg-line.ts';

const chunkBytes = 65_536;
const gatheredBytes = 262_144;

/** Where the times of messages end: nanoseconds since their origin are signed integers of 64 bits. */
const endOfTimeNs = 2n ** 63n;

/** Boot is the origin of its values. */
const bootClock: ClockClass = {
  name: 'boot',
  frequencyHz: 1_000_000_000n,
  precisionTicks: 0n,
  offsetSeconds: 0n,
  offsetTicks: 0n,
  absolute: false,
};

/** Of the event header, and of the packet context. */
const timestamp: IntegerFieldClass = {
  kind: 'integer',
  signed: false,
  lengthBits: 64,
  byteOrder: 'le',
  alignmentBits: 8,
  displayBase: 10,
  roles: ['default-clock-timestamp'],
  clockName: bootClock.name,
};

function traceClassOf(hasTimes: boolean): TraceClass {
  const timed = (name: string): StructureFieldClass => ({
    kind: 'structure',
    alignmentBits: 8,
    members: [{ name, fieldClass: timestamp }],
  });
  const text = { kind: 'string', encoding: 'utf-8' } as const;
  const payload = {
    kind: 'structure',
    alignmentBits: 8,
    members: [{ name: 'str', fieldClass: text }],
  } as const;
  return {
    version: '1.8',
    byteOrder: 'le',
    environment: new Map(),
    clockClasses: hasTimes ? [bootClock] : [],
    streamClasses: [
      {
        id: 0n,
        eventClasses: [{ id: 0n, name: 'string', payload }],
        ...(hasTimes
          ? {
              clockClass: bootClock,
              packetContext: timed('timestamp_begin'),
              eventHeader: timed('timestamp'),
            }
          : {}),
      },
    ],
  };
}

/** Gathers events before they go to the spool. */
class EventWriter {
  private readonly spool: Spool;
  private readonly bytes = new Uint8Array(gatheredBytes);
  private readonly view = new DataView(this.bytes.buffer);
  private at = 0;

  constructor(spool: Spool) {
    this.spool = spool;
  }

  /** Writes the packet context. */
  begin(timeNs: bigint): void {
    this.view.setBigUint64(0, timeNs, true);
    this.at = 8;
  }

  append(timeNs: bigint | undefined, text: Uint8Array): void {
    const length = text.length + 9;
    if (this.at + length > gatheredBytes) this.flush();
    if (timeNs !== undefined) {
      this.view.setBigUint64(this.at, timeNs, true);
      this.at += 8;
    }
    if (this.at + text.length + 1 > gatheredBytes) {
      this.flush();
      this.spool.append(text);
    } else {
      this.bytes.set(text, this.at);
      this.at += text.length;
    }
    this.bytes[this.at++] = 0;
  }

  flush(): void {
    this.spool.append(this.bytes.subarray(0, this.at));
    this.at = 0;
  }
}

/** How to read lines. */
export interface DmesgOptions {
  /** Name of the trace: that of the file, or `STDIN`. */
  readonly name: string;
  /** Keeps times as part of the lines; events then have none. */
  readonly noExtractTimestamp?: boolean;
}

/**
 * The lines of a text as a trace. Whether its events have times, its first line says; lines without one are then at 0.
 * Undefined where there are no lines.
 * @throws SpoorError `dmesg/time` for a time before its origin or beyond what 64 bits hold.
 */
export function dmesgTrace(
  text: ByteSource,
  spool: Spool,
  { name, noExtractTimestamp = false }: DmesgOptions,
): TraceDirectory | undefined {
  const writer = new EventWriter(spool);
  let hasTimes: boolean | undefined;
  let lineNumber = 0;
  const take = (lines: Iterable<Uint8Array>): void => {
    for (const line of lines) {
      lineNumber += 1;
      if (isBlank(line)) continue;
      const time = noExtractTimestamp ? undefined : lineTime(line);
      if (time !== undefined && (time.timeNs < 0n || time.timeNs >= endOfTimeNs)) {
        throw new SpoorError('dmesg/time', `a time of ${time.timeNs} ns does not fit a clock of 64 bits`, {
          where: `${name}:${lineNumber}`,
          hint: 'no-extract-timestamp=yes takes times as part of the text',
        });
      }
      if (hasTimes === undefined) {
        hasTimes = time !== undefined;
        if (time !== undefined) writer.begin(time.timeNs);
      }
      writer.append(hasTimes ? (time?.timeNs ?? 0n) : undefined, line.subarray(time?.textStart ?? 0));
    }
  };
  const cutter = new LineCutter();
  const chunk = new Uint8Array(chunkBytes);
  for (let at = 0; at < text.sizeBytes;) {
    const count = text.read(chunk, chunk.length, at);
    if (count === 0) break;
    take(cutter.push(chunk.subarray(0, count)));
    at += count;
  }
  take(cutter.end());
  writer.flush();
  const content = spool.finish(text.name);
  if (hasTimes === undefined) return undefined;
  return { path: text.name, pathBelow: name, traceClass: traceClassOf(hasTimes), sources: [content] };
}

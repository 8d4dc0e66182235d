/**
 * The clock of the kernel's log in terms of the monotonic one. The kernel stamps its log by a clock of its own that no system
 * call reads; but tracing can be told to use it (`perf`), so a mark in an instance of that clock, made between two looks
 * at the monotonic one, tells how far they are apart.
 */
import { readSync, openSync, closeSync, constants } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { markerFile } from '../live/marker.node.ts';
import { parseTraceLine } from '../text/trace-line-parser.ts';
import { writeControl } from '../tracefs/control-file.node.ts';
import { TracefsInstance } from '../tracefs/instance.node.ts';

/** Two clocks that are both adjusted may run apart by 0.05 %: as much as 0.5 ms in this time. */
const trueForNs = 1_000_000_000n;
/** The mark that took the shortest time tells best. */
const tries = 5;

/** Tells what time of the monotonic clock a time of the log is. */
export class LogClock implements Disposable {
  private readonly instance: TracefsInstance;
  private readonly pipe: number;
  private readonly text = Buffer.alloc(4096);
  private offsetNs = 0n;
  private comparedNs = 0n;

  /** @throws SpoorError `kernel/…` where there is no instance to be had, or no such clock. */
  constructor(root: string, prefix?: string) {
    this.instance = TracefsInstance.create(root, 'log-clock', prefix);
    try {
      this.instance.configure({ clock: 'perf', ringBytes: 8192, overwrite: true });
      this.instance.start();
      this.pipe = openSync(join(this.instance.path, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
      this.compare();
    } catch (error) {
      this.instance[Symbol.dispose]();
      throw error;
    }
  }

  /** The time of the monotonic clock at which the log's clock showed `timeUs`, in nanoseconds. */
  monotonicNs(timeUs: number): bigint {
    if (process.hrtime.bigint() - this.comparedNs > trueForNs) this.compare();
    return BigInt(timeUs) * 1000n + this.offsetNs;
  }

  private compare(): void {
    let shortestNs: bigint | undefined;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const beforeNs = process.hrtime.bigint();
      writeControl(join(this.instance.path, markerFile), 'now', 'compare the clock of the log');
      const afterNs = process.hrtime.bigint();
      const markNs = this.lastMarkNs();
      if (markNs === undefined) continue;
      if (shortestNs !== undefined && afterNs - beforeNs >= shortestNs) continue;
      shortestNs = afterNs - beforeNs;
      this.offsetNs = (beforeNs + afterNs) / 2n - markNs;
      this.comparedNs = afterNs;
    }
    if (shortestNs === undefined) {
      throw new SpoorError('kernel/log-clock', 'the clock of the kernel’s log cannot be compared', {
        where: this.instance.path,
        hint: 'marks that were made do not come out of the instance',
      });
    }
  }

  private lastMarkNs(): bigint | undefined {
    let count: number;
    try {
      count = readSync(this.pipe, this.text, 0, this.text.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
      throw error;
    }
    const lines = this.text.toString('latin1', 0, count).split('\n');
    for (const line of lines.toReversed()) {
      const parsed = parseTraceLine(line);
      if (parsed.kind === 'event') return parsed.event.timeNs;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    closeSync(this.pipe);
    this.instance[Symbol.dispose]();
  }
}

// What processes cost, as the kernel accounts it, and other things that both sides of the control benchmark are asked.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A benchmark that waits for longer than this is broken. */
const PATIENCE_MS = 300_000;
/** Clock ticks of /proc/PID/stat in a second: always so on Linux. */
const TICKS_PER_SECOND = 100;

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Waits, looking every `everyMs`, until something is so. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  everyMs = 5,
): Promise<void> {
  for (const began = performance.now(); !(await isSo());) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(`never: ${what}`);
    await sleep(everyMs);
  }
}

/** Processor time that processes have spent, in milliseconds; those that are gone count nothing. */
export function cpuMsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It is gone.
    }
  }
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** Resident memory of processes, in bytes. */
export function residentBytesOf(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    kib += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return kib * 1024;
}

/** The first directory below `folder`, made after `before` was listed, that has metadata. */
export function newTrace(folder: string, before: ReadonlySet<string>): string | undefined {
  if (!existsSync(folder)) return undefined;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith('.') || before.has(name)) continue;
    if (readdirSync(path, { recursive: true }).some((file) => String(file).endsWith('metadata'))) return path;
  }
  return undefined;
}

/** Bytes of all stream files below a directory. */
export function streamBytes(files: readonly { readonly path: string; readonly sizeBytes: number }[]): number {
  let sum = 0;
  for (const { path, sizeBytes } of files) if (!/metadata$|\.idx$/.test(path)) sum += sizeBytes;
  return sum;
}

/** When a program says that it emitted its alarm, on the monotonic clock. */
export function alarmTimeNs(line: string): bigint {
  return BigInt(/^alarm (\d+)$/.exec(line)![1]!);
}

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { runsSince, startTicks } from '@spoor/ringbuffer';

/** A process told apart from later ones that get the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's start (field 22 of /proc/PID/stat), in decimal. */
  readonly startTicks: string;
}

/** Identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: String(startTicks(process.pid) ?? 0n) };
}

/**
 * The identity that a file tells.
 * @throws when it tells none.
 */
export function parseIdentity(text: string): ProcessIdentity {
  const { pid, startTicks: ticks } = JSON.parse(text) as Partial<Record<keyof ProcessIdentity, unknown>>;
  if (
    typeof pid === 'number' &&
    Number.isSafeInteger(pid) &&
    typeof ticks === 'string' &&
    /^\d+$/.test(ticks)
  ) {
    return { pid, startTicks: ticks };
  }
  throw new SpoorError('process/malformed', 'it names no process');
}

/** Whether the process still runs; a zombie, whose memory no longer changes, does not. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  return runsSince(BigInt(identity.startTicks), identity.pid);
}

/** Whether a process is stopped by a signal, or by a debugger. */
export function isProcessStopped(pid: number): boolean {
  try {
    return /\) [Tt] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/**
 * The number that a process of a PID namespace below this one has here; undefined when there is none. `identity` is
 * what it knows of itself: start times are the same in all namespaces, numbers are not.
 */
export function findInNamespaces(identity: ProcessIdentity): number | undefined {
  const ticks = BigInt(identity.startTicks);
  for (const pid of startedAt(ticks)) {
    if (startTicks(pid) !== ticks) continue;
    try {
      const numbers = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      if (numbers?.trim().split(/\s+/).at(-1) === String(identity.pid)) return pid;
    } catch {
      // It ended meanwhile.
    }
  }
  return undefined;
}

/** Clock ticks of /proc in a second. */
const TICKS_PER_SECOND = 100;

/** Numbers of all processes by when they started, as of a moment. */
let listed:
  { readonly atTicks: bigint; readonly byStart: ReadonlyMap<bigint, readonly number[]> } | undefined;

/** Looks at every process, but not for one that started before it last did: somebody may ask for thousands that are none. */
function startedAt(ticks: bigint): readonly number[] {
  const [uptime = '0'] = readFileSync('/proc/uptime', 'latin1').split(' ');
  const nowTicks = BigInt(Math.floor(Number(uptime) * TICKS_PER_SECOND));
  if (ticks > nowTicks) return [];
  // One that starts in the tick of the listing may be too late for it.
  if (listed === undefined || ticks >= listed.atTicks) {
    const byStart = new Map<bigint, number[]>();
    for (const name of readdirSync('/proc')) {
      const start = /^\d+$/.test(name) ? startTicks(Number(name)) : undefined;
      if (start === undefined) continue;
      const others = byStart.get(start);
      if (others === undefined) byStart.set(start, [Number(name)]);
      else others.push(Number(name));
    }
    listed = { atTicks: nowTicks, byStart };
  }
  return listed.byStart.get(ticks) ?? [];
}

/** Whether a thread, started at `ticks` (0: not known), still runs. */
export function isThreadAlive(pid: number, tid: number, ticks: bigint): boolean {
  return runsSince(ticks === 0n ? undefined : ticks, pid, tid);
}

/** Number of this process's PID namespace: process numbers mean nothing outside of theirs. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

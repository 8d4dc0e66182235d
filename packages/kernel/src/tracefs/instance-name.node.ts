/** Names of instances and probes tell whose they are, so that what a killed process leaves behind can be found. */
import { readlinkSync } from 'node:fs';
import { runsSince, startTicks } from '@spoor/ringbuffer';

/** The process that something of tracefs belongs to. */
export interface Owner {
  readonly pid: number;
  /** Its start, in clock ticks since the machine's: numbers of processes are given again. */
  readonly startTicks: bigint;
  /** Inode of its PID namespace: tracefs is one for all of them, and numbers are not. */
  readonly pidNamespace: string;
}

/** This process. */
export function ownOwner(): Owner {
  const link = readlinkSync('/proc/self/ns/pid');
  return {
    pid: process.pid,
    startTicks: startTicks(process.pid) ?? 0n,
    pidNamespace: /\d+/.exec(link)?.[0] ?? '0',
  };
}

/** Names of tracefs have at most 255 bytes; those of probes 64. */
const longestLabel = 100;

/** A label of letters that tracefs and its files of text take everywhere: others become `_`. */
export function plainLabel(label: string): string {
  return label.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, longestLabel);
}

/** `PREFIX-NAMESPACE-PID-START-LABEL`. */
export function ownedName(prefix: string, owner: Owner, label: string): string {
  return [prefix, owner.pidNamespace, owner.pid, owner.startTicks, plainLabel(label)].join('-');
}

/** Whose a name is; undefined for names that {@link ownedName} did not make with this prefix. */
export function ownerOf(prefix: string, name: string): Owner | undefined {
  if (!name.startsWith(`${prefix}-`)) return undefined;
  const found = /^(\d{1,20})-(\d{1,9})-(\d{1,20})-/.exec(name.slice(prefix.length + 1));
  if (found === null) return undefined;
  const [, pidNamespace = '', pid = '', start = ''] = found;
  return { pid: Number(pid), startTicks: BigInt(start), pidNamespace };
}

/** Whether the owner surely is gone: of another PID namespace nothing is known. */
export function isOwnerGone(owner: Owner): boolean {
  if (owner.pidNamespace !== ownOwner().pidNamespace) return false;
  return !runsSince(owner.startTicks, owner.pid);
}

// poll(2): which descriptors are waited for, and which of them can be read.
import type { KoffiFunc } from 'koffi';
import { library } from './library.ts';

const POLLIN = 1;
/** `struct pollfd`: descriptor, what is waited for, what there is. */
const entryBytes = 8;
const foundAt = 6;

/** The call: from a number of entries, how many there is something of; -1 where a signal came between. */
export type Poll = KoffiFunc<(entries: Uint8Array, count: number, timeoutMs: number) => number>;

let poll: Poll | undefined;

/** The call; made once a thread. @throws SpoorError `sys/unavailable`. */
export function pollFunction(): Poll {
  poll ??= library().koffi.load(null).func('int poll(void *, unsigned long, int)') as Poll;
  return poll;
}

/** What is given to {@link Poll}: an entry a descriptor, in their order. */
export function pollEntries(descriptors: readonly number[]): Buffer {
  const entries = Buffer.alloc(descriptors.length * entryBytes);
  for (const [index, descriptor] of descriptors.entries()) {
    entries.writeInt32LE(descriptor, index * entryBytes);
    entries.writeInt16LE(POLLIN, index * entryBytes + 4);
  }
  return entries;
}

/** How many descriptors entries are of. */
export function entryCount(entries: Buffer): number {
  return entries.length / entryBytes;
}

/** Whether the last call found something of a descriptor, be it an error. */
export function isFound(entries: Buffer, index: number): boolean {
  const at = index * entryBytes + foundAt;
  return (entries[at]! | entries[at + 1]!) !== 0;
}

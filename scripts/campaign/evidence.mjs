// What a round of the campaign finds of its programs, processes and traces.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTrace } from '@spoor/components/node';
import { decodeIndexEntry, indexEntryBytes, indexHeaderBytes } from '@spoor/sessiond';
import { checkOf, textOf } from '../../tests/record/checked-event.mjs';

/** Longest wait for what must happen, however slow the machine is. */
export const patienceMs = 120_000;
export const hasPeer = spawnSync('babeltrace2', ['--version']).status === 0;

export function fail(what) {
  throw new Error(what);
}

export async function until(condition, what) {
  for (const limit = Date.now() + patienceMs; !(await condition()); await sleep(2)) {
    if (Date.now() > limit) fail(`waited in vain for ${what}`);
  }
}

export function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    if (pid > 0) process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** Processes that work on a run directory: recorder, daemon, consumers, programs. */
export function workersOn(runDir) {
  return readdirSync('/proc')
    .filter(
      (name) =>
        /^\d+$/.test(name) && Number(name) !== process.pid && read(`/proc/${name}/environ`).includes(runDir),
    )
    .map(Number);
}

/** The numbers of a trace's events by thread; none is torn. */
export function eventsOf(path) {
  const found = new Map();
  if (
    !existsSync(path) ||
    !readdirSync(path, { recursive: true }).some((name) => name.endsWith('metadata'))
  ) {
    return found;
  }
  const trace = openTrace(path);
  for (const event of trace.events()) {
    const thread = Number(event.field('thread'));
    const n = Number(event.field('n'));
    if (Number(event.field('check')) !== checkOf(thread, n) || event.field('text') !== textOf(n)) {
      fail(`event ${n} of thread ${thread} is torn`);
    }
    if (!found.has(thread)) found.set(thread, []);
    found.get(thread).push(n);
  }
  if (trace.warnings.length > 0 && !trace.warnings.every((text) => /discarded|lost/.test(text))) {
    fail(`warnings of ${path}: ${trace.warnings.join('; ')}`);
  }
  return found;
}

/** Events that the index files of a trace tell as lost, by stream: the last packet of each says how many up to then. */
export function lostByStream(path) {
  const lost = new Map();
  if (!existsSync(path)) return lost;
  for (const name of readdirSync(path, { recursive: true })) {
    if (!name.endsWith('.idx')) continue;
    const bytes = read(join(path, name));
    if (bytes.length < indexHeaderBytes + indexEntryBytes) continue;
    const last = decodeIndexEntry(bytes.subarray(bytes.length - indexEntryBytes));
    lost.set(name, Number(last.eventsDiscarded));
  }
  return lost;
}

/** How often the packets of a trace's streams leave out numbers: a flight recorder was overwritten while it was copied. */
export function packetGapsOf(path) {
  let gaps = 0;
  for (const name of readdirSync(path, { recursive: true })) {
    if (!name.endsWith('.idx')) continue;
    const bytes = read(join(path, name));
    let last;
    for (let at = indexHeaderBytes; at + indexEntryBytes <= bytes.length; at += indexEntryBytes) {
      const { packetSequenceNumber } = decodeIndexEntry(bytes.subarray(at, at + indexEntryBytes));
      if (last !== undefined && packetSequenceNumber !== last + 1n) gaps += 1;
      last = packetSequenceNumber;
    }
  }
  return gaps;
}

export function sumOf(counts) {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** babeltrace2 reads as many events. */
export function checkPeer(path, count) {
  const args = ['600', 'babeltrace2', 'convert', path, '--component=sink.utils.counter', '--params=step=+0'];
  const done = spawnSync('timeout', args, { encoding: 'utf8' });
  const found = Number(/(\d+) Event messages/.exec(done.stdout.replaceAll(',', ''))?.[1]);
  if (done.status !== 0 || found !== count)
    fail(`babeltrace2 reads ${found} of ${count} events: ${done.stderr}`);
}

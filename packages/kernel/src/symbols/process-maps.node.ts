/** Watches what processes map to execute, while a recording with stacks of programs goes on. */
import { readdirSync, statSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { openProcessRecords, type ProcessRecord, type ProcessRecords } from '@spoor/sys';
import { processNumbers, readProc, threadsOf } from '../statedump/scan-tasks.node.ts';
import { OnlineProcessors } from '../counters/online-processors.node.ts';
import { AddressSpaces, parseMaps } from './address-spaces.ts';

/** Rings are read so often; they hold some thousand records each. */
const readIntervalMs = 100;

function processors(): readonly number[] {
  return readdirSync('/sys/devices/system/cpu').flatMap((name) => {
    const number = /^cpu(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** The user whose process it is; undefined where it is gone. */
function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return undefined;
  }
}

function scanInto(spaces: AddressSpaces): void {
  for (const pid of processNumbers()) {
    if (spaces.has(pid)) continue;
    const mappings = parseMaps(readProc(`/proc/${pid}/maps`) ?? '', 0);
    for (const mapping of mappings) spaces.map(pid, mapping);
    if (mappings.length === 0) continue;
    spaces.own(pid, ownerOf(pid));
    // The kernel's own threads have no memory.
    for (const tid of threadsOf(pid)) spaces.knowThread(pid, tid);
  }
}

/** What processes have mapped that run now, as /proc tells it. */
export function presentSpaces(): AddressSpaces {
  const spaces = new AddressSpaces();
  scanInto(spaces);
  return spaces;
}

/** All processes of the machine. */
export class ProcessMaps implements Disposable {
  private readonly spaces = new AddressSpaces();
  private readonly rings = new Map<number, ProcessRecords>();
  private readonly processors = new OnlineProcessors();
  private pending: ProcessRecord[] = [];
  private readonly timer: NodeJS.Timeout | undefined;
  /** Records that found no room. */
  lostCount = 0;

  /**
   * Begins to watch; what is there already is read from /proc. Where the kernel does not let itself be asked (no
   * perf_event_open), /proc is all there is.
   */
  constructor() {
    for (const cpu of processors()) {
      try {
        this.rings.set(cpu, openProcessRecords(cpu));
      } catch (error) {
        // A processor that is switched off has none.
        if (!(error instanceof SpoorError)) throw error;
      }
    }
    this.scan();
    if (this.rings.size === 0) return;
    this.timer = setInterval(() => this.read(), readIntervalMs);
    this.timer.unref();
  }

  /** Whether short-lived processes are known, too. */
  get isExact(): boolean {
    return this.rings.size > 0 && this.lostCount === 0;
  }

  private scan(): void {
    scanInto(this.spaces);
  }

  /** What was opened of a processor that was switched off tells nothing any more, also when it is on again. */
  private renew(): void {
    for (const cpu of this.processors.change()?.on ?? []) {
      this.rings.get(cpu)?.[Symbol.dispose]();
      this.rings.delete(cpu);
      // What was mapped there until now nobody has told.
      this.lostCount += 1;
      try {
        this.rings.set(cpu, openProcessRecords(cpu));
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
      }
    }
  }

  private read(): void {
    const fresh: ProcessRecord[] = [];
    for (const ring of this.rings.values()) {
      ring.read((record) => {
        if (record.kind === 'lost') this.lostCount += record.count;
        else fresh.push(record);
      });
    }
    // Behind the reading: what the old rings held counts.
    this.renew();
    // A ring may have been read before what another one was read with: that of the last time is complete.
    const due = this.pending;
    this.pending = fresh;
    const newestNs = due.reduce((newest, { timeNs }) => Math.max(newest, timeNs), 0);
    const early = fresh.filter(({ timeNs }) => timeNs < newestNs);
    if (early.length > 0) this.pending = fresh.filter(({ timeNs }) => timeNs >= newestNs);
    this.apply([...due, ...early]);
  }

  private apply(records: readonly ProcessRecord[]): void {
    const { spaces } = this;
    for (const record of [...records].sort((left, right) => left.timeNs - right.timeNs)) {
      switch (record.kind) {
        case 'fork':
          spaces.fork(record.timeNs, record.pid, record.tid, record.parentPid);
          break;
        case 'exit':
          spaces.exit(record.pid, record.tid);
          break;
        case 'exec':
          spaces.exec(record.timeNs, record.pid, record.tid);
          break;
        case 'map': {
          const { timeNs, pid, address, sizeBytes, fileOffset, path, buildId } = record;
          // Of code that is made at run time somebody may tell who is not the process.
          if (path.startsWith('//anon') && spaces.ownerOf(pid) === undefined) spaces.own(pid, ownerOf(pid));
          spaces.map(pid, {
            sinceNs: timeNs,
            begin: address,
            end: address + sizeBytes,
            fileOffset,
            path,
            buildId,
          });
          break;
        }
        case 'lost':
          break;
        default:
          record satisfies never;
      }
    }
  }

  /** What is known until now. */
  settled(): AddressSpaces {
    if (this.rings.size === 0) this.scan();
    // Twice: what the first time reads waits for the second.
    this.read();
    this.read();
    return this.spaces;
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
    for (const ring of this.rings.values()) ring[Symbol.dispose]();
    this.rings.clear();
  }
}

/**
 * The state dump: what the machine was like when recording began, as events. It is written while the kernel records, each
 * item with the time at which it began to be read: so whatever changed since is in an event behind it, and nothing
 * that the dump says is newer than what events say. Tasks that began after the dump did are left to their events.
 */
import type { StreamWriter } from '@spoor/ctf';
import { OpenFolder } from '@spoor/sys';
import { enterTask } from '../contexts/fill-task-table.node.ts';
import { favoured } from '../drain/favoured-thread.node.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import { DumpWriter, type DumpPayload } from './dump-writer.node.ts';
import { scanDevices } from './devices.node.ts';
import { cgroupPath, descriptorFlags, fileMode, idInNamespace, parseMapLine } from './proc-text.ts';
import { sleptNs, tickNs } from './task-start.node.ts';
import { readProc, scanKernelThread, scanThreads, type ScannedTask } from './scan-tasks.node.ts';
import {
  dumpEventName,
  plainNamespaceEvents,
  stateDumpEventNames,
  statusOf,
  threadTypes,
  unknownMode,
} from './statedump-events.ts';

/** What is dumped beside tasks and devices, and what is told of it. */
export interface StateDumpOptions {
  /** Memory maps of all processes: many, so only on request. */
  readonly maps?: boolean;
  /** Tasks that it does not know are entered. */
  readonly tasks?: TaskTable;
  /** Processes that are left out: the recorder's own. */
  readonly without?: ReadonlySet<number>;
  /** Whether somebody waits for it: then its thread runs before others. */
  readonly isUrgent?: boolean;
}

/** What was dumped. */
export interface StateDumpResult {
  readonly taskCount: number;
  readonly descriptorCount: number;
  readonly durationNs: bigint;
}

/** The first user namespace of a machine; its level is 0. */
const firstUserNamespace = 0xeffffffd;
/** Bytes of a task's name without the NUL. */
const nameBytes = 15;
/** Between two groups of so many processes others of this thread's work get their turn. */
const processesAtATime = 32;

/** Cuts a name as the kernel does; /proc has longer ones for some of the kernel's threads. */
function shortName(name: string): string {
  if (Buffer.byteLength(name) <= nameBytes) return name;
  const bytes = Buffer.from(name);
  // Not within a character.
  let end = nameBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** No pair: to take one apart is a loop of its own for the compiler, which is what most of a dump's time is spent on. */
interface DumpEvent {
  readonly name: string;
  readonly payload: DumpPayload;
}

/** Numbers of users and groups in a user namespace. */
type UserMaps = readonly [uid: string, gid: string];

/** What is told of a task. @param userMaps of its user namespace, unless that is the machine's first. */
function taskEvents(
  { pid, stat, status, namespaces }: ScannedTask,
  userMaps: UserMaps | undefined,
): readonly DumpEvent[] {
  const { tid } = stat;
  const state = {
    tid,
    pid,
    ppid: stat.ppid,
    name: shortName(stat.name),
    type: stat.isKernelThread ? threadTypes.kernel : threadTypes.user,
    mode: unknownMode,
    submode: 0,
    status: statusOf(stat.state),
    cpu: stat.cpu,
    // The kernel's address of the table is not to be had; threads of a process share one.
    file_table_address: pid,
  };
  const events: DumpEvent[] = [{ name: dumpEventName.process_state, payload: state }];
  for (const plain of plainNamespaceEvents) {
    const inode = namespaces[plain.namespace];
    if (inode !== 0) events.push({ name: plain.event, payload: { tid, ns_inum: inode } });
  }
  if (namespaces.pid !== 0) {
    const level = Math.max(0, status.tids.length - 1);
    const numbers = {
      tid,
      vtid: status.tids.at(-1) ?? tid,
      vpid: status.pids.at(-1) ?? pid,
      vppid: level === 0 ? stat.ppid : 0,
      ns_level: level,
      ns_inum: namespaces.pid,
    };
    events.push({ name: dumpEventName.process_pid_ns, payload: numbers });
  }
  if (namespaces.user !== 0) {
    const uid = status.uids[0] ?? 0;
    const gid = status.gids[0] ?? 0;
    const isFirst = userMaps === undefined;
    const users = {
      tid,
      vuid: isFirst ? uid : idInNamespace(userMaps[0], uid),
      vgid: isFirst ? gid : idInNamespace(userMaps[1], gid),
      ns_level: isFirst ? 0 : 1,
      ns_inum: namespaces.user,
    };
    events.push({ name: dumpEventName.process_user_ns, payload: users });
  }
  return events;
}

class Dump {
  taskCount = 0;
  descriptorCount = 0;
  private readonly writer: DumpWriter;
  private readonly options: StateDumpOptions;
  private readonly beganTicks: number;
  private lastNs: bigint;
  /** Whether the process before was a thread of the kernel. */
  private wasKernelThread = false;

  constructor(stream: StreamWriter, options: StateDumpOptions) {
    this.writer = new DumpWriter(stream, stateDumpEventNames);
    this.options = options;
    this.lastNs = process.hrtime.bigint();
    this.beganTicks = Number((this.lastNs + sleptNs()) / tickNs);
  }

  write(name: string, timeNs: bigint, payload: DumpPayload = {}): void {
    // Times of a stream never decrease; those of items that were begun one within the other would.
    if (timeNs > this.lastNs) this.lastNs = timeNs;
    this.writer.write(name, this.lastNs, payload);
  }

  process(proc: OpenFolder, pid: number): void {
    // Threads of the kernel mostly have their numbers one after the other.
    if (this.wasKernelThread) {
      const task = scanKernelThread(proc, pid);
      if (task !== undefined) {
        this.task(task, undefined);
        return;
      }
    }
    this.wasKernelThread = false;
    let leader: ScannedTask | undefined;
    let userMaps: UserMaps | undefined;
    using folder = proc.folder(String(pid));
    if (folder === undefined) return;
    for (const task of scanThreads(folder, pid)) {
      leader ??= task;
      if (task.namespaces.user !== firstUserNamespace && task.namespaces.user !== 0) {
        userMaps ??= [folder.text('uid_map') ?? '', folder.text('gid_map') ?? ''];
      }
      this.task(task, userMaps);
    }
    if (leader === undefined || this.isTooNew(leader)) return;
    this.wasKernelThread = leader.stat.isKernelThread;
    if (this.wasKernelThread) return;
    this.descriptors(folder, pid);
    const timeNs = process.hrtime.bigint();
    const cgroup = folder.text('cgroup');
    if (cgroup !== undefined)
      this.write(dumpEventName.process_cgroup, timeNs, { pid, path: cgroupPath(cgroup) });
    if (this.options.maps === true) this.maps(pid);
  }

  /** Whether a task has begun after the dump did: it is left to its events. */
  private isTooNew(task: ScannedTask): boolean {
    return task.stat.startTicks > this.beganTicks;
  }

  private task(task: ScannedTask, userMaps: UserMaps | undefined): void {
    if (this.isTooNew(task)) return;
    this.enter(task);
    this.taskCount += 1;
    // One place that writes, for all of them: it is dear to compile.
    for (const event of taskEvents(task, userMaps)) this.write(event.name, task.timeNs, event.payload);
  }

  /** Tells the table of tasks that it does not know: those were made a moment ago. */
  private enter(task: ScannedTask): void {
    const { tasks } = this.options;
    const { tid } = task.stat;
    if (tasks === undefined || tasks.isKnown(tid)) return;
    enterTask(tasks, task);
    tasks.wasLookedUp(tid);
  }

  private descriptors(folder: OpenFolder, pid: number): void {
    for (const fd of folder.numbers('fd')) {
      const timeNs = process.hrtime.bigint();
      const filename = folder.link(`fd/${fd}`);
      if (filename === undefined) continue;
      const flags = descriptorFlags(folder.text(`fdinfo/${fd}`) ?? '');
      this.descriptorCount += 1;
      this.write(dumpEventName.file_descriptor, timeNs, {
        file_table_address: pid,
        fd,
        flags,
        fmode: fileMode(flags),
        filename,
      });
    }
  }

  private maps(pid: number): void {
    const timeNs = process.hrtime.bigint();
    for (const line of (readProc(`/proc/${pid}/maps`) ?? '').split('\n')) {
      const map = parseMapLine(line);
      if (map === undefined) continue;
      const { start, end, flags, inode, offset } = map;
      this.write(dumpEventName.vm_map, timeNs, { pid, start, end, flags, inode, pgoff: offset });
    }
  }
}

/**
 * Writes a state dump into a stream whose classes are {@link stateDumpEvents}. Begin it when the kernel records already.
 * @throws what writing to the stream throws.
 */
export async function dumpState(
  stream: StreamWriter,
  options: StateDumpOptions = {},
): Promise<StateDumpResult> {
  const beganNs = process.hrtime.bigint();
  const dump = new Dump(stream, options);
  const inTurn = options.isUrgent === true ? favoured : (work: () => void) => work();
  inTurn(() => {
    dump.write(dumpEventName.start, beganNs);
    for (const [name, payload] of scanDevices())
      dump.write(`lttng_statedump_${name}`, process.hrtime.bigint(), payload);
  });
  using proc = OpenFolder.open('/proc');
  const numbers = proc?.numbers('.').filter((pid) => options.without?.has(pid) !== true) ?? [];
  for (let from = 0; from < numbers.length; from += processesAtATime) {
    if (from > 0) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    inTurn(() => {
      for (const pid of numbers.slice(from, from + processesAtATime)) dump.process(proc!, pid);
    });
  }
  const endNs = process.hrtime.bigint();
  dump.write(dumpEventName.end, endNs);
  stream.endPacket();
  const { taskCount, descriptorCount } = dump;
  return { taskCount, descriptorCount, durationNs: endNs - beganNs };
}

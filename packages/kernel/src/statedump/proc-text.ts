/** Files of /proc, taken apart. */

/** What `/proc/PID/task/TID/stat` says of a thread. */
export interface ThreadStat {
  readonly tid: number;
  readonly name: string;
  readonly state: string;
  /** Number of the parent process. */
  readonly ppid: number;
  readonly isKernelThread: boolean;
  /** In the kernel's count: 120 is nice 0. */
  readonly priority: number;
  /** Of its process. */
  readonly threadCount: number;
  /** In ticks of 10 ms after the start of the machine (CLOCK_BOOTTIME). */
  readonly startTicks: number;
  /** Processor that it ran on last. */
  readonly cpu: number;
}

/** Flag of `task_struct.flags`. */
const kernelThread = 0x0020_0000;

/** Words behind the name that are of use, by their places. */
const statPlaces = {
  state: 0,
  ppid: 1,
  flags: 6,
  priority: 15,
  threadCount: 17,
  startTicks: 19,
  cpu: 36,
} as const;

/** Parses `stat`; undefined where it does not make sense. Names may hold anything, parentheses and spaces too. */
export function parseThreadStat(text: string): ThreadStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  // What the engine itself has for it: a loop over characters would be slow until it is compiled, and dear to compile.
  const words = text.slice(close + 2).split(' ', statPlaces.cpu + 1);
  if (words.length <= statPlaces.cpu) return undefined;
  const stat: ThreadStat = {
    tid: Number.parseInt(text),
    name: text.slice(open + 1, close),
    state: words[statPlaces.state]!,
    ppid: Number(words[statPlaces.ppid]),
    isKernelThread: (Number(words[statPlaces.flags]) & kernelThread) !== 0,
    priority: Number(words[statPlaces.priority]) + 100,
    threadCount: Number(words[statPlaces.threadCount]),
    startTicks: Number(words[statPlaces.startTicks]),
    cpu: Number(words[statPlaces.cpu]),
  };
  return Number.isNaN(stat.tid + stat.ppid + stat.startTicks + stat.cpu) ? undefined : stat;
}

/** What `status` says of a thread beside. */
export interface ThreadStatus {
  readonly tgid: number;
  /** Real, effective and saved. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Numbers in its PID namespaces, the outermost first. */
  readonly tids: readonly number[];
  readonly pids: readonly number[];
}

/** The numbers behind a word at the beginning of a line; none where there is no such line. */
function numbersOf(text: string, key: string): readonly number[] {
  const found = text.startsWith(key) ? 0 : text.indexOf(`\n${key}`) + 1;
  if (found === 0 && !text.startsWith(key)) return [];
  const from = found + key.length;
  const end = text.indexOf('\n', from);
  return text
    .slice(from, end < 0 ? text.length : end)
    .trim()
    .split('\t')
    .map(Number);
}

/** Parses `status`; what a line does not say is empty. */
export function parseThreadStatus(text: string): ThreadStatus {
  return {
    tgid: numbersOf(text, 'Tgid:')[0] ?? 0,
    uids: numbersOf(text, 'Uid:'),
    gids: numbersOf(text, 'Gid:'),
    tids: numbersOf(text, 'NSpid:'),
    pids: numbersOf(text, 'NStgid:'),
  };
}

/** The inode in a link of `/proc/PID/ns`, such as `pid:[4026531836]`; 0 where there is none. */
export function namespaceInode(link: string): number {
  return link.endsWith(']') ? Number(link.slice(link.lastIndexOf('[') + 1, -1)) || 0 : 0;
}

/** The number that an id has inside of a user namespace, by its `uid_map`; the overflow id where it has none. */
export function idInNamespace(map: string, id: number): number {
  for (const line of map.split('\n')) {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    if (inside === undefined || outside === undefined || count === undefined) continue;
    if (id >= outside && id < outside + count) return inside + id - outside;
  }
  return 65_534;
}

/** The flags in `fdinfo`, which are octal. */
export function descriptorFlags(text: string): number {
  const at = text.startsWith('flags:') ? 0 : text.indexOf('\nflags:') + 1;
  if (at === 0 && !text.startsWith('flags:')) return 0;
  return Number.parseInt(text.slice(at + 6), 8) || 0;
}

/** What the kernel calls a file's mode: 1 for reading, 2 for writing. */
export function fileMode(flags: number): number {
  return ((flags & 3) + 1) & 3;
}

/** A device as the kernel numbers it, from `MAJOR:MINOR`. */
export function deviceNumber(text: string): number | undefined {
  const [major, minor] = text.trim().split(':').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major + minor)) return undefined;
  return major * 2 ** 20 + minor;
}

/** One line of `maps`. */
export interface MapLine {
  readonly start: bigint;
  readonly end: bigint;
  readonly flags: bigint;
  readonly inode: bigint;
  readonly offset: bigint;
}

const mapLine = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([sp]) ([0-9a-f]+) \S+ (\d+)/;

/** Parses a line of `maps`; its flags are the kernel's VM_READ, VM_WRITE, VM_EXEC and VM_SHARED. */
export function parseMapLine(line: string): MapLine | undefined {
  const found = mapLine.exec(line);
  if (found === null) return undefined;
  const [, start, end, read, write, execute, shared, offset, inode] = found;
  const flags =
    (read === 'r' ? 1n : 0n) |
    (write === 'w' ? 2n : 0n) |
    (execute === 'x' ? 4n : 0n) |
    (shared === 's' ? 8n : 0n);
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    flags,
    inode: BigInt(inode!),
    offset: BigInt(`0x${offset}`),
  };
}

/** What {@link cgroupPath} was given last, and its answer: most processes are in the groups of the one before. */
let lastGroups = '';
let lastPath = '';

/** Paths of the control groups in `/proc/PID/cgroup`: that of version 2, or the longest of version 1. */
export function cgroupPath(text: string): string {
  if (text === lastGroups) return lastPath;
  let longest = '';
  for (const line of text.split('\n')) {
    // HIERARCHY:CONTROLLERS:PATH; a path may have colons.
    const second = line.indexOf(':', line.indexOf(':') + 1);
    const path = line.slice(second + 1);
    if (line.startsWith('0::') && path.length > 1) {
      longest = path;
      break;
    }
    if (second > 0 && path.length > longest.length) longest = path;
  }
  lastGroups = text;
  lastPath = longest;
  return longest;
}

/** One processor of `/proc/cpuinfo`. */
export interface ProcessorFacts {
  readonly cpu: number;
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly modelName: string;
  readonly physicalId: number;
  readonly coreId: number;
  readonly cores: number;
}

/** Parses `/proc/cpuinfo`; what an architecture does not say is 0 or `unknown`. */
export function parseProcessors(text: string): readonly ProcessorFacts[] {
  return text.split('\n\n').flatMap((block) => {
    const facts = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const processor = facts.get('processor');
    if (processor === undefined) return [];
    const number = (name: string): number => Number(facts.get(name) ?? 0) || 0;
    return [
      {
        cpu: Number(processor),
        vendor: facts.get('vendor_id') ?? 'unknown',
        family: number('cpu family'),
        model: number('model'),
        modelName: facts.get('model name') ?? 'unknown',
        physicalId: number('physical id'),
        coreId: number('core id'),
        cores: number('cpu cores'),
      },
    ];
  });
}

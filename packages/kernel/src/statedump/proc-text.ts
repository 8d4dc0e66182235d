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

/** Words behind the name that are numbers and of use, by their places. */
const statPlaces = { ppid: 1, flags: 6, priority: 15, threadCount: 17, startTicks: 19, cpu: 36 } as const;
const wordCount = statPlaces.cpu + 1;
/** The numbers of one text: used anew for each. */
const statWords = new Float64Array(wordCount);

/** Reads the words of `text` from `at` on into `statWords`; what is no number is NaN. @returns how many there are. */
function readWords(text: string, at: number): number {
  let count = 0;
  let value = 0;
  let sign = 1;
  let digits = 0;
  for (let index = at; ; index++) {
    const code = index < text.length ? text.charCodeAt(index) : 32;
    if (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      digits += 1;
    } else if (code === 45 && digits === 0) sign = -1;
    else if (code === 32 || code === 10) {
      statWords[count++] = digits > 0 ? sign * value : NaN;
      if (count === wordCount || index >= text.length) return count;
      value = digits = 0;
      sign = 1;
    } else value = NaN;
  }
}

/** Parses `stat`; undefined where it does not make sense. Names may hold anything, parentheses and spaces too. */
export function parseThreadStat(text: string): ThreadStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  if (readWords(text, close + 2) < wordCount) return undefined;
  const stat: ThreadStat = {
    tid: Number.parseInt(text),
    name: text.slice(open + 1, close),
    state: text.charAt(close + 2),
    ppid: statWords[statPlaces.ppid]!,
    isKernelThread: (statWords[statPlaces.flags]! & kernelThread) !== 0,
    priority: statWords[statPlaces.priority]! + 100,
    threadCount: statWords[statPlaces.threadCount]!,
    startTicks: statWords[statPlaces.startTicks]!,
    cpu: statWords[statPlaces.cpu]!,
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

/** Parses `status`; what a line does not say is empty. */
export function parseThreadStatus(text: string): ThreadStatus {
  const numbers = (key: string): readonly number[] => {
    const at = text.startsWith(`${key}:`) ? 0 : text.indexOf(`\n${key}:`) + 1;
    if (at === 0 && !text.startsWith(`${key}:`)) return [];
    const end = text.indexOf('\n', at);
    return text
      .slice(at + key.length + 1, end < 0 ? text.length : end)
      .trim()
      .split(/\s+/)
      .map(Number);
  };
  return {
    tgid: numbers('Tgid')[0] ?? 0,
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    tids: numbers('NSpid'),
    pids: numbers('NStgid'),
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

/** Paths of the control groups in `/proc/PID/cgroup`: that of version 2, or the longest of version 1. */
export function cgroupPath(text: string): string {
  let longest = '';
  for (const line of text.split('\n')) {
    const [hierarchy, controllers, ...path] = line.split(':');
    const joined = path.join(':');
    if (hierarchy === '0' && controllers === '' && joined.length > 1) return joined;
    if (joined.length > longest.length) longest = joined;
  }
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

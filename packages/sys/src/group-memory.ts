// What the control groups of the process, those of its container, leave of memory: more ends the program. Shared memory counts
// as memory of the group that has taken it.
import { dirname, join } from 'node:path';
import { existsSync, readFileSync } from './own-files.ts';

/** Names of what a group tells, and where Linux shows the groups: those of both versions of control groups. */
interface Hierarchy {
  readonly root: string;
  /** In the group's line in /proc/self/cgroup, which ends with its path. */
  readonly controller: string;
  readonly limits: readonly string[];
  readonly usage: string;
  /** In `memory.stat`: pages of files, which Linux takes back before it ends anybody. */
  readonly files: readonly string[];
}

const hierarchies: readonly Hierarchy[] = [
  {
    root: 'sys/fs/cgroup/memory',
    controller: 'memory',
    limits: ['memory.limit_in_bytes'],
    usage: 'memory.usage_in_bytes',
    files: ['total_inactive_file', 'total_active_file'],
  },
  {
    root: 'sys/fs/cgroup',
    controller: '',
    limits: ['memory.max', 'memory.high'],
    usage: 'memory.current',
    files: ['inactive_file', 'active_file'],
  },
];

/**
 * Bytes that the process may still take: the least of what its control group and those around it leave. Infinity where its own
 * group has no limit, and where there are no control groups to be read. Never throws.
 *
 * @param root what is below it stands for the machine's files; for tests.
 */
export function groupMemoryLeft(root?: string): number {
  // Native code that reads one file: mostly there is no limit, and no more to be done at the start of a program.
  if (root === undefined && !isLimit(process.constrainedMemory() ?? 0)) return Infinity;
  return leastLeft(root ?? '/');
}

/** Without a limit the first version of control groups tells the greatest number of pages that there could be. */
function isLimit(bytes: number): boolean {
  return bytes > 0 && bytes < 2 ** 62;
}

function leastLeft(root: string): number {
  const groups = readText(join(root, 'proc/self/cgroup')).split('\n');
  let leftBytes = Infinity;
  for (const hierarchy of hierarchies) {
    const path = pathOf(groups, hierarchy.controller);
    if (path === undefined) continue;
    const top = join(root, hierarchy.root);
    // In a container the path may be that of the machine, and what is shown the container's own group.
    for (let group = join(top, path); ; group = dirname(group)) {
      leftBytes = Math.min(leftBytes, leftIn(group, hierarchy));
      if (group === top || group.length <= top.length) break;
    }
  }
  return leftBytes;
}

/** Of a group, of whose line a number and its controllers are the beginning: `5:hugetlb,memory:/docker/1f`. */
function pathOf(groups: readonly string[], controller: string): string | undefined {
  for (const line of groups) {
    const [, controllers, ...path] = line.split(':');
    if (controllers?.split(',').includes(controller) === true) return path.join(':');
  }
  return undefined;
}

function leftIn(group: string, { limits, usage, files }: Hierarchy): number {
  const limitBytes = Math.min(...limits.map((name) => numberIn(join(group, name))));
  if (!isLimit(limitBytes)) return Infinity;
  const takenBytes = numberIn(join(group, usage));
  if (takenBytes === Infinity) return Infinity;
  let fileBytes = 0;
  for (const line of readText(join(group, 'memory.stat')).split('\n')) {
    const [name, bytes] = line.split(' ');
    if (files.includes(name!)) fileBytes += Number(bytes);
  }
  return Math.max(0, limitBytes - takenBytes + fileBytes);
}

/** Infinity for `max`, and for what is not there. */
function numberIn(path: string): number {
  const text = readText(path).trim();
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? Infinity : number;
}

function readText(path: string): string {
  try {
    // Asked first: to make an error takes longer.
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  } catch {
    return '';
  }
}

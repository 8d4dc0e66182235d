/** Control groups of processes, by their paths: the container that they are of. */

/** systemd writes characters that paths cannot have as `\\x2d`. */
const unescapeUnit = (text: string): string =>
  text.replaceAll(/\\x([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));

/**
 * The container that a control group is of: an id of 64 digits for Docker, podman, containerd and CRI-O, else the name that
 * LXC or systemd-nspawn gave. Undefined for groups of the host.
 * @param path from the root of its hierarchy.
 */
export function containerOfPath(path: string): string | undefined {
  // The innermost one: containers may run containers.
  for (const part of path.split('/').reverse()) {
    const id = /^(?:[a-z]+(?:-[a-z]+)*-)?([0-9a-f]{64})(?:\.scope)?$/.exec(part)?.[1];
    if (id !== undefined) return id;
    const name = /^lxc\.payload\.(.+)$/.exec(part)?.[1] ?? /^machine-(.+)\.scope$/.exec(part)?.[1];
    if (name !== undefined) return unescapeUnit(name);
  }
  return undefined;
}

function pathOfLine(line: string): string {
  return line.split(':').slice(2).join(':');
}

/**
 * The container that a process with these control groups is in; undefined for processes of the host.
 * @param cgroups the text of `/proc/PID/cgroup`.
 */
export function containerOfCgroups(cgroups: string): string | undefined {
  for (const line of cgroups.split('\n')) {
    const container = containerOfPath(pathOfLine(line));
    if (container !== undefined) return container;
  }
  return undefined;
}

/** Path of the control group of version 2 in the text of `/proc/PID/cgroup`; undefined where there is no such hierarchy. */
export function unifiedPath(cgroups: string): string | undefined {
  const line = cgroups.split('\n').find((candidate) => candidate.startsWith('0::'));
  return line === undefined ? undefined : pathOfLine(line);
}

/** A line of `/proc/self/mountinfo`: the root of the mount in its file system, where it is, and what it is. */
const mountLine = /^\d+ \d+ \d+:\d+ (\S+) (\S+) .* - (\S+) /;

/** Where the hierarchy of version 2 is mounted, and which of its groups is there. */
export interface UnifiedMount {
  readonly root: string;
  readonly path: string;
}

/** Finds the hierarchy of version 2 in the text of `/proc/self/mountinfo`; the mount of the most of it, if there are some. */
export function unifiedMount(mounts: string): UnifiedMount | undefined {
  const found = mounts.split('\n').flatMap((line): readonly UnifiedMount[] => {
    const [, root = '', path = '', type] = mountLine.exec(line) ?? [];
    // Spaces and the like are written as octal numbers.
    const plain = (text: string): string =>
      text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
    return type === 'cgroup2' ? [{ root: plain(root), path: plain(path) }] : [];
  });
  return found.sort((left, right) => left.root.length - right.root.length)[0];
}

/** The folder of a group of version 2; undefined where the mount does not show it. */
export function groupFolder({ root, path }: UnifiedMount, group: string): string | undefined {
  // Groups outside of the reader's own namespace.
  if (group.startsWith('/..')) return undefined;
  if (root === '/') return `${path}${group}`;
  return group === root || group.startsWith(`${root}/`) ? `${path}${group.slice(root.length)}` : undefined;
}

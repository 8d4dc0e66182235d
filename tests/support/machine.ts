// What the machine has beyond npm. Free of the test runner, so that benchmarks use it too.
import { spawnSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Groups that SPOOR_REQUIRE may name, separated by commas; `all` names every one. */
export type NeedGroup =
  'interop' | 'e2e' | 'corpus' | 'root' | 'duckdb' | 'nodes' | 'kernel' | 'bpf' | 'users' | 'hotplug';

/** One thing that may be absent. */
export interface Need {
  readonly group: NeedGroup;
  /** What is missing, and where it comes from. */
  readonly lack: string;
  readonly met: boolean;
}

/** The nearest folder above that holds the lock file: compiled benchmarks run from below `.cache`. */
function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package-lock.json above ${import.meta.dirname}`);
  return findRoot(parent);
}

/** The checkout's root. */
export const repoRoot: string = findRoot(import.meta.dirname);
/** The folder of shared notes and corpora beside the checkout; may be absent. */
export const sharedRoot: string = join(repoRoot, '..', 'shared');

function onPath(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
}

/** A command that must be on the PATH. */
export function command(name: string, group: NeedGroup = 'interop'): Need {
  return { group, lack: `no ${name} (scripts/install-peers.sh)`, met: onPath(name) };
}

/** Being root: needed for mount namespaces and the kernel's tracefs. */
export function root(): Need {
  return { group: 'root', lack: 'not root', met: process.getuid?.() === 0 };
}

/** Users without rights of their own, as every system has them. */
export const otherUsers: { readonly one: number; readonly another: number } = { one: 65_534, another: 2 };

/** Being root, and this checkout being where other users can run programs of it. */
export function otherUsersRun(): Need {
  const path = join(repoRoot, 'packages/tracer/package.json');
  const met =
    process.getuid?.() === 0 &&
    Object.values(otherUsers).every(
      (uid) =>
        spawnSync(process.execPath, ['-e', `fs.readFileSync(${JSON.stringify(path)})`], { uid, gid: uid })
          .status === 0,
    );
  return { group: 'users', lack: 'not root, or other users cannot read this checkout', met };
}

/** The inode of the first PID namespace, the same on every machine: numbers of threads in events are of it. */
const firstPidNamespace = 'pid:[4026531836]';

/** The kernel's tracing: root, tracefs mounted, and no PID namespace of one's own. */
export function tracefs(): Need {
  const met =
    process.getuid?.() === 0 &&
    existsSync('/sys/kernel/tracing/events') &&
    readlinkSync('/proc/self/ns/pid') === firstPidNamespace;
  return { group: 'kernel', lack: 'no tracefs (as root: mount -t tracefs nodev /sys/kernel/tracing)', met };
}

/** The real bpftrace on a kernel that lets programs of BPF run. */
export function bpftrace(): Need {
  const lack =
    'no bpftrace that may run (scripts/install-peers.sh; as root, where the kernel does not refuse BPF)';
  const isThere = tracefs().met && onPath('bpftrace');
  const met = isThere && spawnSync('bpftrace', ['-e', 'BEGIN { exit(); }'], { timeout: 60_000 }).status === 0;
  return { group: 'bpf', lack, met };
}

/** A trace archive of the shared corpus. */
export function corpus(archive: string): Need {
  const path = join(sharedRoot, 'corpus', archive);
  return { group: 'corpus', lack: `no ../shared/corpus/${archive}`, met: existsSync(path) };
}

/** Debian's Chromium. */
export function chromium(): Need {
  return command('chromium', 'e2e');
}

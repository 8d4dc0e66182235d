/** Containers by their names or ids: which processes and which PID namespaces are theirs. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError, closestName } from '@spoor/base';
import { containerOfCgroups } from '../contexts/control-groups.ts';
import { namespaceInode } from '../statedump/proc-text.ts';

/** A container that runs. */
export interface Container {
  /** What it is called by whoever runs it; its id where that has no other name. */
  readonly name: string;
  /** Inodes of the PID namespaces of its processes, as `$ctx.pid_ns` has them. */
  readonly pidNamespaces: readonly number[];
}

/** Where containers are looked for. */
export interface ContainerPlaces {
  readonly proc: string;
  /** A folder a container, `ID/config.v2.json`. */
  readonly docker: string;
  /** The list that podman (containers-storage) keeps. */
  readonly podman: string;
}

const usualPlaces: ContainerPlaces = {
  proc: '/proc',
  docker: '/var/lib/docker/containers',
  podman: '/var/lib/containers/storage/overlay-containers/containers.json',
};

/** Least digits of an id by which a container may be named. */
const leastIdDigits = 4;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** What containers are called, by their ids. */
function namesOf(ids: Iterable<string>, { docker, podman }: ContainerPlaces): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const id of ids) {
    const name = property(parseJson(readText(join(docker, id, 'config.v2.json'))), 'Name');
    if (typeof name === 'string') names.set(id, name.replace(/^\//, ''));
  }
  const list = parseJson(readText(podman));
  for (const one of Array.isArray(list) ? (list as readonly unknown[]) : []) {
    const id = property(one, 'id');
    const given = property(one, 'names');
    const name: unknown = Array.isArray(given) ? given[0] : undefined;
    if (typeof id === 'string' && typeof name === 'string') names.set(id, name);
  }
  return names;
}

function pidNamespace(proc: string, process: string): number | undefined {
  try {
    return namespaceInode(readlinkSync(join(proc, process, 'ns/pid'), 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * Finds a container that runs.
 * @param wanted its name, its id, or the beginning of that.
 * @throws SpoorError `kernel/no-container`, `kernel/container` for a text that is of several containers, or for one whose
 * processes are in the PID namespace of the host and cannot be told from its others.
 */
export function findContainer(wanted: string, places: ContainerPlaces = usualPlaces): Container {
  const { proc } = places;
  const processes = new Map<string, string[]>();
  for (const process of readdirSync(proc)) {
    if (!/^\d+$/.test(process)) continue;
    const id = containerOfCgroups(readText(join(proc, process, 'cgroup')) ?? '');
    if (id === undefined) continue;
    const known = processes.get(id);
    if (known === undefined) processes.set(id, [process]);
    else known.push(process);
  }
  const ids = [...processes.keys()];
  const names = namesOf(ids, places);
  const isId = /^[0-9a-f]+$/.test(wanted) && wanted.length >= leastIdDigits;
  const exact = ids.filter((id) => id === wanted || names.get(id) === wanted);
  const found =
    exact.length > 0 || !isId ? exact : ids.filter((id) => id.length === 64 && id.startsWith(wanted));
  const shown = (id: string): string => names.get(id) ?? id.slice(0, 12);
  if (found.length > 1) {
    throw new SpoorError('kernel/container', `${wanted} is of several containers`, {
      hint: found.map((id) => `${shown(id)} (${id.slice(0, 12)})`).join(', '),
    });
  }
  const [id] = found;
  if (id === undefined) {
    const all = ids.map(shown);
    const near = closestName(wanted, all);
    throw new SpoorError('kernel/no-container', `no container ${JSON.stringify(wanted)} runs here`, {
      hint:
        near === undefined
          ? all.length === 0
            ? 'no process is in a control group of a container'
            : `there are: ${all.join(', ')}`
          : `did you mean ${near}?`,
    });
  }
  const own = pidNamespace(proc, 'self');
  const pidNamespaces = new Set<number>();
  for (const process of processes.get(id)!) {
    const inode = pidNamespace(proc, process);
    // What starts a container may be in its control group, too.
    if (inode !== undefined && inode !== own) pidNamespaces.add(inode);
  }
  if (pidNamespaces.size === 0) {
    throw new SpoorError('kernel/container', `container ${shown(id)} is in the PID namespace of the host`, {
      hint: "its processes cannot be told from others by it: --kernel-filter, such as '$ctx.cgroup_ns == N'",
    });
  }
  return { name: names.get(id) ?? id, pidNamespaces: [...pidNamespaces] };
}

/** The filter that takes what happens in a container, and of that what another filter takes. */
export function containerFilter({ pidNamespaces }: Container, filter: string | undefined): string {
  const inside = pidNamespaces.map((inode) => `$ctx.pid_ns == ${inode}`).join(' || ');
  return filter === undefined ? inside : `(${inside}) && (${filter})`;
}

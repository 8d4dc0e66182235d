/**
 * Names of what sessions have in the kernel. A session outlives the processes that record it, so a name tells the directory
 * of the session and not a process: what belongs to a directory that is gone has been left behind.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPrefix, removeInstance } from '../tracefs/instance.node.ts';
import { plainLabel } from '../tracefs/instance-name.node.ts';
import { readIfThere } from '../tracefs/tracefs.node.ts';
import { parseProbeList } from '../probes/probe-text.ts';
import { removeProbe } from '../probes/probe-group.node.ts';

/** Names of tracefs have at most 255 bytes. */
const longestName = 255;

/** Inode of the mount namespace: paths of another one say nothing here. */
function mountNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/mnt'))?.[0] ?? '0';
}

function sessionPrefix(prefix: string): string {
  return `${prefix}-session`;
}

const escaped = (text: string): string => encodeURIComponent(text).replaceAll('!', '%21');

/** The name of the instance of a channel: `PREFIX-session!NAMESPACE!DIRECTORY!CHANNEL`. */
export function sessionInstanceName(
  directory: string,
  channel: string,
  prefix: string = defaultPrefix,
): string {
  const name = [sessionPrefix(prefix), mountNamespace(), escaped(directory), plainLabel(channel)].join('!');
  if (Buffer.byteLength(name) <= longestName) return name;
  // Too long to be found again by it: it goes with its session alone.
  const digest = createHash('sha256').update(`${directory}\0${channel}`).digest('hex').slice(0, 32);
  return `${sessionPrefix(prefix)}!long!${digest}`;
}

interface NamedSession {
  readonly namespace: string;
  readonly directory: string;
}

function sessionOf(name: string, prefix: string): NamedSession | undefined {
  const [head, namespace, directory, channel, ...more] = name.split('!');
  if (head !== sessionPrefix(prefix) || directory === undefined || channel === undefined || more.length > 0) {
    return undefined;
  }
  try {
    return { namespace: namespace ?? '', directory: decodeURIComponent(directory) };
  } catch {
    return undefined;
  }
}

/** The group of a session's probes; groups have letters, digits and underscores. */
export function sessionProbeGroup(directory: string, prefix: string = defaultPrefix): string {
  const digest = createHash('sha256').update(`${mountNamespace()}\0${directory}`).digest('hex').slice(0, 24);
  return `${prefix}_session_${digest}`;
}

function instancesOf(root: string): readonly string[] {
  return readdirSync(join(root, 'instances'));
}

/** Instances of sessions that go on. */
export function sessionInstances(root: string, prefix: string = defaultPrefix): readonly string[] {
  const own = mountNamespace();
  return instancesOf(root).filter((name) => {
    const session = sessionOf(name, prefix);
    return session !== undefined && (session.namespace !== own || existsSync(session.directory));
  });
}

/** Instances of sessions whose directories are gone. */
export function abandonedSessions(root: string, prefix: string = defaultPrefix): readonly string[] {
  const own = mountNamespace();
  return instancesOf(root).filter((name) => {
    const session = sessionOf(name, prefix);
    return session !== undefined && session.namespace === own && !existsSync(session.directory);
  });
}

/**
 * Removes instances and probes of sessions whose directories are gone. Those of other mount namespaces are left alone.
 * @returns names of what was removed.
 */
export function sweepSessions(root: string, prefix: string = defaultPrefix): readonly string[] {
  const own = mountNamespace();
  const swept: string[] = [];
  const living = new Set<string>();
  for (const name of instancesOf(root)) {
    const session = sessionOf(name, prefix);
    if (session === undefined) continue;
    if (session.namespace !== own || existsSync(session.directory)) {
      living.add(sessionProbeGroup(session.directory, prefix));
      continue;
    }
    removeInstance(join(root, 'instances', name));
    swept.push(name);
  }
  const isForeign = instancesOf(root).some((name) => {
    const session = sessionOf(name, prefix);
    return session !== undefined && session.namespace !== own;
  });
  // Groups do not tell the namespace: with instances of another one about, nothing is known of whose they are.
  if (!isForeign) swept.push(...sweepSessionProbes(root, living, prefix));
  return swept;
}

/** Removes the probes of the session that an instance was of, unless it has others yet. */
export function removeProbesOfSession(root: string, instance: string, prefix: string = defaultPrefix): void {
  const session = sessionOf(instance, prefix);
  if (session === undefined) return;
  const others = instancesOf(root).some((name) => sessionOf(name, prefix)?.directory === session.directory);
  if (others || session.namespace !== mountNamespace()) return;
  const group = sessionProbeGroup(session.directory, prefix);
  for (const file of ['uprobe_events', 'kprobe_events']) {
    const path = join(root, file);
    for (const probe of parseProbeList(readIfThere(path) ?? '')) {
      if (probe.group === group) removeProbe(path, group, probe.name);
    }
  }
}

function sweepSessionProbes(root: string, living: ReadonlySet<string>, prefix: string): readonly string[] {
  const swept: string[] = [];
  for (const file of ['uprobe_events', 'kprobe_events']) {
    const path = join(root, file);
    const text = readIfThere(path);
    if (text === undefined) continue;
    for (const { group, name } of parseProbeList(text)) {
      if (!group.startsWith(`${prefix}_session_`) || living.has(group)) continue;
      removeProbe(path, group, name);
      swept.push(`${group}:${name}`);
    }
  }
  return swept;
}

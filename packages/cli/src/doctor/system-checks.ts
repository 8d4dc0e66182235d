/** What recording the kernel needs, and what is good to have. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { describeError } from '@spoor/base';
import { ControlClient, TRACING_GROUP, groupNumber } from '@spoor/control';
import { findTracefs, listEvents, probeCapabilities } from '@spoor/kernel/node';
import { type DoctorRequest, type Finding, ok, trouble } from './finding.ts';
import { findCommand, readSmall } from './machine-files.ts';

/** Number of the capability that making instances of tracefs needs in a container. */
const CAP_SYS_ADMIN = 21n;

const isRoot = (): boolean => process.getuid?.() === 0;

/** Whether nobody can write there, whatever the rights are. */
function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

const isMember = (group: number | undefined): boolean =>
  group !== undefined && [process.getegid?.(), ...(process.getgroups?.() ?? [])].includes(group);

/** Whether root's session daemon records the kernel for this user, who may not do so. */
export async function recordsForMember({ environment }: DoctorRequest): Promise<boolean> {
  if (isRoot()) return false;
  try {
    using client = await ControlClient.connect({ environment, client: 'spoor doctor' });
    return (await client.call('list-kernel-events', {})).events.length > 0;
  } catch {
    return false;
  }
}

/** How somebody who is not root comes to record the kernel. */
function kernelRemedy(): string {
  const once = 'run it as root: sudo spoor record -k -- COMMAND';
  return isMember(groupNumber(TRACING_GROUP))
    ? `as root: spoor sessiond --daemonize (its sessions are for this user, too: spoor enable-event -k; or ${once})`
    : `${once} (or join the group tracing: see tracing-group)`;
}

/** @param isServed whether root's session daemon records the kernel for this user. */
export function checkTracefs({ needsKernel }: DoctorRequest, isServed: boolean): Finding {
  const id = 'tracefs';
  const why = 'the kernel is recorded through it';
  if (isServed) {
    return ok(id, "root's session daemon records the kernel for this user: spoor enable-event -k");
  }
  try {
    const root = findTracefs();
    const count = listEvents(root).length;
    if (isReadOnly(root)) {
      return trouble(id, needsKernel, {
        what: `${root} is mounted read-only`,
        why,
        remedy: `mount -o remount,rw ${root}`,
      });
    }
    if (isRoot()) return ok(id, `${root} has ${count} kinds of events`);
    return trouble(id, needsKernel, {
      what: `${root} can be read by this user; making a recording is for root`,
      why,
      remedy: kernelRemedy(),
    });
  } catch (error) {
    const isMounted = /\btracefs\b/.test(readSmall('/proc/self/mounts') ?? '');
    const isInKernel = /\btracefs\b/.test(readSmall('/proc/filesystems') ?? '');
    const mount = 'mount -t tracefs nodev /sys/kernel/tracing';
    const asRoot = isRoot() ? mount : 'as root: spoor doctor -k';
    return trouble(id, needsKernel, {
      what: isInKernel ? describeError(error) : 'this kernel was built without tracing',
      why,
      remedy: isMounted ? kernelRemedy() : isInKernel ? asRoot : undefined,
    });
  }
}

/** @param isServed as of {@link checkTracefs}. */
export function checkCapabilities({ needsKernel }: DoctorRequest, isServed: boolean): Finding {
  const id = 'capabilities';
  const status = readSmall('/proc/self/status') ?? '';
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec(status) ?? [];
  const hasAdmin = ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  if (hasAdmin) return ok(id, 'this process may administer the machine (CAP_SYS_ADMIN)');
  if (!isRoot() && (isServed || !needsKernel))
    return ok(id, 'a user without special rights: enough to record programs');
  return trouble(id, needsKernel, {
    what: isRoot() ? 'root without CAP_SYS_ADMIN, as in a container' : 'a user without CAP_SYS_ADMIN',
    why: 'recording the kernel needs it',
    remedy: isRoot()
      ? 'docker run --privileged -v /sys/kernel/tracing:/sys/kernel/tracing …'
      : 'run it as root: sudo spoor record -k -- COMMAND',
  });
}

export function checkLockdown({ needsKernel }: DoctorRequest): Finding {
  const id = 'lockdown';
  const [, state = 'none'] = /\[(\w+)\]/.exec(readSmall('/sys/kernel/security/lockdown') ?? '') ?? [];
  if (state !== 'confidentiality') return ok(id, `kernel lockdown: ${state}`);
  return trouble(id, needsKernel, {
    what: 'the kernel is locked down for confidentiality',
    why: 'it lets nobody trace it then',
    remedy: 'start the machine with lockdown=integrity, or without lockdown= on the kernel command line',
  });
}

/** Without these nothing of the kernel is recorded. */
const neededFacilities: ReadonlySet<string> = new Set(['instances', 'events', 'clock-mono']);
/** What is looked at for programs, too. */
const countersOfAll: ReadonlySet<string> = new Set(['software-counters', 'hardware-counters']);

/** Tries each facility of the kernel's tracing, when it is asked for and there is tracing at all. */
export function checkFacilities({ needsKernel }: DoctorRequest): readonly Finding[] {
  if (!needsKernel || !isRoot()) return [];
  try {
    findTracefs();
  } catch {
    // That is a finding of its own.
    return [];
  }
  return probeCapabilities()
    .filter(({ name }) => !countersOfAll.has(name))
    .map(({ name, subject, available, lack = 'it is not there', needs, instead }) =>
      available
        ? ok(name, subject)
        : trouble(name, neededFacilities.has(name), {
            what: `${subject}: ${lack}`,
            why: `it needs ${needs}`,
            remedy: `use instead: ${instead}`,
          }),
    );
}

export function checkGroup(): Finding {
  const id = 'tracing-group';
  const group = groupNumber(TRACING_GROUP);
  if (isRoot()) {
    if (group !== undefined) return ok(id, `members of the group tracing may control root's session daemon`);
    return trouble(id, false, {
      what: 'there is no group tracing',
      why: "its members may control root's session daemon; without it root alone may",
      remedy: 'groupadd --system tracing && usermod --append --groups tracing USER',
    });
  }
  const name = userName();
  const user = name ?? `user ${process.getuid?.()}`;
  if (isMember(group)) return ok(id, `${user} is in the group tracing`);
  return trouble(id, false, {
    what: group === undefined ? 'there is no group tracing' : `${user} is not in the group tracing`,
    why: "its members may control root's session daemon; your own programs need no group",
    remedy:
      name === undefined
        ? `docker run --user ${process.getuid?.()} --group-add ${group ?? 'GROUP'} …`
        : `as root: groupadd --force --system tracing && usermod --append --groups tracing ${name} (then log in again)`,
  });
}

/** The name of this user; undefined of one that has none, as in a container that is run with a number. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Other programs that read what we write, or that we are held beside. */
const peers = [
  { command: 'babeltrace2', package: 'babeltrace2', why: 'another reader of the traces; spoor has its own' },
  { command: 'lttng', package: 'lttng-tools', why: 'sessions of C and C++ programs are its own' },
] as const;

export function checkPeers({ environment }: DoctorRequest): readonly Finding[] {
  return peers.map(({ command, package: packageName, why }) => {
    const path = findCommand(command, environment);
    if (path === undefined) {
      const remedy = `as root: apt-get install ${packageName}`;
      return trouble(command, false, { what: `${command} is not there`, why, remedy });
    }
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    const [, version = 'of an unknown version'] = /(\d+\.\d+\.\d+)/.exec(stdout ?? '') ?? [];
    return ok(command, `${command} ${version}`);
  });
}

/** What recording programs needs. */
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { CHANNEL_DEFAULTS, ControlClient, controlDirectory, homeDirectory, socketPath } from '@spoor/control';
import { hubPath } from '@spoor/ringbuffer';
import { createMappedFile, isAvailable, openThreadCounter } from '@spoor/sys';
import { type DoctorRequest, type Finding, ok, trouble } from './finding.ts';
import { readSmall } from './machine-files.ts';
import { binarySizeText } from '../units.ts';

/** Oldest release of Node.js that is served. */
const OLDEST_NODE = [20, 19] as const;
/** What one thread takes with the defaults. */
const ringBytes = CHANNEL_DEFAULTS.user.subBufferSizeBytes * CHANNEL_DEFAULTS.user.subBufferCount;
/** Threads that there should be room for: a program with its workers, twice. */
const PLANNED_THREADS = 32;
/** The kernel's own default; a program with many workers maps a ring and a few counters for each. */
const USUAL_MAP_COUNT = 65_530;
const NEEDED_FILES = 1024;

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) {
    return ok('node', `Node.js ${process.versions.node}`);
  }
  return trouble('node', true, {
    what: `Node.js ${process.versions.node} is older than ${OLDEST_NODE.join('.')}`,
    why: 'programs and the command need it',
    remedy: 'install a newer release of Node.js: https://nodejs.org/en/download',
  });
}

export function checkKoffi(): Finding {
  const koffi = isAvailable();
  if (koffi.available) return ok('koffi', 'koffi is there: ring buffers are written in shared memory');
  return trouble('koffi', false, {
    what: `koffi cannot be loaded: ${koffi.reason}`,
    why: `without it each thread copies its events to shared memory by itself, which is slower, and there are no perf contexts${process.getuid?.() === 0 ? '; root records no programs of other users, and lets no members of the group tracing in' : ''}`,
    remedy:
      process.env['SPOOR_NO_KOFFI'] === '1' ? 'unset SPOOR_NO_KOFFI' : 'npm install --include=optional koffi',
  });
}

/** The first directory on the way to a path that exists. */
function nearestDirectory(path: string): string {
  return existsSync(path) ? path : nearestDirectory(dirname(path));
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function checkSharedMemory({ environment }: DoctorRequest): Finding {
  const id = 'shared-memory';
  const hub = hubPath(environment);
  const place = nearestDirectory(hub);
  const isUsual = place.startsWith('/dev/shm');
  if (!canWrite(place)) {
    return trouble(id, true, {
      what: `${place} cannot be written by this user`,
      why: 'ring buffers are files in it',
      remedy: isUsual ? 'as root: chmod 1777 /dev/shm' : `chown "$(id -un)" ${place}`,
    });
  }
  const { bsize, blocks, bavail, type } = statfsSync(place);
  const [totalBytes, freeBytes] = [blocks * bsize, bavail * bsize];
  const neededBytes = ringBytes * PLANNED_THREADS;
  const found = `${place}: ${binarySizeText(freeBytes)} of ${binarySizeText(totalBytes)} are free, room for ${Math.floor(freeBytes / ringBytes)} threads of ${binarySizeText(ringBytes)} each`;
  if (freeBytes < neededBytes) {
    const wanted = Math.ceil((totalBytes - freeBytes + neededBytes * 2) / 1024 ** 2);
    return trouble(id, true, {
      what: found,
      why: `${PLANNED_THREADS} threads with the default channel take ${binarySizeText(neededBytes)}`,
      remedy: isUsual
        ? `as root: mount -o remount,size=${wanted}M /dev/shm (a container: docker run --shm-size=${wanted}m)`
        : 'a larger file system for $LTTNG_RUNDIR, or smaller channels: spoor enable-channel --subbuf-size 64k',
    });
  }
  const TMPFS = 0x01021994;
  if (type !== TMPFS) {
    return trouble(id, false, {
      what: `${found}; it is no tmpfs`,
      why: 'pages of the ring buffers are written to a disk, which slows programs down',
      remedy: 'unset LTTNG_RUNDIR and SPOOR_RUN_DIR, so that ring buffers are in /dev/shm',
    });
  }
  return ok(id, found);
}

/** Maps memory as a traced program does. */
export function checkMapping({ environment }: DoctorRequest): Finding {
  const id = 'mapping';
  if (!isAvailable().available) return ok(id, 'no memory is mapped without koffi');
  const place = nearestDirectory(hubPath(environment));
  try {
    const folder = mkdtempSync(join(place, 'spoor-doctor-'));
    try {
      using mapped = createMappedFile(join(folder, 'ring'), ringBytes);
      new Uint8Array(mapped.memory).fill(1, 0, 1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return ok(id, `a ring buffer of ${binarySizeText(ringBytes)} was made and mapped in ${place}`);
  } catch (error) {
    return trouble(id, true, {
      what: `a ring buffer cannot be made in ${place}: ${describeError(error)}`,
      why: 'every thread that is recorded makes one',
      remedy: 'free space there: spoor destroy --all; df -h /dev/shm shows what is left',
    });
  }
}

export function checkRunDirectory({ environment }: DoctorRequest): Finding {
  const id = 'run-directory';
  const path = controlDirectory(environment);
  if (!existsSync(path)) {
    const place = nearestDirectory(path);
    if (canWrite(place)) return ok(id, `${path} is made when a session daemon starts`);
    return trouble(id, true, {
      what: `${path} cannot be made: ${place} cannot be written by this user`,
      why: 'the socket and the state of the session daemon are in it',
      remedy: 'export LTTNG_RUNDIR=/dev/shm/spoor-run-$(id -u); mkdir -m 700 -p "$LTTNG_RUNDIR"',
    });
  }
  const { uid, mode } = statSync(path);
  if (uid !== (process.getuid?.() ?? 0)) {
    return trouble(id, true, {
      what: `${path} belongs to user ${uid}`,
      why: 'the session daemon refuses a directory of somebody else',
      remedy: `as root: chown $(id -u) ${path}`,
    });
  }
  if ((mode & 0o002) !== 0) {
    return trouble(id, true, {
      what: `${path} can be written by everybody`,
      why: 'others could put a socket there in place of the daemon',
      remedy: `chmod 750 ${path}`,
    });
  }
  return ok(id, path);
}

export function checkTraces({ environment }: DoctorRequest): Finding {
  const id = 'traces';
  const place = nearestDirectory(join(homeDirectory(environment), 'lttng-traces'));
  if (!canWrite(place)) {
    return trouble(id, true, {
      what: `${place} cannot be written by this user`,
      why: 'traces, saved sessions and the name of the current session are there',
      remedy: 'export LTTNG_HOME="$(mktemp -d)", or another directory that is yours',
    });
  }
  const { bsize, bavail } = statfsSync(place);
  const freeBytes = bsize * bavail;
  const what = `${place}: ${binarySizeText(freeBytes)} are free`;
  if (freeBytes >= 1024 ** 3) return ok(id, what);
  return trouble(id, false, {
    what,
    why: 'a busy program writes some GB an hour',
    remedy: 'spoor create -o DIR on another file system, or a flight recorder: spoor create --snapshot',
  });
}

export async function checkDaemon({ environment }: DoctorRequest): Promise<Finding> {
  const id = 'session-daemon';
  const where = socketPath(environment);
  try {
    using client = await ControlClient.connect({ environment, client: 'spoor doctor' });
    return ok(
      id,
      `a session daemon answers (process ${client.welcome.pid}, version ${client.welcome.release})`,
    );
  } catch (error) {
    if (error instanceof SpoorError && error.code === 'control/unreachable') {
      return ok(id, `no session daemon runs at ${where}; the first verb that needs one starts it`);
    }
    return trouble(id, true, {
      what: `the session daemon at ${where} does not serve: ${describeError(error)}`,
      why: 'all verbs about sessions need it',
      remedy: `kill "$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' ${join(dirname(where), 'daemon.json')})"; spoor sessiond --daemonize`,
    });
  }
}

export function checkMapCount(): Finding {
  const id = 'map-count';
  const count = Number(readSmall('/proc/sys/vm/max_map_count') ?? USUAL_MAP_COUNT);
  const what = `vm.max_map_count is ${count}`;
  if (count >= USUAL_MAP_COUNT) return ok(id, what);
  return trouble(id, true, {
    what,
    why: 'each thread maps its ring buffers; a program with many workers would fail to',
    remedy: `as root: sysctl -w vm.max_map_count=${USUAL_MAP_COUNT}`,
  });
}

export function checkOpenFiles(): Finding {
  const id = 'open-files';
  const limits = readSmall('/proc/self/limits') ?? '';
  // Node.js raises the soft limit to the hard one by itself.
  const [, most = 'unlimited'] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  const what = `a process may open ${most} files`;
  if (most === 'unlimited' || Number(most) >= NEEDED_FILES) return ok(id, what);
  return trouble(id, true, {
    what,
    why: 'the consumer has a file or two of each thread open',
    remedy: `as root: prlimit --pid $$ --nofile=${NEEDED_FILES} (of a service: LimitNOFILE=${NEEDED_FILES})`,
  });
}

export function checkClock(): Finding {
  const id = 'clock';
  const folder = '/sys/devices/system/clocksource/clocksource0';
  const current = readSmall(`${folder}/current_clocksource`)?.trim();
  if (current === undefined) return ok(id, 'the clock source is not told here');
  const available = (readSmall(`${folder}/available_clocksource`) ?? '').trim().split(/\s+/);
  const slow = ['hpet', 'acpi_pm', 'jiffies', 'pit', 'refined-jiffies'];
  if (!slow.includes(current)) return ok(id, `the clock source is ${current}`);
  const better = available.find((name) => !slow.includes(name));
  return trouble(id, false, {
    what: `the clock source is ${current}`,
    why: 'each event reads the clock; this one takes a microsecond or more',
    remedy: better === undefined ? undefined : `as root: echo ${better} > ${folder}/current_clocksource`,
  });
}

export function checkCounters(): Finding {
  const id = 'perf-counters';
  const paranoid = Number(readSmall('/proc/sys/kernel/perf_event_paranoid') ?? Number.NaN);
  const why = 'the contexts perf:thread:… need it';
  if (!isAvailable().available) return ok(id, 'no perf contexts without koffi');
  try {
    using software = openThreadCounter('task-clock');
    software.read();
  } catch (error) {
    return trouble(id, false, {
      what: `counters of a thread cannot be opened (perf_event_paranoid is ${paranoid}): ${describeError(error)}`,
      why,
      // What the setting allows a container's filter of system calls may still forbid.
      remedy:
        paranoid > 2 ? 'as root: sysctl -w kernel.perf_event_paranoid=2' : 'docker run --cap-add PERFMON',
    });
  }
  try {
    using hardware = openThreadCounter('instructions');
    hardware.read();
    return ok(id, 'counters of the kernel and of the processor can be read');
  } catch {
    return trouble(id, false, {
      what: 'counters of the kernel can be read, those of the processor cannot: this machine shows none',
      why: 'the contexts perf:thread:instructions, cache-misses … are 0 here',
      remedy: 'of a virtual machine: give it a PMU (qemu: -cpu host,pmu=on)',
    });
  }
}

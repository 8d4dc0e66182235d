// Which processes a session records, as lttng-track(1) has it: asked when a thread attaches, and when its user changes.
import { globMatches, parseGlob } from '@spoor/filter';
import type { TrackerDescription } from '@spoor/ringbuffer';
import { ownPid, readFileSync } from '@spoor/sys';

/** What trackers look at. Numbers are those that the process itself sees. */
export interface TrackedProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Paths of its control groups, one a hierarchy. Read when it is asked for: it takes a file. */
  readonly cgroups: () => readonly string[];
}

/** Whether all trackers include the process. */
export function isTracked(trackers: readonly TrackerDescription[], process: TrackedProcess): boolean {
  return trackers.every(({ attribute, values }) => {
    switch (attribute) {
      case 'pid':
      case 'vpid':
        return values.includes(process.pid);
      case 'uid':
      case 'vuid':
        return values.includes(process.uid);
      case 'gid':
      case 'vgid':
        return values.includes(process.gid);
      case 'cgroup': {
        const patterns = values.map((value) => parseGlob(String(value)));
        const paths = process.cgroups();
        return patterns.some((pattern) => paths.some((path) => globMatches(pattern, path)));
      }
      default:
        return attribute satisfies never;
    }
  });
}

/** This process. */
export function ownProcess(): TrackedProcess {
  return {
    pid: ownPid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    cgroups: () => {
      try {
        return parseCgroups(readFileSync('/proc/self/cgroup', 'utf8'));
      } catch {
        return [];
      }
    },
  };
}

/** Paths in `/proc/PID/cgroup`: lines of `HIERARCHY:CONTROLLERS:PATH`. */
export function parseCgroups(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'))
    .filter((path) => path !== '');
}

/** Whether what the trackers look at may change while the process runs. */
export function mayChange(trackers: readonly TrackerDescription[]): boolean {
  return trackers.some(({ attribute }) => attribute !== 'pid' && attribute !== 'vpid');
}

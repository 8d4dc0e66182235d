// Trackers as programs know them: names of users and groups are numbers there.
import { readFileSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { ProcessTracker, TrackedAttribute } from '@spoor/control';
import type { TrackerDescription } from '@spoor/ringbuffer';

const files: Readonly<Partial<Record<TrackedAttribute, string>>> = {
  uid: '/etc/passwd',
  vuid: '/etc/passwd',
  gid: '/etc/group',
  vgid: '/etc/group',
};

/** @throws SpoorError `control/tracker` for a name that nobody has. */
export function trackersInNumbers(trackers: readonly ProcessTracker[]): readonly ProcessTracker[] {
  return trackers.map(({ attribute, values }) => ({
    attribute,
    values: values.map((value) => (attribute === 'cgroup' ? String(value) : numberOf(attribute, value))),
  }));
}

/** Of programs PID namespaces are not tracked. */
export function ofKernelAlone(): SpoorError {
  return new SpoorError('control/tracker', 'PID namespaces can be tracked in the kernel alone', {
    hint: "-k; of programs --cgroup, such as '*docker*'",
  });
}

/** @throws SpoorError `control/tracker` for a name that nobody has, and for what programs cannot be told by. */
export function describeTrackers(trackers: readonly ProcessTracker[]): readonly TrackerDescription[] {
  return trackersInNumbers(trackers).map(({ attribute, values }) => {
    if (attribute === 'pid_ns') throw ofKernelAlone();
    return { attribute, values };
  });
}

function numberOf(attribute: TrackedAttribute, value: number | string): number {
  if (typeof value === 'number' || /^\d+$/.test(value)) return Number(value);
  const file = files[attribute];
  const number = file === undefined ? undefined : numberIn(file, value);
  if (number !== undefined) return number;
  throw new SpoorError('control/tracker', `there is no ${attribute} named ${value}`, { where: file });
}

/** The third column of the line that begins with a name. */
function numberIn(file: string, name: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [own, , number = ''] = line.split(':');
    if (own === name && /^\d+$/.test(number)) return Number(number);
  }
  return undefined;
}

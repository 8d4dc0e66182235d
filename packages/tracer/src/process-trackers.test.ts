import { expect, test } from 'vitest';
import { isTracked, mayChange, ownProcess, parseCgroups, type TrackedProcess } from './process-trackers.ts';
import type { TrackerDescription } from '@spoor/ringbuffer';

const someone: TrackedProcess = {
  pid: 7,
  uid: 1000,
  gid: 100,
  cgroups: () => ['/system.slice/docker-abc.scope', '/'],
};

test.each<[readonly TrackerDescription[], boolean]>([
  [[], true],
  [[{ attribute: 'vpid', values: [6, 7] }], true],
  [[{ attribute: 'pid', values: [6] }], false],
  [[{ attribute: 'vpid', values: [] }], false],
  [[{ attribute: 'vuid', values: [1000] }], true],
  [[{ attribute: 'uid', values: [0] }], false],
  [[{ attribute: 'vgid', values: [100] }], true],
  [[{ attribute: 'gid', values: [1] }], false],
  [[{ attribute: 'cgroup', values: ['*docker*'] }], true],
  [[{ attribute: 'cgroup', values: ['*podman*', '/user.slice*'] }], false],
  [
    [
      { attribute: 'vpid', values: [7] },
      { attribute: 'vuid', values: [1] },
    ],
    false,
  ],
])('%j: %s', (trackers, expected) => {
  expect(isTracked(trackers, someone)).toBe(expected);
});

test('control groups of both versions are read', () => {
  const text = '12:cpu,cpuacct:/docker/abc\n1:name=systemd:/init.scope\n0::/a:b\n';
  expect(parseCgroups(text)).toEqual(['/docker/abc', '/init.scope', '/a:b']);
});

test('this process is included by what it is', () => {
  const own = ownProcess();
  expect(isTracked([{ attribute: 'vpid', values: [process.pid] }], own)).toBe(true);
  expect(isTracked([{ attribute: 'vuid', values: [process.getuid!()] }], own)).toBe(true);
  expect(isTracked([{ attribute: 'vgid', values: [process.getgid!() + 1] }], own)).toBe(false);
  expect(mayChange([{ attribute: 'vpid', values: [1] }])).toBe(false);
  expect(mayChange([{ attribute: 'cgroup', values: [] }])).toBe(true);
});

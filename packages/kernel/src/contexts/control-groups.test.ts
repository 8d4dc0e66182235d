// Paths of control groups: which folder they are, which container they are of.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { containerOfPath, groupFolder, unifiedMount, unifiedPath } from './control-groups.ts';

const id = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test.each([
  [`/system.slice/docker-${id}.scope`, id],
  [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope/inner`, id],
  [`/docker/${id}`, id],
  ['/lxc.payload.web', 'web'],
  ['/machine.slice/machine-db\\x2d1.scope', 'db-1'],
  ['/user.slice/user-0.slice/session-1.scope', undefined],
  ['/', undefined],
])('%s is of %s', (path, container) => {
  expect(containerOfPath(path)).toBe(container);
});

test('the group of version 2 is that of the line without controllers', () => {
  expect(unifiedPath('4:memory:/a\n1:name=systemd:/b\n0::/c:d/e\n')).toBe('/c:d/e');
  expect(unifiedPath('4:memory:/a\n')).toBeUndefined();
});

test('its mount is found among all others, and the one that shows the most of it', () => {
  const mounts = [
    '24 1 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '31 24 0:28 /inner /mnt/a\\040part rw shared:9 master:3 - cgroup2 cgroup2 rw',
    '30 24 0:28 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate',
    '',
  ];
  expect(unifiedMount(mounts.join('\n'))).toEqual({ root: '/', path: '/sys/fs/cgroup/unified' });
  expect(unifiedMount(mounts[1]!)).toEqual({ root: '/inner', path: '/mnt/a part' });
  expect(unifiedMount(mounts[0]!)).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => void unifiedMount(text)));
});

test('folders of groups that the mount does not show are not known', () => {
  const all = { root: '/', path: '/sys/fs/cgroup' };
  expect(groupFolder(all, '/')).toBe('/sys/fs/cgroup/');
  expect(groupFolder(all, '/a/b')).toBe('/sys/fs/cgroup/a/b');
  expect(groupFolder(all, '/../b')).toBeUndefined();
  const part = { root: '/a', path: '/mnt' };
  expect([groupFolder(part, '/a'), groupFolder(part, '/a/b')]).toEqual(['/mnt', '/mnt/b']);
  expect(groupFolder(part, '/ab')).toBeUndefined();
});

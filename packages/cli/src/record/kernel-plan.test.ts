import { expect, test } from 'vitest';
import { readKernelPlan } from './kernel-plan.ts';

test('-k is the default set; probes alone are all that is recorded', () => {
  expect(readKernelPlan({})).toBeUndefined();
  expect(readKernelPlan({ kernel: true })).toMatchObject({
    events: undefined,
    probes: [],
    filter: undefined,
  });
  expect(readKernelPlan({ probe: ['vfs_read'] })?.events).toEqual([]);
  expect(readKernelPlan({ kernel: true, probe: ['vfs_read'] })?.events).toBeUndefined();
});

test.each([
  ['vfs_read+8', 'vfs_read+8', 'vfs_read+8'],
  ['mine:read=vfs_read', 'mine:read', 'vfs_read'],
  ['0xffffffff81000000', '0xffffffff81000000', '0xffffffff81000000'],
])('--probe %s', (text, name, location) => {
  expect(readKernelPlan({ probe: [text] })?.probes).toEqual([{ kind: 'kprobe', name, location }]);
});

test.each([
  ['elf:/bin/x:main', 'main', 'elf:/bin/x:main'],
  ['sdt:/bin/x:shop:order', 'shop:order', 'sdt:/bin/x:shop:order'],
  ['order=sdt:/bin/x:shop:order', 'order', 'sdt:/bin/x:shop:order'],
  ['/opt/a=b/x:main', 'main', '/opt/a=b/x:main'],
])('--userspace-probe %s', (text, name, location) => {
  expect(readKernelPlan({ userspaceProbe: [text] })?.probes).toEqual([{ kind: 'uprobe', name, location }]);
});

test('what cannot be is refused with the option that it is about', () => {
  const refused = (flags: Parameters<typeof readKernelPlan>[0]): unknown => {
    try {
      readKernelPlan(flags);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refused({ kernel: true, kernelFilter: 'a ==' })).toContain("'--kernel-filter");
  expect(refused({ kernelFilter: 'a == 1' })).toContain('the kernel, which is not recorded');
  expect(refused({ dryRun: true })).toContain("'--dry-run'");
  expect(refused({ userspaceProbe: ['elf:/bin/x:'] })).toContain('It names no place');
  expect(refused({ probe: [''] })).toContain("'--probe'");
});

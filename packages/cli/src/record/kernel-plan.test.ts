import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readKernelPlan } from './kernel-plan.ts';

test('-k is the default set; probes alone are all that is recorded', async () => {
  expect(await readKernelPlan({})).toBeUndefined();
  expect(await readKernelPlan({ kernel: true })).toMatchObject({
    events: undefined,
    probes: [],
    filter: undefined,
  });
  expect((await readKernelPlan({ probe: ['vfs_read'] }))?.events).toEqual([]);
  expect(await readKernelPlan({ kernel: true, raw: true, kernelContext: ['tid'] })).toMatchObject({
    raw: true,
  });
  expect((await readKernelPlan({ kernel: true, probe: ['vfs_read'] }))?.events).toBeUndefined();
});

test.each([
  ['vfs_read+8', 'vfs_read+8', 'vfs_read+8'],
  ['mine:read=vfs_read', 'mine:read', 'vfs_read'],
  ['0xffffffff81000000', '0xffffffff81000000', '0xffffffff81000000'],
])('--probe %s', async (text, name, location) => {
  expect((await readKernelPlan({ probe: [text] }))?.probes).toEqual([{ kind: 'kprobe', name, location }]);
});

test.each([
  ['elf:/bin/x:main', 'main', 'elf:/bin/x:main'],
  ['sdt:/bin/x:shop:order', 'shop:order', 'sdt:/bin/x:shop:order'],
  ['order=sdt:/bin/x:shop:order', 'order', 'sdt:/bin/x:shop:order'],
  ['/opt/a=b/x:main', 'main', '/opt/a=b/x:main'],
  ['elf:/bin/x:main(argc=arg1:s32)', 'main', 'elf:/bin/x:main(argc=arg1:s32)'],
  ['end=/bin/x:main%return(ret=retval:s32)', 'end', '/bin/x:main%return(ret=retval:s32)'],
  ['sdt:/bin/x:shop:order(what=arg2:string)', 'shop:order', 'sdt:/bin/x:shop:order(what=arg2:string)'],
  ['sh:main', 'main', expect.stringMatching(/^\/.*\/sh:main$/)],
  ['../x:main', 'main', `${resolve('../x')}:main`],
])('--userspace-probe %s', async (text, name, location) => {
  const plan = await readKernelPlan({ userspaceProbe: [text] });
  expect(plan?.probes).toEqual([{ kind: 'uprobe', name, location }]);
});

test('what cannot be is refused with the option that it is about', async () => {
  const refused = async (flags: Parameters<typeof readKernelPlan>[0]): Promise<unknown> => {
    try {
      await readKernelPlan(flags);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(await refused({ kernel: true, kernelFilter: 'a ==' })).toContain("'--kernel-filter");
  expect(await refused({ kernelFilter: 'a == 1' })).toContain('the kernel, which is not recorded');
  expect(await refused({ dryRun: true })).toContain("'--dry-run'");
  expect(await refused({ userspaceProbe: ['elf:/bin/x:'] })).toContain('no place in a program');
  expect(await refused({ userspaceProbe: ['/bin/x:f(1 2)'] })).toContain('is no argument');
  expect(await refused({ probe: [''] })).toContain("'--probe'");
  expect(await refused({ raw: true })).toContain("'--raw' is about the kernel");
  expect(await refused({ kernel: true, raw: true, kernelStacks: ['*'] })).toContain('with --kernel-stacks');
  expect(await refused({ kernel: true, raw: true, kernelContext: ['callstack-user'] })).toContain(
    'callstack',
  );
  expect(await refused({ kernel: true, raw: true, container: 'web' })).toContain('with --container');
  expect(await refused({ kernel: true, kernelEvents: [] })).toContain('names no events');
});

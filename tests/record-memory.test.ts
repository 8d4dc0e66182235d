// `spoor record` on a program whose control group has a limit of memory, as a container has.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { controlGroups, hierarchyWith } from './support/control-groups.ts';
import { command, describeNeeding, type Need } from './support/needs.ts';
import { RecordingPlace, program, readByPeer, summaryOf } from './support/recording.ts';
import { until } from './support/daemon.ts';

const hierarchy = hierarchyWith(
  '/sys/fs/cgroup/memory/cgroup.procs',
  '/sys/fs/cgroup/cgroup.subtree_control',
);
const limits = ['memory.limit_in_bytes', 'memory.max'];

/** That groups there can have a limit of memory. */
function limitedGroups(): Need {
  const lack = 'no control groups with limits of memory can be made';
  const need = controlGroups(hierarchy, lack);
  if (!need.met) return need;
  const probe = join(hierarchy!, `spoortest-memory-probe-${process.pid}`);
  mkdirSync(probe);
  const met = limits.some((name) => existsSync(join(probe, name)));
  rmdirSync(probe);
  return { ...need, met };
}

describeNeeding(
  [limitedGroups(), command('babeltrace2')],
  'a program in a container with little memory',
  () => {
    const group = join(hierarchy!, `spoortest-memory-${process.pid}`);

    beforeAll(() => {
      mkdirSync(group);
      const limit = limits.map((name) => join(group, name)).find((path) => existsSync(path))!;
      writeFileSync(limit, String(192 << 20));
    });

    afterAll(async () => {
      await until('nobody is in the group any more', () => {
        try {
          rmdirSync(group);
          return true;
        } catch {
          return false;
        }
      });
    });

    test('has smaller rings, and is not ended for the sake of them', () => {
      using place = new RecordingPlace();
      const enter = 'echo $$ > "$0"; exec "$@"';
      const inside = ['sh', '-c', enter, join(group, 'cgroup.procs'), 'node'];
      const done = place.record([
        '--no-auto',
        '--',
        ...inside,
        '--require',
        program('fill-memory.cjs'),
        program('count.mjs'),
        '20000',
        '20000',
      ]);
      expect(done.status, done.stderr).toBe(0);
      expect(done.stdout).toBe('emitted 20000\n');
      expect(done.stderr).toMatch(
        /note: the memory limit of the control group: rings of threads are smaller/,
      );
      expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 20_000, lostCount: 0 });
      expect(readByPeer(place.traceDir)).toEqual({ eventCount: 20_000, stderr: '' });
    });
  },
);

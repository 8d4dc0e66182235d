/** Looks up which control groups processes are in. */
import { statSync } from 'node:fs';
import { processNumbers, readProc } from '../statedump/scan-tasks.node.ts';
import { containerOfCgroups, groupFolder, unifiedMount, unifiedPath } from './control-groups.ts';
import { placeIdleTasks } from './idle-tasks.node.ts';
import type { TaskTable } from './task-table.ts';

/** Contexts that tell of control groups. */
const groupContexts = ['cgroup_id', 'container_id'];

const orNothing = { throwIfNoEntry: false } as const;

/** Reads them from /proc, and puts them into a table. */
export class ControlGroups {
  private readonly mount = unifiedMount(readProc('/proc/self/mountinfo') ?? '');

  /** What these contexts and filters ask for; undefined where that is not of control groups: to look them up is dear. */
  static askedFor(contexts: readonly string[], filters: readonly string[]): ControlGroups | undefined {
    const areAsked = groupContexts.some(
      (name) => contexts.includes(name) || filters.some((filter) => filter.includes(`$ctx.${name}`)),
    );
    return areAsked ? new ControlGroups() : undefined;
  }

  /** Enters the groups of one process; nothing where it is gone. */
  enter(table: TaskTable, pid: number): void {
    const cgroups = readProc(`/proc/${pid}/cgroup`);
    if (cgroups !== undefined) {
      table.setGroup(pid, this.idOf(unifiedPath(cgroups)), containerOfCgroups(cgroups) ?? '');
    }
  }

  /** Enters those of all processes. */
  enterAll(table: TaskTable): void {
    for (const pid of processNumbers()) this.enter(table, pid);
    placeIdleTasks(table);
  }

  /** What the kernel, bpf and perf call the group's id is the inode of its folder. Undefined where it cannot be seen: records may have told it. */
  private idOf(path: string | undefined): number | undefined {
    const { mount } = this;
    const folder = mount === undefined || path === undefined ? undefined : groupFolder(mount, path);
    return folder === undefined ? undefined : statSync(folder, orNothing)?.ino;
  }
}

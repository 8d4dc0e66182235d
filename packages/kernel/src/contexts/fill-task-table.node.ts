/** Fills the task table from /proc. */
import { readFileSync } from 'node:fs';
import { processNumbers, scanProcess, type ScannedTask } from '../statedump/scan-tasks.node.ts';
import { TaskTable } from './task-table.ts';

/** Greatest number of a task of a 64-bit kernel (PID_MAX_LIMIT). */
const mostTasks = 4_194_304;

/** An empty table for this machine. */
export function makeTaskTable(): TaskTable {
  const most = Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1'));
  return new TaskTable(Number.isInteger(most) && most > 0 ? Math.min(most, mostTasks) : mostTasks);
}

/** Puts one task into a table. */
export function enterTask(table: TaskTable, task: ScannedTask): void {
  const { stat, status, namespaces, pid } = task;
  const { tid } = stat;
  table.setName(tid, Buffer.from(stat.name));
  table.set(tid, 'pid', pid);
  table.set(tid, 'ppid', stat.ppid);
  table.set(tid, 'vtid', status.tids.at(-1) ?? tid);
  table.set(tid, 'vpid', status.pids.at(-1) ?? pid);
  table.set(tid, 'vppid', status.pids.length > 1 ? 0 : stat.ppid);
  table.set(tid, 'prio', stat.priority - 100);
  const [uid = 0, euid = 0, suid = 0] = status.uids;
  const [gid = 0, egid = 0, sgid = 0] = status.gids;
  for (const [column, value] of Object.entries({ uid, euid, suid, gid, egid, sgid } as const)) {
    table.set(tid, column as 'uid' | 'euid' | 'suid' | 'gid' | 'egid' | 'sgid', value);
  }
  table.set(tid, 'cgroup_ns', namespaces.cgroup);
  table.set(tid, 'ipc_ns', namespaces.ipc);
  table.set(tid, 'mnt_ns', namespaces.mnt);
  table.set(tid, 'net_ns', namespaces.net);
  table.set(tid, 'pid_ns', namespaces.pid);
  table.set(tid, 'time_ns', namespaces.time);
  table.set(tid, 'user_ns', namespaces.user);
  table.set(tid, 'uts_ns', namespaces.uts);
}

/** Enters all tasks that there are and that the table does not know; do it before recording begins. */
export function fillTaskTable(table: TaskTable): void {
  for (const pid of processNumbers()) {
    for (const task of scanProcess(pid)) {
      if (!table.isKnown(task.stat.tid)) enterTask(table, task);
    }
  }
}

/** What `clone(2)` and `clone3(2)` are asked for, as far as contexts depend on it. */

/** Flags of `clone(2)` that decide what a new task shares with its maker. */
export const cloneThread = 0x0001_0000;
export const cloneParent = 0x0000_8000;
export const cloneNewPid = 0x2000_0000;
/** Of the flags' upper half: the new process begins in another control group (CLONE_INTO_CGROUP). */
export const cloneIntoGroupHigh = 0x2;

/** Flags of namespaces that a new task gets for itself. */
export const namespaceFlags = [
  ['time_ns', 0x0000_0080],
  ['mnt_ns', 0x0002_0000],
  ['cgroup_ns', 0x0200_0000],
  ['uts_ns', 0x0400_0000],
  ['ipc_ns', 0x0800_0000],
  ['user_ns', 0x1000_0000],
  ['pid_ns', 0x2000_0000],
  ['net_ns', 0x4000_0000],
] as const;

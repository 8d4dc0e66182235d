/** Process attribute trackers: which processes a session records. */

/**
 * What is tracked; those that begin with `v` as the process itself sees it, in its namespaces. `cgroup` is of user space
 * alone, `pid_ns` (inodes of PID namespaces) of the kernel.
 */
export type TrackedAttribute = 'pid' | 'vpid' | 'uid' | 'vuid' | 'gid' | 'vgid' | 'cgroup' | 'pid_ns';

/**
 * An inclusion set. A domain's tracker that is not listed includes all; one with an empty list includes nothing. Numbers
 * of processes, users and groups; names of users and groups; of `cgroup` paths with stars, such as `*docker*`.
 */
export interface ProcessTracker {
  readonly attribute: TrackedAttribute;
  readonly values: readonly (number | string)[];
}

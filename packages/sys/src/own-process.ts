// What of `process` the tracer goes by, as it was when this module was loaded, before the program: a program may fake
// clocks, or the whole global object, for its tests.

/** Number of this process: its files are found by it. */
export const ownPid: number = process.pid;

/** CLOCK_MONOTONIC in ns. */
export const monotonicNs: () => bigint = process.hrtime.bigint;

const { kill } = process;

/** Whether there is a process of this number, as kill(2) tells: of other users' and hidden ones too. */
export function hasProcess(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

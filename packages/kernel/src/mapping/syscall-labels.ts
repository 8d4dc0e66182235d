/** Labels of arguments of system calls: choices and flags. */
import type { LabelTable } from './rules.ts';

const signals: LabelTable = Object.fromEntries(
  (
    'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU ' +
    'URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
  )
    .split(' ')
    .map((name, index) => [`SIG${name}`, index + 1]),
);

const openFlags: LabelTable = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  'O_WRONLY|O_CREAT|O_TRUNC': 0o1101,
  'O_WRONLY|O_CREAT|O_APPEND': 0o2101,
  'O_RDWR|O_CREAT': 0o102,
  'O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC': 0o2001101,
  'O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC': 0o2002101,
  'O_WRONLY|O_CLOEXEC': 0o2000001,
  'O_RDWR|O_CLOEXEC': 0o2000002,
  'O_RDWR|O_CREAT|O_CLOEXEC': 0o2000102,
  'O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC': 0o2001102,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_ASYNC: 0o20000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  __O_SYNC: 0o4000000,
  O_PATH: 0o10000000,
  __O_TMPFILE: 0o20000000,
};

/** Flags of `open` whose bits differ between architectures. */
const openFlagsOf: Readonly<Record<string, LabelTable>> = {
  x86_64: {
    O_DIRECT: 0o40000,
    O_LARGEFILE: 0o100000,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    'O_NONBLOCK|O_DIRECTORY|O_CLOEXEC': 0o2204000,
    'O_DIRECTORY|O_CLOEXEC': 0o2200000,
  },
  aarch64: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000, O_LARGEFILE: 0o400000 },
};

const closeOnExec: LabelTable = { O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000 };

const protections: LabelTable = {
  PROT_NONE: 0,
  PROT_READ: 1,
  PROT_WRITE: 2,
  // Sums have names of their own: most readers of CTF 1.8 know no flags, only values.
  'PROT_READ|PROT_WRITE': 3,
  PROT_EXEC: 4,
  'PROT_READ|PROT_EXEC': 5,
  'PROT_WRITE|PROT_EXEC': 6,
  'PROT_READ|PROT_WRITE|PROT_EXEC': 7,
  PROT_GROWSDOWN: 0x0100_0000,
  PROT_GROWSUP: 0x0200_0000,
};

const mappings: LabelTable = {
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  'MAP_PRIVATE|MAP_FIXED': 0x12,
  'MAP_SHARED|MAP_ANONYMOUS': 0x21,
  'MAP_PRIVATE|MAP_ANONYMOUS': 0x22,
  'MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS': 0x32,
  'MAP_PRIVATE|MAP_DENYWRITE': 0x802,
  'MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE': 0x812,
  'MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE': 0x4022,
  'MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK': 0x2_0022,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x1_0000,
  MAP_STACK: 0x2_0000,
  MAP_HUGETLB: 0x4_0000,
  MAP_SYNC: 0x8_0000,
  MAP_FIXED_NOREPLACE: 0x10_0000,
};

const cloneFlags: LabelTable = {
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_PIDFD: 0x1000,
  CLONE_PTRACE: 0x2000,
  CLONE_VFORK: 0x4000,
  CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x1_0000,
  CLONE_NEWNS: 0x2_0000,
  CLONE_SYSVSEM: 0x4_0000,
  CLONE_SETTLS: 0x8_0000,
  CLONE_PARENT_SETTID: 0x10_0000,
  CLONE_CHILD_CLEARTID: 0x20_0000,
  CLONE_UNTRACED: 0x80_0000,
  CLONE_CHILD_SETTID: 0x100_0000,
  CLONE_NEWCGROUP: 0x200_0000,
  CLONE_NEWUTS: 0x400_0000,
  CLONE_NEWIPC: 0x800_0000,
  CLONE_NEWUSER: 0x1000_0000,
  CLONE_NEWPID: 0x2000_0000,
  CLONE_NEWNET: 0x4000_0000,
  CLONE_IO: 0x8000_0000,
};

const families: LabelTable = {
  AF_UNSPEC: 0,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  AF_BLUETOOTH: 31,
  AF_ALG: 38,
  AF_VSOCK: 40,
  AF_XDP: 44,
};

const socketTypes: LabelTable = {
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_RDM: 4,
  SOCK_SEQPACKET: 5,
  SOCK_PACKET: 10,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
};

const message: LabelTable = {
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTROUTE: 4,
  MSG_CTRUNC: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_WAITFORONE: 0x1_0000,
  MSG_ZEROCOPY: 0x400_0000,
  MSG_FASTOPEN: 0x2000_0000,
  MSG_CMSG_CLOEXEC: 0x4000_0000,
};

const futexOperations: LabelTable = {
  FUTEX_WAIT: 0,
  FUTEX_WAKE: 1,
  FUTEX_REQUEUE: 3,
  FUTEX_CMP_REQUEUE: 4,
  FUTEX_WAKE_OP: 5,
  FUTEX_LOCK_PI: 6,
  FUTEX_UNLOCK_PI: 7,
  FUTEX_TRYLOCK_PI: 8,
  FUTEX_WAIT_BITSET: 9,
  FUTEX_WAKE_BITSET: 10,
  FUTEX_WAIT_PRIVATE: 128,
  FUTEX_WAKE_PRIVATE: 129,
  FUTEX_REQUEUE_PRIVATE: 131,
  FUTEX_CMP_REQUEUE_PRIVATE: 132,
  FUTEX_WAKE_OP_PRIVATE: 133,
  FUTEX_LOCK_PI_PRIVATE: 134,
  FUTEX_UNLOCK_PI_PRIVATE: 135,
  FUTEX_TRYLOCK_PI_PRIVATE: 136,
  FUTEX_WAIT_BITSET_PRIVATE: 137,
  FUTEX_WAKE_BITSET_PRIVATE: 138,
  'FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME': 393,
};

const whence: LabelTable = { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 };
const clocks: LabelTable = {
  CLOCK_REALTIME: 0,
  CLOCK_MONOTONIC: 1,
  CLOCK_PROCESS_CPUTIME_ID: 2,
  CLOCK_THREAD_CPUTIME_ID: 3,
  CLOCK_MONOTONIC_RAW: 4,
  CLOCK_REALTIME_COARSE: 5,
  CLOCK_MONOTONIC_COARSE: 6,
  CLOCK_BOOTTIME: 7,
  CLOCK_REALTIME_ALARM: 8,
  CLOCK_BOOTTIME_ALARM: 9,
  CLOCK_TAI: 11,
};
const maskChanges: LabelTable = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 };
const epollOperations: LabelTable = { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 };
const fileCommands: LabelTable = {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_SETOWN: 8,
  F_GETOWN: 9,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
};
const advice: LabelTable = {
  MADV_NORMAL: 0,
  MADV_RANDOM: 1,
  MADV_SEQUENTIAL: 2,
  MADV_WILLNEED: 3,
  MADV_DONTNEED: 4,
  MADV_FREE: 8,
  MADV_REMOVE: 9,
  MADV_DONTFORK: 10,
  MADV_DOFORK: 11,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_DONTDUMP: 16,
  MADV_DODUMP: 17,
  MADV_WIPEONFORK: 18,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_POPULATE_READ: 22,
  MADV_POPULATE_WRITE: 23,
};
const waiting: LabelTable = { WNOHANG: 1, WUNTRACED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x0100_0000 };
const at: LabelTable = {
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_EACCESS: 0x200,
  AT_SYMLINK_FOLLOW: 0x400,
  AT_NO_AUTOMOUNT: 0x800,
  AT_EMPTY_PATH: 0x1000,
};

/** By call and argument. */
const labels: Readonly<Record<string, LabelTable>> = {
  'mmap.prot': protections,
  'mmap.flags': mappings,
  'mprotect.prot': protections,
  'clone.clone_flags': cloneFlags,
  'unshare.unshare_flags': cloneFlags,
  'setns.flags': cloneFlags,
  'socket.family': families,
  'socket.type': socketTypes,
  'socketpair.family': families,
  'socketpair.type': socketTypes,
  'accept4.flags': closeOnExec,
  'pipe2.flags': closeOnExec,
  'dup3.flags': closeOnExec,
  'eventfd2.flags': { EFD_SEMAPHORE: 1, ...closeOnExec },
  'epoll_create1.flags': closeOnExec,
  'timerfd_create.flags': closeOnExec,
  'inotify_init1.flags': closeOnExec,
  'sendto.flags': message,
  'recvfrom.flags': message,
  'sendmsg.flags': message,
  'recvmsg.flags': message,
  'sendmmsg.flags': message,
  'recvmmsg.flags': message,
  'futex.op': futexOperations,
  'lseek.whence': whence,
  'clock_gettime.which_clock': clocks,
  'clock_settime.which_clock': clocks,
  'clock_getres.which_clock': clocks,
  'clock_nanosleep.which_clock': clocks,
  'timer_create.which_clock': clocks,
  'timerfd_create.clockid': clocks,
  'rt_sigprocmask.how': maskChanges,
  'epoll_ctl.op': epollOperations,
  'fcntl.cmd': fileCommands,
  'madvise.behavior': advice,
  'wait4.options': waiting,
  'waitid.options': waiting,
  'kill.sig': signals,
  'tkill.sig': signals,
  'tgkill.sig': signals,
  'rt_sigaction.sig': signals,
  'shutdown.how': { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 },
  'access.mode': { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 },
  'faccessat.mode': { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 },
  'newfstatat.flag': at,
  'statx.flags': at,
  'unlinkat.flag': { AT_REMOVEDIR: 0x200 },
  'linkat.flags': at,
  'getrandom.flags': { GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 },
};

/** Labels of an argument of a system call, if it has some. @param machine as `uname -m` prints it. */
export function syscallLabels(call: string, argument: string, machine: string): LabelTable | undefined {
  if ((call === 'open' || call === 'openat') && argument === 'flags') {
    return { ...openFlags, ...openFlagsOf[machine] };
  }
  return labels[`${call}.${argument}`];
}

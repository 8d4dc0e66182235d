/** The events of a state dump: LTTng's `lttng_statedump_*`. Values of a field that the system does not tell are 0. */
import type { FieldClass } from '@spoor/ctf';
import { integer, string, textArray } from '../mapping/field-classes.ts';
import type { PlainEvent } from '../transcode/kernel-trace-class.ts';

const s32 = integer(4, true);
const u32 = integer(4, false);
const u16 = integer(2, false);
const u8 = integer(1, false);
const u64 = integer(8, false);
const address = integer(8, false, 16);

function event(name: string, members: Readonly<Record<string, FieldClass>>): PlainEvent {
  return {
    name: `lttng_statedump_${name}`,
    members: Object.entries(members).map(([member, fieldClass]) => ({ name: member, fieldClass })),
  };
}

const namespaceOf = { tid: s32, ns_inum: u32 };

/** Namespaces that say nothing but which one it is. */
export const plainNamespaces = ['cgroup', 'ipc', 'mnt', 'net', 'time', 'uts'] as const;

/** The events of those, by the names of the namespaces. */
export const plainNamespaceEvents: readonly {
  readonly namespace: (typeof plainNamespaces)[number];
  readonly event: string;
}[] = plainNamespaces.map((namespace) => ({ namespace, event: `lttng_statedump_process_${namespace}_ns` }));

/** Names of the events that are written by the thousand. */
export const dumpEventName = {
  start: 'lttng_statedump_start',
  end: 'lttng_statedump_end',
  process_state: 'lttng_statedump_process_state',
  process_pid_ns: 'lttng_statedump_process_pid_ns',
  process_user_ns: 'lttng_statedump_process_user_ns',
  process_cgroup: 'lttng_statedump_process_cgroup',
  file_descriptor: 'lttng_statedump_file_descriptor',
  vm_map: 'lttng_statedump_vm_map',
} as const;

/** All of them; in the order of their ids. */
export const stateDumpEvents: readonly PlainEvent[] = [
  event('start', {}),
  event('end', {}),
  event('process_state', {
    tid: s32,
    pid: s32,
    ppid: s32,
    name: textArray(16),
    type: s32,
    mode: s32,
    submode: s32,
    status: s32,
    cpu: u32,
    file_table_address: address,
  }),
  ...plainNamespaces.map((name) => event(`process_${name}_ns`, namespaceOf)),
  event('process_pid_ns', { tid: s32, vtid: s32, vpid: s32, vppid: s32, ns_level: s32, ns_inum: u32 }),
  event('process_user_ns', { tid: s32, vuid: u32, vgid: u32, ns_level: s32, ns_inum: u32 }),
  event('file_descriptor', {
    file_table_address: address,
    fd: s32,
    flags: integer(4, false, 8),
    fmode: integer(4, false, 16),
    filename: string,
  }),
  event('vm_map', { pid: s32, start: address, end: address, flags: address, inode: u64, pgoff: u64 }),
  event('network_interface', { name: string, address_ipv4: { ...integer(4, false, 16), byteOrder: 'be' } }),
  event('block_device', { dev: u32, diskname: string }),
  event('interrupt', { irq: u32, name: string, action: string, tid: s32 }),
  event('cpu_topology', {
    architecture: string,
    cpu_id: u16,
    vendor: string,
    family: u8,
    model: u8,
    model_name: string,
    physical_id: u16,
    core_id: u16,
    cores: u16,
  }),
  // Ours: LTTng has no event that says which control group a process is in.
  event('process_cgroup', { pid: s32, path: string }),
];

/** Their names. */
export const stateDumpEventNames: readonly string[] = stateDumpEvents.map(({ name }) => name);

/** LTTng's numbers for what kind of thread it is, what it does, and how it waits. */
export const threadTypes = { user: 0, kernel: 1 } as const;
export const unknownMode = 5;
const threadStatuses = { unnamed: 0, waitForProcessor: 2, zombie: 4, wait: 5, dead: 7 } as const;

/** The status of a thread by the letter that /proc has. */
export function statusOf(letter: string): number {
  switch (letter) {
    case 'R':
      return threadStatuses.waitForProcessor;
    case 'S':
    case 'D':
    case 'T':
    case 't':
    case 'I':
    case 'P':
      return threadStatuses.wait;
    case 'Z':
      return threadStatuses.zombie;
    case 'X':
    case 'x':
      return threadStatuses.dead;
    default:
      return threadStatuses.unnamed;
  }
}

/** Formats of a few events, as a kernel of 64 bits prints them, for tests that need no kernel. */
import { KernelFormats } from '../formats/kernel-formats.ts';
import { parseEventFormat } from '../formats/parse-format.ts';
import { layout64 } from './page-builder.ts';

const common = [
  'unsigned short common_type;	offset:0;	size:2;	signed:0;',
  'unsigned char common_flags;	offset:2;	size:1;	signed:0;',
  'unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;',
  'int common_pid;	offset:4;	size:4;	signed:1;',
];

/** One field: its declaration, its place, its size, and whether it is signed. */
type FieldLine = readonly [declaration: string, offset: number, size: number, signed?: boolean];

function format(
  system: string,
  name: string,
  id: number,
  fields: readonly FieldLine[],
): ReturnType<typeof parseEventFormat> {
  const lines = [
    ...common,
    ...fields.map(
      ([declaration, offset, size, signed = false]) =>
        `${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};`,
    ),
  ];
  const text = `name: ${name}\nID: ${id}\nformat:\n${lines.map((line) => `\tfield:${line}`).join('\n')}\n\nprint fmt: ""\n`;
  return parseEventFormat(text, system);
}

/** Every kind of field that kernels have, under names that LTTng has another word for and under others. */
export const sampleFormats: KernelFormats = new KernelFormats(layout64, [
  format('sched', 'sched_switch', 372, [
    ['char prev_comm[16]', 8, 16],
    ['pid_t prev_pid', 24, 4, true],
    ['int prev_prio', 28, 4, true],
    ['long prev_state', 32, 8, true],
    ['char next_comm[16]', 40, 16],
    ['pid_t next_pid', 56, 4, true],
    ['int next_prio', 60, 4, true],
  ]),
  format('sched', 'sched_process_fork', 377, [
    ['__data_loc char[] parent_comm', 8, 4],
    ['pid_t parent_pid', 12, 4, true],
    ['__data_loc char[] child_comm', 16, 4],
    ['pid_t child_pid', 20, 4, true],
  ]),
  format('task', 'task_newtask', 120, [
    ['pid_t pid', 8, 4, true],
    ['char comm[16]', 12, 16],
    ['u64 clone_flags', 32, 8],
    ['short oom_score_adj', 40, 2, true],
  ]),
  format('task', 'task_rename', 119, [
    ['pid_t pid', 8, 4, true],
    ['char oldcomm[16]', 12, 16],
    ['char newcomm[16]', 28, 16],
    ['short oom_score_adj', 44, 2, true],
  ]),
  format('sched', 'sched_process_exit', 369, [
    ['char comm[16]', 8, 16],
    ['pid_t pid', 24, 4, true],
    ['int prio', 28, 4, true],
    ['bool group_dead', 32, 1],
  ]),
  format('cgroup', 'cgroup_attach_task', 538, [
    ['int dst_root', 8, 4, true],
    ['int dst_level', 12, 4, true],
    ['u64 dst_id', 16, 8],
    ['int pid', 24, 4, true],
    ['__data_loc char[] dst_path', 28, 4],
    ['__data_loc char[] comm', 32, 4],
  ]),
  format('rcu', 'rcu_utilization', 424, [['const char * s', 8, 8]]),
  format('irq', 'softirq_entry', 151, [['unsigned int vec', 8, 4]]),
  format('irq', 'irq_handler_entry', 153, [
    ['int irq', 8, 4, true],
    ['__data_loc char[] name', 12, 4],
  ]),
  format('block', 'block_rq_issue', 1205, [
    ['dev_t dev', 8, 4],
    ['sector_t sector', 16, 8],
    ['unsigned int nr_sector', 24, 4],
    ['unsigned int bytes', 28, 4],
    ['unsigned short ioprio', 32, 2],
    ['char rwbs[10]', 34, 10],
    ['char comm[16]', 44, 16],
    ['__data_loc char[] cmd', 60, 4],
  ]),
  format('exceptions', 'page_fault_user', 90, [
    ['unsigned long address', 8, 8],
    ['unsigned long ip', 16, 8],
    ['unsigned long error_code', 24, 8],
  ]),
  format('raw_syscalls', 'sys_enter', 443, [
    ['long id', 8, 8, true],
    ['unsigned long args[6]', 16, 48],
  ]),
  format('raw_syscalls', 'sys_exit', 442, [
    ['long id', 8, 8, true],
    ['long ret', 16, 8, true],
  ]),
  format('syscalls', 'sys_enter_openat', 782, [
    ['int __syscall_nr', 8, 4, true],
    ['int dfd', 16, 8],
    ['const char * filename', 24, 8],
    ['int flags', 32, 8],
    ['umode_t mode', 40, 8],
  ]),
  // Made up: a probe's fields lie anywhere, and all the rarer shapes.
  format('probes', 'strange', 2000, [
    ['s64 odd', 9, 8, true],
    ['u8 small[3]', 17, 3],
    ['s16 two', 20, 2, true],
    ['bool flag', 22, 1],
    ['__rel_loc char[] text', 24, 4],
    ['__data_loc u32[] numbers', 28, 4],
    ['__data_loc cpumask_t cpus', 32, 4],
  ]),
]);

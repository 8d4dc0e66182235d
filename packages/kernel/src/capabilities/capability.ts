/** What of the kernel's tracing there is on a machine: each facility with what to do where it lacks. */

/** A facility, as it was found by trying. */
export interface KernelCapability {
  /** Short, for programs: `uprobes`. */
  readonly name: string;
  /** For people: what it is good for. */
  readonly subject: string;
  readonly available: boolean;
  /** What the kernel said when it was tried; absent where it is there. */
  readonly lack?: string | undefined;
  /** What the kernel must be built with, or how it must be set up. */
  readonly needs: string;
  /** What does the same, or nearly, without it. */
  readonly instead: string;
}

/** Names of facilities. */
export type FacilityName =
  | 'instances'
  | 'events'
  | 'syscalls'
  | 'clock-mono'
  | 'filters'
  | 'threads'
  | 'hidden-threads'
  | 'sub-buffers'
  | 'kernel-stack'
  | 'user-stack'
  | 'marker'
  | 'uprobes'
  | 'kprobes'
  | 'event-probes'
  | 'synthetic-events'
  | 'histograms'
  | 'snapshot'
  | 'function-tracer'
  | 'function-graph'
  | 'user-events'
  | 'types'
  | 'symbols'
  | 'kernel-log'
  | 'bpftrace'
  | 'software-counters'
  | 'hardware-counters'
  | 'previous-boot';

/** What is known of a facility before it is tried. */
export type KnownFacility = Pick<KernelCapability, 'subject' | 'needs' | 'instead'> & {
  readonly name: FacilityName;
};

const facility = (name: FacilityName, subject: string, needs: string, instead: string): KnownFacility => ({
  name,
  subject,
  needs,
  instead,
});

/** All that is tried, in the order of its weight. */
export const knownFacilities: readonly KnownFacility[] = [
  facility(
    'instances',
    'rings of their own for each channel',
    'CONFIG_TRACING, and root',
    'nothing; the kernel cannot be recorded',
  ),
  facility(
    'events',
    'tracepoints of the kernel',
    'CONFIG_EVENT_TRACING',
    'nothing; CONFIG_FTRACE switches it on',
  ),
  facility(
    'syscalls',
    'system calls and their arguments',
    'CONFIG_FTRACE_SYSCALLS',
    'strace for one program, or probes of functions of the C library',
  ),
  facility(
    'clock-mono',
    'one clock with the events of programs',
    'Linux 3.17',
    'none: events of programs and the kernel cannot be put in order',
  ),
  facility(
    'filters',
    'filters of fields within the kernel',
    'CONFIG_EVENT_TRACING',
    'filters while it is read',
  ),
  facility('threads', 'recording of some processes alone', 'Linux 4.4 (set_event_pid)', '--all-processes'),
  facility(
    'hidden-threads',
    'leaving the recorder itself out',
    'Linux 5.8 (set_event_notrace_pid)',
    'nothing',
  ),
  facility(
    'sub-buffers',
    'sub-buffers larger than a page: half the cost of reading',
    'Linux 6.8 (buffer_subbuf_size_kb)',
    'sub-buffers of one page',
  ),
  facility('kernel-stack', 'call stacks of the kernel with events', 'CONFIG_STACKTRACE', 'perf record -g'),
  facility(
    'user-stack',
    'call stacks of programs with events',
    'CONFIG_USER_STACKTRACE_SUPPORT',
    'perf record --call-graph dwarf',
  ),
  facility(
    'marker',
    "marks within the kernel's trace (spoor log)",
    'CONFIG_TRACING',
    'tracepoints of the program',
  ),
  facility(
    'uprobes',
    'probes of functions and of sys/sdt.h in programs',
    'CONFIG_UPROBE_EVENTS',
    'tracepoints of the program, or spoor record --functions',
  ),
  facility(
    'kprobes',
    'probes of functions of the kernel',
    'CONFIG_KPROBE_EVENTS',
    'the tracepoints of spoor list -k',
  ),
  facility(
    'event-probes',
    'further fields of events (eprobes)',
    'CONFIG_EPROBE_EVENTS, Linux 5.15',
    'probes of functions of the C library for texts of system calls',
  ),
  facility(
    'synthetic-events',
    'latencies between two events, counted within the kernel',
    'CONFIG_SYNTH_EVENTS',
    'spoor analyze, and triggers of sessions',
  ),
  facility(
    'histograms',
    'sums by key within the kernel',
    'CONFIG_HIST_TRIGGERS',
    'maps of sessions (spoor add-map-channel)',
  ),
  facility(
    'snapshot',
    'swapping full rings for empty ones',
    'CONFIG_TRACER_SNAPSHOT',
    'stopping, reading and starting again: some milliseconds are missed',
  ),
  facility(
    'function-tracer',
    'every function of the kernel',
    'CONFIG_FUNCTION_TRACER',
    'perf record, or probes of single functions',
  ),
  facility(
    'function-graph',
    'call graphs of the kernel with times',
    'CONFIG_FUNCTION_GRAPH_TRACER',
    'perf trace, or kernel call stacks with events',
  ),
  facility(
    'user-events',
    "events of programs in the kernel's rings",
    'CONFIG_USER_EVENTS, Linux 6.4',
    'tracepoints of the program, on the same clock',
  ),
  facility(
    'types',
    'names of enumerations and structures (BTF)',
    'CONFIG_DEBUG_INFO_BTF',
    'numbers where names are not in formats',
  ),
  facility(
    'symbols',
    "names of the kernel's addresses",
    'CONFIG_KALLSYMS, and kernel.kptr_restrict below 2',
    'addresses',
  ),
  facility(
    'kernel-log',
    "lines of the kernel's log (spoor record -k --kmsg)",
    '/dev/kmsg, for root',
    '--kernel-events printk_console; or dmesg | spoor -c source.text.dmesg',
  ),
  facility(
    'bpftrace',
    'programs of bpftrace, whose output is recorded (spoor record -k --bpftrace)',
    'bpftrace, CONFIG_BPF_EVENTS, and root',
    'events with filters, and probes of functions',
  ),
  facility(
    'software-counters',
    'context switches, page faults, migrations (spoor record -k --counters software)',
    'CONFIG_PERF_EVENTS',
    '/proc/PID/status and /proc/PID/stat',
  ),
  facility(
    'hardware-counters',
    'cycles, instructions, misses of caches (spoor record -k --counters hardware)',
    'a PMU: of the processor, or handed to the virtual machine',
    '--counters software',
  ),
  facility(
    'previous-boot',
    'what was recorded before a crash (spoor recover)',
    "Linux 6.12, reserve_mem= and trace_instance= on the kernel's command line",
    'ftrace_dump_on_oops with a serial console, read by source.ftrace.text',
  ),
];

/** One line for people. */
export function capabilityLine({ name, subject, available, lack, needs, instead }: KernelCapability): string {
  return available
    ? `${name}: ${subject}`
    : `${name}: ${subject}: not here (${lack ?? 'it is not there'}); needs ${needs}; instead: ${instead}`;
}

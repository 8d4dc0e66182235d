/** What manual pages say beyond the commands' own definitions. Examples are run by a test. */
import type { Marked } from './roff.ts';

/** An example: a command line, and what it is for. */
export interface Example {
  readonly command: string;
  readonly text: Marked;
}

/** Prose of one page. */
export interface PageText {
  readonly description?: readonly Marked[];
  /** Terms with what they mean. */
  readonly exitStatus?: readonly (readonly [string, Marked])[];
  readonly environment?: readonly (readonly [string, Marked])[];
  readonly files?: readonly (readonly [string, Marked])[];
  readonly examples?: readonly Example[];
  /** Other pages: `NAME(SECTION)`. */
  readonly seeAlso?: readonly string[];
}

/** Exit status of all verbs. */
export const misread: readonly [string, Marked] = [
  '2',
  'The command line could not be read: a verb or an option that there is not, a value that is missing or that the option refuses.',
];

const readingStatus = [
  ['0', 'Everything was read and written.'],
  [
    '1',
    'A trace is damaged, whatever of it could be read; or something else went wrong, which is told on standard error.',
  ],
] as const;

const colors = [
  'BABELTRACE_TERM_COLOR',
  '`always` or `never`: whether the terminal shows colours, whatever its name says.',
] as const;
const timeZone = [
  'TZ',
  'Time zone in which times are shown and read, unless they are asked for in UTC.',
] as const;
const temporary = ['TMPDIR', 'Where packed traces are unpacked that are too large for memory.'] as const;

/** Traces are named alike everywhere. */
const traceText: Marked =
  'A trace is a directory with a file named `metadata`, as LTTng and Spoor write it (CTF 1.8 or 2). Directories are searched for traces below them; archives (`.tar`, `.tar.gz`, `.tar.zst`, `.zip`) are read without being unpacked, and `-` is an archive on standard input.';

/** By page name. */
export const pageTexts: Readonly<Record<string, PageText>> = {
  spoor: {
    description: [
      'Spoor records what Node.js programs do, and reads traces in the Common Trace Format (CTF), its own and those of LTTng and others. Each verb has a manual page: spoor-record(1) and so on. Without a verb, `spoor` prints traces, as spoor-convert(1) tells.',
    ],
    exitStatus: [...readingStatus],
    environment: [
      timeZone,
      colors,
      [
        'XDG_CACHE_HOME',
        'Below it, or below `~/.cache`, the compiled form of the command is kept in `spoor/compiled`.',
      ],
    ],
    examples: [
      { command: 'spoor record -o recorded -- node server.js', text: 'Record a program.' },
      { command: 'spoor trace', text: 'Print all events of a trace.' },
      { command: 'spoor analyze trace', text: 'Tell what it shows.' },
    ],
    seeAlso: ['babeltrace2(1)', 'lttng(1)'],
  },
  'spoor-record': {
    description: [
      'Runs a command and records the events of its Node.js processes and their threads: those of its tracepoints, and automatic ones (HTTP, network, DNS, garbage collection, event-loop delay, workers, children, console, loggers, errors). What was recorded survives a program that is killed. The trace is CTF 1.8, which babeltrace2(1) and Trace Compass read, too.',
      'Each thread writes into sub-buffers of its own in shared memory. Events that find them full are lost and counted, unless `--overwrite` keeps the last ones instead.',
      'The sets of automatic events for `--auto` are `request-context`, `http-server`, `http-client`, `undici`, `net`, `dns`, `workers`, `children`, `gc`, `event-loop`, `errors`, `console` and `loggers`, which are the default (`request-context` only takes effect if it is named, events of the program itself are recorded, or the context `request_id` is); and `console-log`, `http2`, `fs`, `timers`, `cluster`, `modules`, `async` and `async-end`.',
      'The contexts for `--context` are `vpid`, `vtid`, `procname`, `pthread_id`, `cpu_id`, `hostname`, `async_id`, `trigger_async_id`, `request_id`, `trace_id`, `span_id`, `$app.PROVIDER:NAME` of the program, and `perf:thread:COUNTER` with the counters that lttng-add-context(1) names, such as `perf:thread:page-faults`.',
      'With `--kernel` (as root) the trace has a folder `kernel` beside that of the programs, on the same clock: events of the kernel, which are recorded through tracefs and named as LTTng names them, and a dump of the state of the machine. Recorded are the command, all that comes of it, and switches and wake-ups that one of them takes part in; with `--all-processes` everything. The names for `--kernel-events` are those of LTTng or, with a colon, those of tracefs. The contexts for `--kernel-context` are `tid`, `pid`, `ppid`, `vtid`, `vpid`, `vppid`, `procname`, `prio`, `uid`, `euid`, `suid`, `gid`, `egid`, `sgid`, the namespaces such as `pid_ns`, `cpu_id`, `interruptible`, `preemptible` and `need_reschedule`.',
    ],
    exitStatus: [
      ['N', 'That of the command.'],
      ['128 + N', 'Signal N ended the command.'],
      ['127', 'The command was not found.'],
      ['126', 'The command could not be run.'],
      ['1', 'Only the recording failed.'],
    ],
    environment: [
      ['LTTNG_HOME, HOME', 'Where the default directory of traces lies.'],
      [
        'NODE_OPTIONS',
        'Set for the command, so that its Node.js processes load the tracer; what it held is kept.',
      ],
      ['SPOOR_RUN_DIR', 'Where the sub-buffers lie, in place of `/dev/shm/spoor-UID`.'],
      ['SPOOR_TRACE_MARKER', 'Set for the command with `--kernel`: see spoor-log(1).'],
    ],
    files: [
      ['~/lttng-traces/NAME-DATE-TIME', 'Where the trace is written unless `--output` says otherwise.'],
      ['/dev/shm/spoor-UID', 'Holds the sub-buffers while the command runs.'],
    ],
    examples: [
      {
        command: 'spoor record -o recorded -- node server.js',
        text: 'Record a program into the directory recorded.',
      },
      {
        command: 'spoor record --overwrite --num-subbuf 4 -o last -- node server.js',
        text: 'Keep the last events only, in 1 MiB a thread.',
      },
      {
        command: 'spoor record -k --kernel-context procname,tid -o recorded -- node server.js',
        text: 'Record what the kernel does for a program as well.',
      },
    ],
    seeAlso: ['spoor-analyze(1)', 'spoor-view(1)', 'spoor-convert(1)', 'lttng-enable-channel(1)'],
  },
  'spoor-log': {
    description: [
      'Writes lines into what is being recorded: into recordings of programs, of spoor-record(1) and of sessions, as events `lttng_logger:event`, and into those of the kernel as events `lttng_logger`. Within a command that is recorded they go into that recording; elsewhere into all that go on. The word `-` stands for standard input, each line of which is an event as it comes.',
      'Recordings of the kernel are found by tracefs, and only root may write there; a session has their lines with `spoor enable-event -k lttng_logger`. There an event has a text alone, which begins with the level and the source if they are given.',
    ],
    exitStatus: [
      ['0', 'All lines were written.'],
      ['1', 'There is no recording, or it could not be written to, for one line at least.'],
    ],
    environment: [
      [
        'SPOOR_TRACE_MARKER',
        "The file that takes lines of the kernel's recording that the command runs in; a script may write to it itself.",
      ],
    ],
    files: [['/sys/kernel/tracing/instances/spoor-*', 'The recordings of the kernel that go on.']],
    examples: [
      {
        command: "spoor record -k -o recorded -- sh -c 'node server.js; spoor log served; ls'",
        text: 'Mark the moment between two parts of a command.',
      },
      {
        command: 'bpftrace -B line files.bt | spoor log --source bpftrace -',
        text: 'Have what a program of bpftrace prints in the trace.',
      },
    ],
    seeAlso: ['spoor-record(1)', 'spoor-enable-event(1)'],
  },
  'spoor-recover': {
    description: [
      'Makes traces of what is in rings of the kernel that nobody reads any more: those of spoor-record(1) that was killed, in which the kernel records on; those of sessions whose directories are gone; and those that outlive the kernel (`trace_instance=` on its command line), of the boot before this one.',
      'A killed recorder has left a note of what it recorded and where to: its trace is completed by a second one beside it, `kernel-recovered`, as the next `spoor record -k` would do of its own accord. For all others `--output` names a directory. Rings are empty afterwards, and instances are removed but for those of the command line.',
      'Numbers of events and addresses of symbols are those of one boot. `--save` keeps them; recorders and sessions do so themselves where the machine has a ring that outlives its kernel.',
    ],
    exitStatus: [
      ['0', 'All that was asked for was done.'],
      ['1', 'Something could not be read, or there was nothing under a name.'],
    ],
    environment: [['SPOOR_STATE_DIR', 'Where boots and notes are kept, in place of `/var/lib/spoor`.']],
    files: [
      ['/sys/kernel/tracing/instances', 'The rings.'],
      ['/var/lib/spoor', 'Formats and symbols of the last four boots, and notes of recordings that go on.'],
    ],
    examples: [
      {
        command: 'spoor recover --list',
        text: 'Say which rings there are, and what they are of.',
      },
      {
        command: 'spoor recover -o crashed boot_mapped',
        text: 'Read what was recorded before the machine crashed, into crashed/boot_mapped.',
      },
    ],
    seeAlso: ['spoor-crash(1)', 'spoor-record(1)', 'spoor-convert(1)'],
  },
  'spoor-crash': {
    description: [
      'Reads the rings that programs left in a run directory when they, the consumer and spoor-record(1) were all killed, or the machine was: `SPOOR_RUN_DIR` on a persistent file system survives that. Prints the events as spoor-convert(1) does, or has the command of `--viewer` show them; with `--extract` it writes them as a trace instead. The sub-buffer that a thread was writing is included, to its last whole event.',
      'The directory is that of all recordings, of one, or of one process in it, or a copy. It is only read. What the consumer had written before is in the trace of the recording, and left out here.',
      'A ring or class that is damaged is told on standard error; the rest is kept.',
      'The options are those of lttng-crash(1). Unlike it, `--extract` takes an empty directory as well as a new one, and the status of a reader that fails is the command\u2019s.',
    ],
    exitStatus: [
      ['0', 'Everything was read.'],
      ['1', 'Something could not be read, whatever of it could; or there was nothing.'],
      ['other', 'That of the command of `--viewer`, where this is not 0.'],
    ],
    environment: [timeZone, ['TMPDIR', 'Where the trace is made whose events are printed.']],
    files: [['/dev/shm/spoor-UID', 'The run directory, unless `SPOOR_RUN_DIR` named another.']],
    examples: [
      { command: 'spoor crash rescued', text: 'Print what lies in the rings of a run directory.' },
      { command: 'spoor crash -x saved rescued', text: 'Write it as a trace.' },
      { command: 'spoor crash -e babeltrace2 rescued', text: 'Have babeltrace2 show it.' },
    ],
    seeAlso: ['spoor-record(1)', 'spoor-convert(1)', 'lttng-crash(1)'],
  },
  'spoor-convert': {
    description: [
      'Reads traces, merges their events by time and hands them to an output: text, byte for byte as babeltrace2(1) prints it, unless `--output-format` or `--component` says otherwise. The options are those of babeltrace2-convert(1). The verb may be left out.',
      traceText,
      'Times of `--begin`, `--end` and `--timerange` are `YYYY-MM-DD hh:mm:ss.nnn`, `hh:mm:ss.nnn` on the day on which the trace begins, or seconds since 1970 with up to nine decimals.',
    ],
    exitStatus: [...readingStatus],
    environment: [timeZone, colors, temporary],
    examples: [
      { command: 'spoor trace', text: 'Print all events.' },
      {
        command: "spoor --event 'shop:*' --filter 'total > 100' trace",
        text: 'Print some of them; spoor-filter(7) has the language.',
      },
      {
        command: "spoor --clock-gmt --clock-date --begin '2026-01-01 00:00:00' --fields all trace",
        text: 'Print events from a day on, with their dates and all that is known of their trace.',
      },
      { command: 'spoor -o json trace', text: 'Print a JSON object an event and line.' },
      { command: 'spoor -o ctf -w copy trace', text: 'Write them as a trace again.' },
      {
        command: 'spoor -o parquet -w tables trace',
        text: 'Write a Parquet table for each class of events.',
      },
      {
        command: 'spoor -c sink.text.details -p compact=yes,with-time=no trace',
        text: 'Name a component, and give it parameters.',
      },
    ],
    seeAlso: ['spoor-filter(7)', 'spoor-run(1)', 'spoor-sink.text.pretty(7)', 'babeltrace2-convert(1)'],
  },
  'spoor-run': {
    description: [
      'Runs components that are joined by hand: sources that read, filters, a sink that takes the result. Each `--component` begins one; `--params` and `--name` after it speak of it, `--base-params` of all that follow; `--connect` joins two by their names.',
      'A name stands before the class, `NAME:TYPE.PLUGIN.CLASS`; without one a component is called by its class. A backslash takes a colon, dot or backslash of a name as it is.',
    ],
    exitStatus: [...readingStatus],
    environment: [timeZone, colors],
    examples: [
      {
        command:
          'spoor run -c in:source.ctf.fs -p \'inputs=["trace"]\' -c order:filter.utils.muxer -c out:sink.text.pretty -x in:order -x order:out',
        text: 'Print a trace.',
      },
      { command: 'spoor --run-args trace', text: 'Print the arguments that do what a conversion does.' },
    ],
    seeAlso: ['spoor-convert(1)', 'spoor-list-plugins(1)', 'babeltrace2-run(1)'],
  },
  'spoor-query': {
    description: [
      'Asks a component class about something that it knows without events being shown. spoor-source.ctf.fs(7) tells what that class answers. The answer is printed in the form of babeltrace2(1).',
    ],
    exitStatus: [
      ['0', 'There is an answer.'],
      ['1', 'The class or the object is not known, or a parameter is wrong.'],
    ],
    examples: [
      {
        command: 'spoor query source.ctf.fs babeltrace.trace-infos -p \'inputs=["trace"]\'',
        text: 'Tell the streams of a trace and when each begins and ends.',
      },
      {
        command: 'spoor query source.ctf.fs babeltrace.support-info -p \'type="directory",input="trace"\'',
        text: 'Tell how sure it is that a directory holds a trace.',
      },
    ],
    seeAlso: ['spoor-list-plugins(1)', 'babeltrace2-query(1)'],
  },
  'spoor-list-plugins': {
    description: ['Lists the plug-ins and their component classes, with a line on each.'],
    exitStatus: [['0', 'Always.']],
    examples: [{ command: 'spoor list-plugins', text: 'List them.' }],
    seeAlso: ['spoor-help(1)', 'babeltrace2-list-plugins(1)'],
  },
  'spoor-help': {
    description: [
      'Tells of a verb its options, of a plug-in its component classes, of a component class its parameters. Without a name it lists the verbs. At a terminal it shows the manual page instead, where there is one and man(1).',
    ],
    exitStatus: [
      ['0', 'The name is known.'],
      ['1', 'It is not.'],
    ],
    examples: [
      { command: 'spoor help record', text: 'Tell of a verb.' },
      { command: 'spoor help sink.text.details', text: 'Tell of a component class.' },
    ],
    seeAlso: ['spoor-list-plugins(1)', 'babeltrace2-help(1)'],
  },
  'spoor-analyze': {
    description: [
      'Prints what traces of Node.js programs show: how often each event occurs, the slowest requests and where their time went, pauses for garbage collection, delays of the event loop, what was lost.',
      traceText,
    ],
    exitStatus: [...readingStatus],
    environment: [timeZone, temporary],
    examples: [
      { command: 'spoor analyze trace', text: 'Print the summary.' },
      {
        command: 'spoor analyze --json --slowest 0 trace',
        text: 'Print it as JSON, without single requests.',
      },
    ],
    seeAlso: ['spoor-record(1)', 'spoor-view(1)'],
  },
  'spoor-view': {
    description: [
      'Serves a page on this machine that shows traces: a time line with a lane a thread, the table of events, details, statistics of a range. The address is printed; only this machine can reach it. Ends by Ctrl-C.',
      traceText,
    ],
    exitStatus: [
      ['0', 'It was ended by a signal.'],
      ['1', 'It could not begin.'],
    ],
    environment: [temporary],
    examples: [{ command: 'spoor view trace', text: 'Serve a trace on a free port.' }],
    seeAlso: ['spoor-analyze(1)', 'spoor-record(1)'],
  },
  'spoor-completion': {
    description: [
      'Prints a script that completes verbs, options, component classes and paths. The shell reads it at its start: `source <(spoor completion bash)` in `~/.bashrc`, or `source <(spoor completion zsh)` below `compinit` in `~/.zshrc`.',
    ],
    exitStatus: [['0', 'The shell is known.']],
    examples: [
      { command: 'spoor completion bash', text: 'Print the script for bash.' },
      { command: 'spoor completion zsh', text: 'Print the one for zsh.' },
    ],
    seeAlso: ['bash(1)', 'zsh(1)'],
  },
  'spoor-babeltrace2': {
    description: [
      'The command line of babeltrace2(1) 2.0.4, with its order of arguments, output and exit statuses, for scripts that are written for it: put it in its place. `--run-args` shows what a conversion comes to. `spoor` has the same components, and more options.',
    ],
    exitStatus: [...readingStatus],
    environment: [timeZone, colors],
    examples: [
      { command: 'spoor-babeltrace2 trace', text: 'Print a trace.' },
      { command: 'spoor-babeltrace2 convert --clock-seconds trace', text: 'Print it with times in seconds.' },
    ],
    seeAlso: [
      'spoor-convert(1)',
      'spoor-run(1)',
      'spoor-query(1)',
      'spoor-list-plugins(1)',
      'babeltrace2(1)',
    ],
  },
  'spoor-source.ctf.fs': {
    description: [traceText],
    examples: [
      {
        command: 'spoor -c source.ctf.fs -p \'inputs=["trace"],clock-class-offset-s=3600\'',
        text: 'Print a trace as if its clocks were an hour ahead.',
      },
    ],
  },
  'spoor-filter.utils.trimmer': {
    examples: [
      {
        command: 'spoor -c filter.utils.trimmer -p \'begin="2026-01-01 00:00:00",gmt=yes\' trace',
        text: 'Leave out what was before a time.',
      },
    ],
  },
  'spoor-filter.utils.events': {
    examples: [
      {
        command: 'spoor -c filter.utils.events -p \'names=["shop:*"],filter="total > 100"\' trace',
        text: 'Print some events.',
      },
    ],
    seeAlso: ['spoor-filter(7)'],
  },
  'spoor-sink.text.pretty': {
    examples: [
      {
        command: 'spoor -c sink.text.pretty -p name-default=hide,no-delta=yes trace',
        text: 'Print values alone.',
      },
    ],
  },
  'spoor-sink.text.details': {
    examples: [{ command: 'spoor -o details trace', text: 'Print everything.' }],
  },
  'spoor-sink.text.csv': {
    examples: [
      {
        command: 'spoor -c sink.text.csv -p \'fields=["total", "customer"]\' trace',
        text: 'Print two fields of each event.',
      },
    ],
  },
  'spoor-sink.text.json': { examples: [{ command: 'spoor -o json trace', text: 'Print events as JSON.' }] },
  'spoor-sink.otlp.json': {
    examples: [{ command: 'spoor -o otlp-json -w spans.jsonl trace', text: 'Export the spans of a trace.' }],
  },
  'spoor-sink.ctf.fs': {
    examples: [{ command: 'spoor -o ctf -w copied trace', text: 'Write a trace as it was read.' }],
  },
  'spoor-sink.utils.counter': {
    examples: [{ command: 'spoor -c sink.utils.counter trace', text: 'Count messages.' }],
  },
  'spoor-sink.utils.dummy': {
    examples: [{ command: 'spoor -o dummy trace', text: 'Read a trace, to see whether it is whole.' }],
  },
  'spoor-sink.columns.parquet': {
    examples: [
      { command: 'spoor -o parquet -w parquet trace', text: 'A file a class of events.' },
      {
        command: 'spoor -c sink.columns.parquet -p layout=wide,compression=gzip -w one trace',
        text: 'One file with all events, packed.',
      },
    ],
  },
  'spoor-sink.columns.arrow': {
    examples: [
      { command: 'spoor -o arrow -w arrow trace', text: 'A file a class of events.' },
      {
        command: 'spoor -o arrow trace > events.arrows',
        text: 'A stream of record batches with all events.',
      },
    ],
  },
};

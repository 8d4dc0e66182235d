import { Option } from 'commander';
import { describeError } from '@spoor/base';
import { nameLackOfDescriptors } from '@spoor/sys/open-files';
import type { RecordingNote } from '@spoor/sessiond/record';
import type { RegisterCommand } from './register-command.ts';
import type { ChannelDescription } from '@spoor/ringbuffer';
import type { KernelPlan } from '@spoor/sessiond/record';
import type { SaidOption } from '../record/record-plan.ts';

interface RecordFlags {
  readonly output?: string;
  /** Names of sets of automatic events; false for none. */
  readonly auto?: string | false;
  /** Globs of modules, as they were given. */
  readonly functions?: readonly string[];
  readonly maxMemory?: string;
  readonly kernel?: boolean;
  readonly kernelEvents?: readonly string[];
  readonly kernelContext?: readonly string[];
  readonly kernelBuffer?: string;
  readonly kernelMaps?: boolean;
  readonly kernelFilter?: string;
  readonly probe?: readonly string[];
  readonly userspaceProbe?: readonly string[];
  readonly counters?: readonly string[];
  readonly countersInterval?: string;
  readonly kmsg?: boolean;
  readonly bpftrace?: readonly string[];
  readonly allProcesses?: boolean;
  readonly container?: string;
  readonly raw?: boolean;
  readonly dryRun?: boolean;
}

/** Options that are about the channel or the rule that was begun last, so that their order counts. */
const orderedOptions: readonly (readonly [flags: string, description: string])[] = [
  ['-e, --enable <globs>', 'record events of these names alone; may be repeated'],
  ['-x, --exclude <globs>', 'but not those of these names'],
  ['--loglevel <level>', 'only events at least as severe as this level'],
  ['--loglevel-only <level>', 'only events of this level'],
  ['-f, --filter <expression>', 'only events of which this is true, such as `size > 10`'],
  ['-t, --context <names>', 'add these context fields to each event; may be repeated'],
  ['--channel <name>', 'begin a channel: what follows is about it (default: ch0)'],
  ['--overwrite', 'flight recorder: keep only the last events of each thread'],
  ['--blocking-timeout <time>', 'how long a full ring holds the program up: 0 (default), 500us, 2s, inf'],
  ['--subbuf-size <size>', 'size of one sub-buffer of a thread; suffixes k, M, G (default: 256k)'],
  ['--num-subbuf <count>', 'number of sub-buffers of a thread (default: 16)'],
];

export const registerRecord: RegisterCommand = (program, context) => {
  const said: SaidOption[] = [];
  let plan:
    { readonly channels: readonly ChannelDescription[]; readonly maxMemoryBytes?: number } | undefined;
  let kernel: KernelPlan | undefined;
  /** What the program's tracer is told by its environment. */
  let environment: Readonly<Record<string, string>> = {};
  const command = program
    .command('record')
    .description('Run a command and record the events of its Node.js processes and threads.')
    .argument('<command...>', 'the program to run and its arguments')
    .option('-o, --output <dir>', 'directory of the trace (default: ~/lttng-traces/NAME-DATE-TIME)')
    .option(
      '--auto <sets>',
      'which automatic events: names of sets, `all`, `default`, `-NAME`, `diagnostics:GLOB` (default: default)',
    )
    .option('--no-auto', 'record the tracepoints of the program alone, no automatic events')
    .option(
      '--functions <globs>',
      'record entry and exit of the functions of these modules, such as `src/**,!src/gen/**`; may be repeated',
      (globs: string, before: readonly string[] | undefined) => [...(before ?? []), globs],
    );
  for (const [flags, description] of orderedOptions) {
    const option = new Option(flags, description);
    command.addOption(option);
    command.on(`option:${option.name()}`, (value: string | undefined) => {
      said.push({ flags, name: option.name(), value: value ?? '' });
    });
  }
  const listed = (names: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    ...names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ];
  const repeated = (text: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    text,
  ];
  command
    .option(
      '-k, --kernel',
      'record the kernel as well (as root): what it does for the command and all that comes of it',
    )
    .option(
      '--kernel-events <globs>',
      'which events of the kernel, such as `sched_*,syscall_*,block:*`; may be repeated (default: of scheduling, interrupts, system calls, disks, network, signals and page faults)',
      listed,
    )
    .option(
      '--kernel-context <names>',
      'add these context fields to each event of the kernel; may be repeated',
      listed,
    )
    .option(
      '--kernel-stacks <globs>',
      'record the call stack in the kernel of these events, such as `sched_switch,block_*`; of all: --kernel-context callstack-kernel,callstack-user',
      listed,
    )
    .option(
      '--syscall-strings',
      'record the texts that system calls are given, such as paths of files; a probe of the C library reads them',
    )
    .option(
      '--kernel-filter <expression>',
      'only events of the kernel of which this is true, such as `$ctx.procname == "node" || fd == 3`',
    )
    .option(
      '--probe <[name=]place>',
      'record when the kernel passes a place: SYMBOL, SYMBOL+OFFSET; may be repeated',
      repeated,
    )
    .option(
      '--userspace-probe <[name=]place>',
      'record when a program passes a place: elf:PATH:SYMBOL, SYMBOL%return, sdt:PATH:PROVIDER:NAME, and values there: `elf:/usr/lib/libx.so:open(path=arg1:string)`; may be repeated',
      repeated,
    )
    .option('--kernel-buffer <size>', 'size of the ring of each processor; suffixes k, M, G (default: 8M)')
    .option('--kernel-maps', 'the state dump has the memory maps of all processes')
    .option(
      '--counters <list>',
      'count per processor, thread and interrupt: `default`, `software`, `hardware`, `interrupts`, `softirqs`, or names such as `instructions`',
      listed,
    )
    .option('--counters-interval <time>', 'how often counters are recorded, such as 10ms (default: 100ms)')
    .option('--kmsg', "record the lines of the kernel's log as well, as events kmsg")
    .option(
      '--bpftrace <file|program>',
      'run a program of bpftrace meanwhile, and record what it prints; may be repeated',
      repeated,
    )
    .option('--all-processes', 'record the kernel for all processes of the machine')
    .option(
      '--container <name|id>',
      'record the kernel for what happens in a container, as long as the command runs',
    )
    .option(
      '--raw',
      "write the pages of the kernel's rings as they are, which costs least while the command runs; they become events when the trace is read",
    )
    .option(
      '--dry-run',
      'say what would be recorded of the kernel, what of a filter it evaluates and what is left; nothing is run',
    )
    .option('--max-memory <size>', 'most memory for the rings of one process; suffixes k, M, G')
    .hook('preAction', async (self) => {
      const { maxMemory, auto, functions, ...kernelFlags } = self.opts<RecordFlags>();
      const { readPlan, readEnvironment } = await import('../record/record-plan.ts');
      const { readKernelPlan } = await import('../record/kernel-plan.ts');
      try {
        kernel = await readKernelPlan(kernelFlags);
        environment = readEnvironment(auto, functions);
        plan = readPlan(said, maxMemory);
      } catch (error) {
        self.error(`error: ${describeError(nameLackOfDescriptors(error))}`);
      }
    })
    .passThroughOptions()
    .addHelpText(
      'after',
      "\nExamples:\n  spoor record -- node server.js\n  spoor record -o trace -e 'shop:*' --loglevel info -t vtid -- npm start\n  spoor record --functions 'src/**' -- node app.js\n  spoor record --channel errors -e '*' --loglevel err --channel rest --overwrite -- node server.js\n  spoor record -k -- make -j4\n  spoor record -k --counters default --counters-interval 20ms -- ./server\n  spoor record -k --kmsg --bpftrace probes.bt -- ./server\n  spoor record -k --raw -- node server.js\n  spoor record -k --kernel-filter 'prev_tid == 1' --dry-run -- node server.js\n  spoor record -k --kernel-events 'sched_*,syscall_*' --kernel-context procname,tid --all-processes -- sleep 5\n\nThe exit status is that of the command, 128 + N if signal N ended it, 127 if it was not found,\n126 if it could not be run, and 1 if only the recording failed.",
    )
    .action(async (words: [string, ...string[]], flags: RecordFlags) => {
      if (flags.dryRun === true && kernel !== undefined) {
        const { describeKernelPlan } = await import('../record/kernel-dry-run.ts');
        try {
          process.stdout.write(describeKernelPlan(kernel));
        } catch (error) {
          process.stderr.write(`spoor: ${describeError(error)}\n`);
          context.exitStatus = 1;
        }
        return;
      }
      const { recordCommand, statusOfCommandError } = await import('@spoor/sessiond/record');
      const { describeRecording, describeNote } = await import('../recording-summary.ts');
      const { consumerPath, tracerPath } = await import('./installed.ts');
      const notes: RecordingNote[] = [];
      try {
        const result = await recordCommand({
          command: words,
          outputDir: flags.output,
          auto: flags.auto !== false,
          channels: plan?.channels ?? [],
          maxMemoryBytes: plan?.maxMemoryBytes,
          kernel,
          tracerPath: tracerPath(),
          consumerPath: consumerPath(),
          environment: { ...process.env, ...environment },
          onNote: (note) => {
            if (note.severity === 'error') process.stderr.write(`${describeNote(note)}\n`);
            else notes.push(note);
          },
        });
        process.stderr.write(describeRecording(result));
        context.exitStatus = result.status;
      } catch (error) {
        for (const note of notes) process.stderr.write(`${describeNote(note)}\n`);
        process.stderr.write(`spoor: ${describeError(nameLackOfDescriptors(error))}\n`);
        context.exitStatus = statusOfCommandError(error) ?? 1;
      }
    });
};

import { createInterface } from 'node:readline';
import { Option } from 'commander';
import { describeError } from '@spoor/base';
import type { LogLevel } from '@spoor/tracer';
import { counted } from '../units.ts';
import type { RegisterCommand } from './register-command.ts';

interface LogFlags {
  readonly level?: LogLevel;
  readonly source?: string;
  readonly kernel?: boolean;
  readonly userspace?: boolean;
}

/** The levels of syslog(3), which are those of LTTng as well. */
const levels: readonly LogLevel[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export const registerLog: RegisterCommand = (program, context) => {
  program
    .command('log')
    .description('Write lines into the recordings that go on, as events.')
    .argument('<words...>', 'the line, or - for each line of standard input as it comes')
    .addOption(new Option('--level <level>', 'severity of the event (default: info)').choices(levels))
    .option('--source <name>', 'what the line comes from, such as bpftrace')
    .option('-k, --kernel', 'only into recordings of the kernel')
    .option('-u, --userspace', 'only into recordings of programs')
    .addHelpText(
      'after',
      "\nExamples:\n  spoor log begin of the second phase\n  spoor log --level warning disk is slow\n  bpftrace -B line probes.bt | spoor log --source bpftrace -\n  spoor record -k -- sh -c 'make && spoor log made && make test'\n\nIn recordings of programs it is an event lttng_logger:event with msg and source, in those of the\nkernel lttng_logger with a text that begins with level and source if they are given. Within a\ncommand of `spoor record` it is that recording alone; a script may write to the file in\n$SPOOR_TRACE_MARKER as well. The exit status is 1 if a line was not recorded.",
    )
    .action(async (words: readonly string[], { level, source = '', kernel, userspace }: LogFlags) => {
      const { kernelLines, programLines, LineSinks } = await import('../log/line-sinks.ts');
      const { MARKER_VARIABLE } = await import('@spoor/sessiond');
      const { SESSION_VARIABLE } = await import('@spoor/ringbuffer');
      const both = kernel === userspace;
      const own = process.env[MARKER_VARIABLE] ?? '';
      const isInRecording = own !== '' || (process.env[SESSION_VARIABLE] ?? '') !== '';
      const facts = { level, source };
      try {
        const sinks = new LineSinks([
          ...(userspace === true || both ? [await programLines(facts)] : []),
          // Within a recording of programs alone those of the kernel are somebody else's.
          ...((kernel === true || both) && (own !== '' || !isInRecording || kernel === true)
            ? [await kernelLines(own === '' ? undefined : own, facts)]
            : []),
        ]);
        if (words.length === 1 && words[0] === '-') {
          for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
            sinks.write(line);
          }
        } else {
          sinks.write(words.join(' '));
        }
        sinks.close();
        const missed = sinks.lineCount - sinks.takenCount;
        if (missed === 0) return;
        context.exitStatus = 1;
        const reason =
          sinks.reason !== undefined && (kernel === true || own !== '')
            ? describeError(sinks.reason)
            : 'no recording goes on (spoor record, or spoor start in a session, begins one)';
        process.stderr.write(
          sinks.lineCount === 1
            ? `spoor: ${reason}\n`
            : `spoor: ${counted(missed, 'line')} of ${sinks.lineCount} not recorded: ${reason}\n`,
        );
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      }
    });
};

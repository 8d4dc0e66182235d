import { describeError } from '@spoor/base';
import type { RegisterCommand } from './register-command.ts';

export const registerLog: RegisterCommand = (program, context) => {
  program
    .command('log')
    .description('Write a line into the recordings of the kernel that go on, as an event lttng_logger.')
    .argument('<words...>', 'the line')
    .addHelpText(
      'after',
      "\nExamples:\n  spoor log begin of the second phase\n  spoor record -k -- sh -c 'make && spoor log made && make test'\n\nWithin a command of `spoor record -k` it is that recording alone; a script may write to the file\nin $SPOOR_TRACE_MARKER as well. The exit status is 1 if there is no recording.",
    )
    .action(async (words: readonly string[]) => {
      const { runningMarkers, writeMark } = await import('@spoor/kernel/node');
      const { MARKER_VARIABLE } = await import('@spoor/sessiond');
      try {
        const own = process.env[MARKER_VARIABLE];
        const markers = own === undefined || own === '' ? runningMarkers() : [own];
        if (markers.length === 0) {
          process.stderr.write('spoor: no recording of the kernel goes on (spoor record -k begins one)\n');
          context.exitStatus = 1;
          return;
        }
        writeMark(words.join(' '), markers);
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      }
    });
};

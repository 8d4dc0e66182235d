import { join } from 'node:path';
import { describeError, SpoorError } from '@spoor/base';
import type { Recoverable, Recovered } from '@spoor/kernel/node';
import { counted } from '../units.ts';
import type { RegisterCommand } from './register-command.ts';

interface RecoverFlags {
  readonly output?: string;
  readonly list?: boolean;
  readonly save?: boolean;
}

/** What rings are of, and where their trace would go. */
function describeRings(found: Recoverable): string {
  switch (found.kind) {
    case 'recorder':
      return found.note === undefined
        ? 'of a killed recorder; its trace is not known, so -o is needed'
        : `of a killed recorder, whose trace is ${found.note.directory}`;
    case 'session':
      return 'of a session that is gone; -o is needed';
    case 'previous-boot':
      return 'of the boot before this one; -o is needed';
    default:
      return found satisfies never;
  }
}

function describeRecovered({ directory, eventCount, lostCount }: Recovered): string {
  const lost = lostCount === 0 ? '' : `, ${counted(lostCount, 'event')} lost`;
  return `${counted(eventCount, 'event')} in ${directory}${lost}`;
}

export const registerRecover: RegisterCommand = (program, context) => {
  program
    .command('recover')
    .description("Make traces of what crashes have left in the kernel's rings (as root).")
    .argument(
      '[instances...]',
      'which rings, as --list names them (default: all that it is known where to put)',
    )
    .option('-o, --output <dir>', 'put each trace into a folder of its own there')
    .option('--list', 'only say what there is')
    .option('--save', 'keep formats and symbols of this boot, by which its rings can be read after a crash')
    .addHelpText(
      'after',
      "\nExamples:\n  spoor recover --list\n  spoor recover -o crashed boot_mapped\n  spoor recover --save          at every start of the machine\n\nRings are those of killed recorders, of sessions that are gone, and persistent ones of the boot\nbefore this one (trace_instance= on the kernel's command line). They are empty afterwards. What the\nkernel wrote to a console when it died (ftrace_dump_on_oops) is read by the component\nsource.ftrace.text. The exit status is 1 if something could not be read.",
    )
    .action(async (names: readonly string[], { output, list, save }: RecoverFlags) => {
      const { findTracefs, findRecoverable, recover, saveBoot, stateDirectory } =
        await import('@spoor/kernel/node');
      const fail = (error: unknown): void => {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      };
      try {
        const root = findTracefs();
        if (save === true) {
          const isNew = saveBoot(root);
          process.stdout.write(`This boot is kept in ${stateDirectory()}${isNew ? '' : ' already'}\n`);
          return;
        }
        const all = findRecoverable(root);
        for (const name of names) {
          if (all.some(({ instance }) => instance === name)) continue;
          throw new SpoorError('kernel/recover-name', `there is nothing to be recovered in ${name}`, {
            hint: 'spoor recover --list names what there is',
          });
        }
        const chosen = all.filter(({ instance }) => names.length === 0 || names.includes(instance));
        if (chosen.length === 0) process.stdout.write('There is nothing to be recovered.\n');
        for (const found of chosen) {
          const { instance } = found;
          const hasPlace = found.kind === 'recorder' && found.note !== undefined;
          if (list === true || (output === undefined && !hasPlace && names.length === 0)) {
            process.stdout.write(`${instance}: ${describeRings(found)}\n`);
            continue;
          }
          try {
            const folder =
              output === undefined ? undefined : join(output, instance.replaceAll(/[^\w.-]/g, '_'));
            const recovered = recover(root, found, folder);
            process.stdout.write(`${instance}: ${describeRecovered(recovered)}\n`);
            for (const warning of recovered.warnings) process.stderr.write(`spoor: ${warning}\n`);
          } catch (error) {
            fail(error);
          }
        }
      } catch (error) {
        fail(error);
      }
    });
};

import { describeError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';

interface SessiondOptions {
  readonly daemonize?: true;
  readonly background?: true;
  readonly pidfile?: string;
  readonly group?: string;
  readonly sigParent?: true;
}

/** `sessiond`: runs the session daemon. */
export const registerSessiond: RegisterCommand = (program, context) => {
  program
    .command('sessiond')
    .description('Run the session daemon of this user, until SIGTERM or SIGINT; its sessions outlive it.')
    .option('-d, --daemonize', 'go on in the background; the command ends when the daemon answers')
    .option('-b, --background', 'the same as --daemonize')
    .option('-P, --pidfile <path>', 'write the process number there')
    .option('-g, --group <group>', "group that may control root's daemon (default: tracing)")
    .option('-S, --sig-parent', 'send SIGUSR1 to the parent process when requests are answered')
    .addHelpText(
      'after',
      '\nVerbs start it when they need it. Without --daemonize a line on standard error says when it answers.',
    )
    .action(async (options: SessiondOptions) => {
      const { resolve } = await import('node:path');
      const { runDaemon, startDaemon } = await import('@spoor/sessiond');
      const settings = {
        environment: process.env,
        ...(options.pidfile === undefined ? {} : { pidFile: resolve(options.pidfile) }),
        ...(options.group === undefined ? {} : { group: options.group }),
      };
      try {
        if (options.daemonize === true || options.background === true) {
          const pid = await startDaemon(settings);
          if (pid === undefined) {
            process.stderr.write('spoor: a session daemon runs already\n');
            context.exitStatus = 1;
          }
          return;
        }
        await runDaemon({
          ...settings,
          release: program.version() ?? '',
          onReady: () => {
            process.stderr.write(`spoor: the session daemon is ready (process ${process.pid})\n`);
            if (options.sigParent === true) process.kill(process.ppid, 'SIGUSR1');
          },
        });
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      }
    });
};

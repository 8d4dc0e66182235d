import { describeError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';

interface SessiondOptions {
  readonly daemonize?: true;
  readonly background?: true;
  readonly pidfile?: string;
  readonly group?: string;
  readonly sigParent?: true;
  readonly load?: string;
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
    .option(
      '-l, --load <path>',
      'file or directory of saved sessions to begin with (default: ~/.spoor/sessions/auto)',
    )
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
        const isInBackground = options.daemonize === true || options.background === true;
        if (isInBackground) {
          const pid = await startDaemon(settings);
          if (pid === undefined) {
            process.stderr.write('spoor: a session daemon runs already\n');
            context.exitStatus = 1;
            return;
          }
          await beReady(options, pid);
          return;
        }
        await runDaemon({
          ...settings,
          release: program.version() ?? '',
          onReady: () => {
            beReady(options, process.pid).then(
              () => process.stderr.write(`spoor: the session daemon is ready (process ${process.pid})\n`),
              (error: unknown) => process.stderr.write(`spoor: ${describeError(error)}\n`),
            );
          },
        });
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      }
    });
};

/** What is done once a daemon answers: it loads its sessions, and those that wait for it are told. */
async function beReady({ load, sigParent }: SessiondOptions, pid: number): Promise<void> {
  const { ControlClient } = await import('@spoor/control');
  const { loadAtStart } = await import('./load-at-start.ts');
  using client = await ControlClient.connect({ client: `spoor ${process.pid}` });
  for (const line of await loadAtStart(client, load)) process.stderr.write(`spoor: ${line}\n`);
  const notifySocket = process.env['NOTIFY_SOCKET'];
  if (notifySocket !== undefined && notifySocket !== '') {
    // Of systemd, Type=notify. It is not for what the daemon starts.
    delete process.env['NOTIFY_SOCKET'];
    const { sendDatagram } = await import('@spoor/sys');
    sendDatagram(notifySocket, `READY=1\nMAINPID=${pid}\nSTATUS=Answers requests`);
  }
  if (sigParent === true) process.kill(process.ppid, 'SIGUSR1');
}

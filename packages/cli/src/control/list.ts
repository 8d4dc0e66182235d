import { SpoorError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';
import { type DomainOptions, addDomainOptions, noMiSessions, onControl } from './verb.ts';

interface ListOptions extends DomainOptions {
  readonly channel?: string;
  readonly domain?: true;
  readonly syscall?: true;
  readonly fields?: true;
  readonly facilities?: true;
}

/** `list`: shows sessions, one with its channels and rules, or the tracepoints of programs. */
export const registerList: RegisterCommand = (program, context) => {
  const command = program
    .command('list')
    .description(
      'Show the sessions, one session with its channels and event rules, or with -u the tracepoints of programs.',
    )
    .argument('[session]', 'the session to show')
    .option('-c, --channel <channel>', 'only this channel of the session')
    .option('-d, --domain', 'only the domains that the session has channels of')
    .option('-S, --syscall', 'with -k: the system calls')
    .option('-f, --fields', 'with -k or -u: the fields of each event')
    .option(
      '--facilities',
      "with -k: what of the kernel's tracing works here, and what to use instead of the rest",
    );
  onControl<ListOptions>(
    addDomainOptions(command),
    context,
    async (client, options, [name]) => {
      const text = await import('./session-text.ts');
      if (name === undefined) {
        if (options.channel !== undefined || options.domain === true) {
          throw new SpoorError(
            'control/option',
            '--channel and --domain are about a session, which is not named',
          );
        }
        if (options.userspace === true) {
          const { tracepointsText } = await import('./tracepoints-text.ts');
          const { programs } = await client.call('list-tracepoints', {});
          const hasFields = options.fields === true;
          return {
            json: { programs },
            text: tracepointsText(programs, hasFields),
            mi: async () => (await import('../lttng/mi-tracepoints.ts')).programsElement(programs, hasFields),
          };
        }
        const { sessions } = await client.call('list-sessions', {});
        const mi = async () => {
          const { sessionElement, sessionsElement } = await import('../lttng/mi-session.ts');
          return sessionsElement(sessions.map((session) => sessionElement(session)));
        };
        return { json: { sessions }, text: text.sessionsText(sessions), mi };
      }
      const { session } = await client.call('get-session', { session: name });
      const usage = await client.call('get-usage', { session: name });
      const more = await text.mapsAndTriggers(client, name);
      const shown = text.narrowed(session, {
        ...(options.channel === undefined ? {} : { channel: options.channel }),
        ...(options.kernel === undefined && options.userspace === undefined
          ? {}
          : {
              domains: [
                ...(options.kernel ? ['kernel' as const] : []),
                ...(options.userspace ? ['user' as const] : []),
              ],
            }),
      });
      return {
        json: { session: shown, usage, ...more },
        text: options.domain === true ? text.domainsText(shown) : text.sessionText(shown, usage, more),
        mi: async () => {
          const mi = await import('../lttng/mi-session.ts');
          const domains = options.domain === true ? mi.domainNames : mi.domainsWithChannels(usage);
          return mi.sessionsElement([mi.sessionElement(shown, domains)]);
        },
      };
    },
    {
      saysSuccess: false,
      failed: ({ kernel, userspace }, [name]) =>
        name === undefined && (kernel === true || userspace === true) ? undefined : noMiSessions(),
    },
    ({ kernel, userspace, syscall, fields, facilities }, [name]) => {
      const isOfPrograms = userspace === true && name === undefined;
      const isOfKernel = syscall === true || facilities === true || (fields === true && !isOfPrograms);
      if (kernel !== true || name !== undefined) {
        if (!isOfKernel) return undefined;
        return () => {
          const message =
            '--syscall, --fields and --facilities are about the kernel, --fields with -u about programs; none is about a session';
          throw new SpoorError('control/option', message, { hint: 'spoor list --kernel --fields' });
        };
      }
      return async () => {
        const { listFacilities, listKernel } = await import('../kernel/list-kernel.ts');
        return facilities === true ? listFacilities() : listKernel({ syscall, fields });
      };
    },
  );
};

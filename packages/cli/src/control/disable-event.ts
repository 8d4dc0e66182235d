import { SpoorError } from '@spoor/base';
import type { EventRuleKind } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { OfName } from './each-name.ts';
import {
  type DomainOptions,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  domainPrefix,
  onControl,
} from './verb.ts';

interface DisableEventOptions extends DomainOptions {
  readonly session?: string;
  readonly channel?: string;
  readonly allEvents?: true;
  readonly tracepoint?: true;
  readonly syscall?: true;
  readonly probe?: true;
  readonly function?: true;
  readonly userspaceProbe?: true;
}

/** `disable-event`: has event rules take nothing until they are enabled again. */
export const registerDisableEvent: RegisterCommand = (program, context) => {
  const command = program
    .command('disable-event')
    .description('Have event rules take nothing until they are enabled again.')
    .argument('[names]', 'their names as they were enabled, separated by commas');
  addSessionOption(addDomainOptions(command))
    .option('-c, --channel <channel>', 'the channel (default: channel0)')
    .option('-a, --all-events', 'all rules of the channel')
    .option('--tracepoint', 'rules of tracepoints alone')
    .option('--syscall', 'rules of system calls alone')
    .option('--probe', 'rules of probes alone')
    .option('--function', 'rules of functions alone')
    .option('--userspace-probe', 'rules of places in programs alone');
  onControl<DisableEventOptions>(
    command,
    context,
    async (client, options, [names]) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { eachName } = await import('./each-name.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const { channel } = options;
      const kind = kindOf(options, domain);
      const target = {
        session,
        domain,
        ...(channel === undefined ? {} : { channel }),
        ...(kind === undefined ? {} : { kind }),
      };
      const shown = channel ?? 'channel0';
      const prefix = domainPrefix(domain);
      /** The channel with rules that were disabled, or were not. */
      const miOf = (outcomes: readonly OfName<unknown>[]) => async () => {
        const { element } = await import('../lttng/xml.ts');
        const events = outcomes.map(({ name, result }) =>
          element('event', [
            element('name', name),
            element('enabled', result === undefined),
            element('success', result !== undefined),
          ]),
        );
        return element('channel', [element('name', shown), element('events', events)]);
      };
      if (options.allEvents === true) {
        const result = await client.call('disable-event', target);
        const { disabledCount, warnings } = result;
        const text = `All ${prefix} events of channel ${shown} are disabled\n`;
        const mi = miOf([{ name: '*', result }]);
        return { json: { session, channel: shown, disabledCount }, text, warnings, mi };
      }
      const words = commaWords(names ?? '');
      if (words.length === 0) {
        throw new SpoorError('control/option', 'no event is named', { hint: 'NAME,… or --all-events' });
      }
      const { all, errors } = await eachName(words, (name) =>
        client.call('disable-event', { ...target, name }),
      );
      const disabledCount = all.reduce((sum, { result }) => sum + (result?.disabledCount ?? 0), 0);
      const text = all
        .filter(({ result }) => result !== undefined)
        .map(({ name }) => `${prefix} event ${name} disabled in channel ${shown} for session ${session}\n`)
        .join('');
      return { json: { session, channel: shown, disabledCount }, text, errors, mi: miOf(all) };
    },
    {},
  );
};

function kindOf(options: DisableEventOptions, domain: 'user' | 'kernel'): EventRuleKind | undefined {
  if (options.syscall === true) return 'kernel-syscall';
  if (options.probe === true) return 'kernel-kprobe';
  if (options.function === true) return 'kernel-function';
  if (options.userspaceProbe === true) return 'kernel-uprobe';
  if (options.tracepoint === true) return domain === 'user' ? 'user-tracepoint' : 'kernel-tracepoint';
  return undefined;
}

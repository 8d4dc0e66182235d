import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

const conditions = `
Conditions, and what may stand behind each:
  event-rule-matches        --type=user [--name=PATTERN] [--exclude-name=PATTERN]... [--filter=EXPRESSION]
                            [--log-level=LEVEL | LEVEL.. | ..] [--capture=FIELD]...
                            --type=kernel [--name=PATTERN] [--filter=EXPRESSION] [--capture=FIELD]...
                            --type=kernel:syscall[:entry|:exit], the same
                            --type=kernel:uprobe|kernel:kprobe|kernel:function --location=PLACE
                            [--event-name=NAME], the same but --name
  channel-buffer-usage-ge, channel-buffer-usage-le
                            --session=NAME --channel=NAME [--domain=user|kernel] (--threshold-ratio=0..1 | --threshold-size=SIZE)
  session-consumed-size-ge  --session=NAME --threshold-size=SIZE
  session-rotation-starts, session-rotation-finishes
                            --session=NAME
  event-rate-ge             --threshold-count=COUNT [--period=TIME] and an event rule as above
  event-silence             --threshold-time=TIME and an event rule as above
  span-duration-ge          --threshold-time=TIME --begin-name=PATTERN --end-name=PATTERN [--begin-filter=…]
                            [--end-filter=…] [--key=FIELD]... [--begin-key=FIELD]... [--end-key=FIELD]...
                            [--scope=thread|process|all] [--at=end|threshold] [--capture=FIELD]...

Actions, each with [--rate-policy=every:N | once-after:N | at-most:N/TIME]:
  notify                    tells spoor listen, and programs
  start-session NAME, stop-session NAME, rotate-session NAME
  snapshot-session NAME     [--name=NAME] [--max-size=SIZE] [--path=DIRECTORY]
  exec COMMAND              [--timeout=TIME]; the notification is JSON on its standard input
  webhook URL               [--timeout=TIME]; the notification is posted as JSON
  incr-map-value            --session=NAME --channel=MAP --key=TEXT, with {event_name} and {provider_name} in it`;

/** `add-trigger`: has something done when something happens. */
export const registerAddTrigger: RegisterCommand = (program, context) => {
  const command = program
    .command('add-trigger')
    .description('Have something done when something happens.')
    .usage('[--name=NAME] [--owner-uid=UID] --condition=TYPE [...] --action=TYPE [...]...')
    .argument('[words...]', 'a condition, then actions, each followed by its own options')
    // What an option means depends on what stands before it: they are read in their order, by themselves.
    .allowUnknownOption()
    .addHelpText('after', conditions);
  onControl(
    command,
    context,
    async (client, _, words) => {
      const { resolve } = await import('node:path');
      const { LOG_LEVELS } = await import('@spoor/tracer/names');
      const { readTriggerArguments, unlimitedSnapshots } = await import('@spoor/trigger');
      const { readProgramPlace } = await import('../record/probe-place.ts');
      const request = readTriggerArguments(words, {
        levels: LOG_LEVELS,
        resolvePath: (path) => resolve(path),
        resolvePlace: (text) => readProgramPlace(text).location,
      });
      const { trigger } = await client.call('add-trigger', request);
      const mi = async () => (await import('../lttng/mi-trigger.ts')).triggerElement(trigger);
      const warnings = unlimitedSnapshots(trigger);
      return { json: { trigger }, text: `Added trigger \`${trigger.name}\`.\n`, warnings, mi };
    },
    {},
  );
};

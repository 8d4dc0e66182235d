import type { RegisterCommand } from '../commands/register-command.ts';
import { noMi, onControl } from './verb.ts';

/** `list-triggers`: what triggers there are, and how they have fared. */
export const registerListTriggers: RegisterCommand = (program, context) => {
  const command = program.command('list-triggers').description('List the triggers and their errors.');
  onControl(
    command,
    context,
    async (client) => {
      const { LOG_LEVELS } = await import('@spoor/tracer/names');
      const { printTrigger } = await import('@spoor/trigger');
      const { triggers, status } = await client.call('list-triggers', {});
      const lines = triggers.flatMap((trigger, index) => printTrigger(trigger, status[index]!, LOG_LEVELS));
      const mi = async () => {
        const { triggerElement } = await import('../lttng/mi-trigger.ts');
        const { element } = await import('../lttng/xml.ts');
        return element(
          'triggers',
          triggers.map((trigger, index) => triggerElement(trigger, status[index]!)),
        );
      };
      return { json: { triggers, status }, text: lines.map((line) => `${line}\n`).join(''), mi };
    },
    { command: 'list-trigger', saysSuccess: false, failed: () => noMi('triggers') },
  );
};

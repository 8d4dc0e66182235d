import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

/** `list-triggers`: what triggers there are, and how they have fared. */
export const registerListTriggers: RegisterCommand = (program, context) => {
  const command = program.command('list-triggers').description('List the triggers and their errors.');
  onControl(command, context, async (client) => {
    const { LOG_LEVELS } = await import('@spoor/tracer/names');
    const { printTrigger } = await import('@spoor/trigger');
    const { triggers, status } = await client.call('list-triggers', {});
    const lines = triggers.flatMap((trigger, index) => printTrigger(trigger, status[index]!, LOG_LEVELS));
    return { json: { triggers, status }, text: lines.map((line) => `${line}\n`).join('') };
  });
};

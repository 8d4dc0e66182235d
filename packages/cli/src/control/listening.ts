import { describeError } from '@spoor/base';
import type { TriggerNotification } from '@spoor/control';
import type { ListenOptions } from './listen.ts';
import { connectToDaemon } from './run-verb.ts';

/**
 * Prints notifications until there were as many as wanted, the reader of standard output leaves, or a signal ends it.
 * @returns the exit status.
 */
export async function listen({ json, sessiond, trigger, count = Infinity }: ListenOptions): Promise<number> {
  try {
    using client = await connectToDaemon(sessiond);
    const notifications = await client.notifications('trigger');
    const end = (): void => void notifications.return?.();
    process.stdout.on('error', end);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
    // Who waits for it knows now that nothing is missed.
    process.stderr.write('spoor: listening\n');
    let left = count;
    for await (const one of notifications) {
      if (one.topic !== 'trigger') continue;
      const { notification } = one;
      if (trigger !== undefined && !trigger.includes(notification.trigger)) continue;
      process.stdout.write(`${json === true ? JSON.stringify(notification) : lineOf(notification)}\n`);
      left -= 1;
      if (left === 0) break;
    }
    return 0;
  } catch (error) {
    process.stderr.write(`spoor: ${describeError(error)}\n`);
    return 1;
  }
}

/** One line for people: when, which, what. */
function lineOf(notification: TriggerNotification): string {
  const { trigger, condition, timeNs, event, captures, measured } = notification;
  const date = new Date(Number(BigInt(timeNs) / 1_000_000n)).toISOString();
  const parts = [
    ...captures.map(({ expression, value }) => `${expression} = ${JSON.stringify(value)}`),
    ...Object.entries(measured).map(([name, value]) => `${name} = ${value}`),
  ];
  const where = event === undefined ? '' : ` ${event.name} (${event.procname} ${event.pid}/${event.tid})`;
  return `[${date}] ${trigger}: ${condition}${where}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

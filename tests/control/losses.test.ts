// Why events were lost is told as a session stops: more room in its rings helps against one of the reasons alone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmittingProgram, withDaemon } from '../support/daemon.ts';
import { spoor } from '../support/spoor.ts';
import { tracerUrl } from '../support/traced.ts';

const programText = `
import { tracepoint } from ${JSON.stringify(tracerUrl)};
import { createInterface } from 'node:readline';
const step = tracepoint('test:step', { n: 'u32' });
const large = tracepoint('test:large', { text: 'string' });
for await (const line of createInterface({ input: process.stdin })) {
  const [word, count] = line.split(' ');
  for (let left = Number(count); left > 0; left -= 1) word === 'large' ? large('x'.repeat(5000)) : step(left);
  console.log(word);
}
`;

test.each(['local', 'snapshot'] as const)(
  'events that are larger than a sub-buffer are told apart from those that found no room (%s)',
  (mode) =>
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const { session } = await client.call('create-session', { name: 's', mode });
      const target = { session: 's', domain: 'user', channel: 'c' } as const;
      const attributes = { subBufferSizeBytes: 4096, subBufferCount: 2 };
      await client.call('enable-channel', { ...target, attributes });
      await client.call('enable-event', { ...target, rule: { kind: 'user-tracepoint', name: 'test:*' } });
      await client.call('start-session', { session: 's' });
      const path = join(daemon.home, 'large.mjs');
      writeFileSync(path, programText);
      const program = new EmittingProgram(path, daemon.environment);
      try {
        await program.tell('step 1');
        await daemon.joined(session.id, program);
        await program.tell('large 3');
        if (mode === 'local') {
          const consumer = daemon.consumerPid(session.id)!;
          process.kill(consumer, 'SIGSTOP');
          await program.tell('step 10000');
          process.kill(consumer, 'SIGCONT');
        }
        const stopped = spoor(['stop', 's'], { env: daemon.environment });
        expect(stopped.status, stopped.stderr).toBe(0);
        const reasons = stopped.stdout.split('\n').filter((line) => line.startsWith('Warning: '));
        const room = /^Warning: (\d+) events were discarded, because no sub-buffer had room; larger or more/;
        const size =
          'Warning: 3 events were discarded, because they are larger than a sub-buffer; larger ones';
        expect(reasons).toHaveLength(mode === 'local' ? 2 : 1);
        expect(reasons.at(-1)).toContain(size);
        if (mode === 'local') expect(reasons[0]).toMatch(room);
        const { losses } = await client.call('destroy-session', { session: 's' });
        expect(losses.causes).toEqual({ tooLargeCount: 3 });
        expect(losses.discardedCount).toBe(3 + Number(room.exec(reasons[0]!)?.[1] ?? 0));
      } finally {
        await program.kill();
      }
    })(),
);

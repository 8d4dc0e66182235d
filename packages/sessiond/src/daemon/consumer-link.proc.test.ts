// The daemon's end of its connection to a consumer that cannot be had.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type * as Links from './consumer-link.ts';

/** As it is built, for the consumer is. */
const { ConsumerLink } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../dist/daemon/consumer-link.js')).href
)) as typeof Links;

const folder = mkdtempSync(join(tmpdir(), 'spoor-link-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a consumer that cannot be started is told of, with what it ended with and what to do', async () => {
  // The kernel has no addresses of sockets that are longer than 107 bytes.
  const link = new ConsumerLink(join(folder, 'long'.repeat(40), 'consumer.sock'), () => undefined);
  await expect(link.call('attach', { session: 'none', keeping: {} as never })).rejects.toMatchObject({
    code: 'control/consumer',
    message: 'the consumer cannot be started',
    hint: expect.stringMatching(
      /^it ended with status \d+: `spoor doctor` .* shows what the consumer says$/,
    ) as string,
  });
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineServer } from './line-server.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-lines-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('who asks and reads no answers is not heard further until they do, and gets all of them', async () => {
  const path = join(root, 'socket');
  const asked = 1000;
  const answer = { text: 'x'.repeat(64 * 1024) };
  const seen = { count: 0 };
  let mostUnreadBytes = 0;
  const server = await LineServer.listen(
    path,
    { mode: 0o600 },
    {
      receive(peer) {
        seen.count += 1;
        peer.send(answer);
        mostUnreadBytes = Math.max(mostUnreadBytes, peer.unreadBytes);
      },
      closed: () => undefined,
    },
  );
  const client = connect(path);
  try {
    await once(client, 'connect');
    for (let n = 0; n < asked; n += 1) client.write(`${'?'.repeat(2000)}\n`);
    const heardBefore: number[] = [];
    do {
      heardBefore.push(seen.count);
      for (let turns = 0; turns < 100; turns += 1) await turn();
    } while (seen.count === 0 || heardBefore.at(-1) !== seen.count);
    let answers = 0;
    client.on('data', (bytes: Buffer) => {
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) answers += 1;
      if (answers === asked) client.end();
    });
    await once(client, 'close');
    expect([seen.count, answers]).toEqual([asked, asked]);
    // What came in one piece is answered whole.
    expect(mostUnreadBytes).toBeLessThan(8 * 1024 * 1024);
  } finally {
    client.destroy();
    server.close();
  }
});

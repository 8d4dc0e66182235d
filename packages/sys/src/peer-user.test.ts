import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peerUser } from './index.ts';

test('the user at the other end of a Unix socket is known, as long as it is open', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-peer-'));
  const server = createServer().listen(join(folder, 's'));
  try {
    await once(server, 'listening');
    const client = connect(join(folder, 's'));
    const [accepted] = (await once(server, 'connection')) as [Socket];
    expect(peerUser(accepted)).toEqual({ uid: process.getuid!(), gid: process.getgid!() });
    client.destroy();
    accepted.destroy();
    expect(peerUser(accepted)).toBeUndefined();
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

// Files of the kernel's trace end with a whole packet where the disk is full.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PacketFile } from '../../packages/kernel/src/transcode/packet-file.node.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

const headerBytes = 16;
const entryBytes = 72;

// Root may mount; so may who has tracefs.
describeNeeding([tracefs()], 'a full disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-full-'));
  const small = join(folder, 'small');
  beforeAll(() => {
    mkdirSync(small);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', small]).status).toBe(0);
    mkdirSync(join(small, 'index'));
  });
  afterAll(() => {
    spawnSync('umount', ['--lazy', small]);
    removeTree(folder);
  });

  test('leaves whole packets and what the index tells of them', () => {
    const file = new PacketFile(small, 'stream');
    const packet = new Uint8Array(30_000);
    const facts = {
      sizeBytes: packet.length,
      contentBits: packet.length * 8,
      beginTicks: 1n,
      endTicks: 2n,
      discardedEvents: 0n,
      streamId: 0n,
      streamInstanceId: 0n,
      sequenceNumber: 0n,
    };
    let count = 0;
    expect(() => {
      for (; count < 100; count++) file.append(packet, packet.length, facts);
    }).toThrow(expect.objectContaining({ code: 'output/failed' }));
    expect(count).toBeGreaterThan(0);
    expect(file.sizeBytes).toBe(count * packet.length);
    expect(statSync(join(small, 'stream')).size).toBe(count * packet.length);
    expect(statSync(join(small, 'index/stream.idx')).size).toBe(headerBytes + count * entryBytes);
    // What is smaller still finds room behind them.
    file.append(packet, 100, { ...facts, sizeBytes: 100, contentBits: 800 });
    file.close();
    expect(statSync(join(small, 'stream')).size).toBe(count * packet.length + 100);
  });
});

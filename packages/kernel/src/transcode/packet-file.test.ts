import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { factsOfSize } from '../testing/packet-facts.ts';
import { PacketFile } from './packet-file.node.ts';

afterEach(() => vi.useRealTimers());

test('a file that is removed while it is written refuses packets after a second at most', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-packets-'));
  const directory = join(folder, 'trace');
  mkdirSync(join(directory, 'index'), { recursive: true });
  vi.useFakeTimers({ toFake: ['performance'] });
  const file = new PacketFile(directory, 'channel0_0');
  const append = (): void => file.append(new Uint8Array(64), 64, factsOfSize(64));
  append();
  rmSync(directory, { recursive: true });
  // What is written within the second is not worth a system call a packet.
  append();
  vi.advanceTimersByTime(1000);
  for (let times = 0; times < 2; times += 1) {
    expect(append).toThrow(`${join(directory, 'channel0_0')} was removed while it is recorded`);
  }
  expect(file.sizeBytes).toBe(128);
  file.close();
  rmSync(folder, { recursive: true });
});

import { getPriority } from 'node:os';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { favoured } from './favoured-thread.node.ts';

const priority = (): number => getPriority(Number(readlinkSync('/proc/thread-self').split('/')[2]));

test.skipIf(process.platform !== 'linux')(
  'a thread that goes first goes with the others again after its work',
  () => {
    const before = priority();
    const [first, inner, last] = favoured(() => [priority(), favoured(priority), priority()]);
    // Not everybody may go first.
    expect(first).toBeLessThanOrEqual(before);
    expect([inner, last]).toEqual([first, first]);
    expect(priority()).toBe(before);
    expect(() =>
      favoured(() => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(priority()).toBe(before);
  },
);

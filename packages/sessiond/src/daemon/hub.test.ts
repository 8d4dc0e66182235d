import { linkSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE, RUN_VERSION, SESSION_FILE, type SessionDescription } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { Hub } from './hub.ts';

test('files that replace each other at once have times of their own: programs see each change', () => {
  const folder = mkdtempSync('/dev/shm/spoor-hub-');
  try {
    const hub = new Hub(join(folder, 'run', 'hub'));
    hub.create(1);
    const description: SessionDescription = {
      version: RUN_VERSION,
      name: 's',
      auto: false,
      outputDir: '/nowhere',
      channels: [],
    };
    const kept: string[] = [];
    // Nobody looks at their times meanwhile: a clock of the kernel's newer ones goes on for those who look.
    for (let change = 0; change < 20; change += 1) {
      hub.describe(1, description);
      hub.touch();
      for (const path of [join(hub.path, HUB_FILE), join(hub.sessionPath(1), SESSION_FILE)]) {
        const copy = join(folder, String(kept.length));
        linkSync(path, copy);
        kept.push(copy);
      }
    }
    const times = kept.map((path) => statSync(path).mtimeMs);
    expect(new Set(times).size).toBe(40);
    expect(times.slice(2).every((time, index) => time > times[index]!)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

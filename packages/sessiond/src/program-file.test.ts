import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkProgramFile, isProgramFile } from './program-file.ts';

test('links, pipes, directories and files of absurd sizes are not read', () => {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-program-file-'));
  try {
    const file = join(dir, 'file');
    writeFileSync(file, 'ten bytes.');
    expect(isProgramFile(file, 10)).toBe(true);
    expect(isProgramFile(file, 9)).toBe(false);
    truncateSync(file, 2 ** 40);
    expect(isProgramFile(file, 2 ** 20)).toBe(false);
    symlinkSync('/etc/passwd', join(dir, 'link'));
    expect(isProgramFile(join(dir, 'link'), 2 ** 20)).toBe(false);
    expect(spawnSync('mkfifo', [join(dir, 'pipe')]).status).toBe(0);
    expect(isProgramFile(join(dir, 'pipe'), 2 ** 20)).toBe(false);
    expect(isProgramFile(dir, 2 ** 20)).toBe(false);
    expect(isProgramFile(join(dir, 'none'), 2 ** 20)).toBe(false);
    expect(() => checkProgramFile(join(dir, 'none'), 10)).toThrow('no plain file');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

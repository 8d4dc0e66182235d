import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProgramFile } from './program-file.ts';

test('links, pipes, directories and files of absurd sizes are not read', () => {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-program-file-'));
  try {
    const file = join(dir, 'file');
    writeFileSync(file, 'ten bytes.');
    expect(readProgramFile(file, 10).toString()).toBe('ten bytes.');
    expect(() => readProgramFile(file, 9)).toThrow('no plain file of at most 9 bytes');
    truncateSync(file, 2 ** 40);
    expect(() => readProgramFile(file, 2 ** 20)).toThrow('no plain file');
    symlinkSync('/etc/passwd', join(dir, 'link'));
    expect(() => readProgramFile(join(dir, 'link'), 2 ** 20)).toThrow('cannot be read');
    expect(spawnSync('mkfifo', [join(dir, 'pipe')]).status).toBe(0);
    expect(() => readProgramFile(join(dir, 'pipe'), 2 ** 20)).toThrow('no plain file');
    expect(() => readProgramFile(dir, 2 ** 20)).toThrow('no plain file');
    expect(() => readProgramFile(join(dir, 'none'), 2 ** 20)).toThrow('cannot be read');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeOptionsWithTracer } from './command.ts';

test('the tracer is found below any directory', () => {
  const root = mkdtempSync(join(tmpdir(), 'spoor "odd"\\ päth\' '));
  try {
    const path = join(root, 'tracer.cjs');
    writeFileSync(path, 'process.stdout.write("loaded ")');
    const done = spawnSync(process.execPath, ['-p', '1'], {
      encoding: 'utf8',
      env: { NODE_OPTIONS: nodeOptionsWithTracer(path, '--no-warnings') },
    });
    expect(done).toMatchObject({ status: 0, stdout: 'loaded 1\n', stderr: '' });
  } finally {
    rmSync(root, { recursive: true });
  }
});

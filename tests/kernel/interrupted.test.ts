// Whoever interrupts a recording that is being made ready finds nothing of it in the kernel.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTracefs } from '@spoor/kernel/node';
import { afterAll, expect, test } from 'vitest';
import { patientlyMs, until } from '../support/daemon.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoorProgram } from '../support/spoor.ts';

describeNeeding([tracefs()], 'an interrupted recording of the kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-interrupted-'));
  afterAll(() => removeTree(folder));

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves neither an instance nor a probe behind: %s',
    async (signal) => {
      const trace = join(folder, signal);
      const probe = `elf:${process.execPath}:uv_run`;
      const words = [spoorProgram, 'record', '-k', `--userspace-probe=${probe}`, '-o', trace, '--'];
      const recorder = spawn(process.execPath, [...words, 'sleep', '600'], {
        // Of its own group, as a terminal has it.
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const chunks: Buffer[] = [];
      recorder.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
      const instances = (): string[] =>
        readdirSync(join(findTracefs(), 'instances')).filter((name) => name.includes(`-${recorder.pid}-`));
      await until('the recorder has an instance', () => instances().length > 0);
      process.kill(-recorder.pid!, signal);
      const [status] = (await once(recorder, 'close')) as [number | null];
      expect(status).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(instances()).toEqual([]);
      expect(readFileSync(join(findTracefs(), 'uprobe_events'), 'utf8')).not.toContain(`_${recorder.pid}_`);
      // Nor is there a trace, unless the command has begun meanwhile.
      if (Buffer.concat(chunks).includes('came before')) expect(existsSync(trace)).toBe(false);
    },
    patientlyMs,
  );
});

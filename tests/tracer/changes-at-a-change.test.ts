// A session changes again while a program takes its last change over. The program reads the first change from a pipe: it waits
// there until the second one is made.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE, RUN_VERSION, SESSION_FILE } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { until, withDaemon } from '../support/daemon.ts';
import { describeSession } from '../support/session.ts';

function replace(path: string, text: string): void {
  writeFileSync(`${path}.draft`, text);
  renameSync(`${path}.draft`, path);
}

/** The writing end of a pipe, once somebody reads from it. */
async function openOnceRead(path: string): Promise<number> {
  let pipe = -1;
  await until('the program reads the pipe', () => {
    try {
      pipe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    return pipe !== -1;
  });
  return pipe;
}

test(
  'a program follows what becomes of a session while it hands over its events for the change before',
  withDaemon(async (daemon) => {
    const session = join(daemon.hub, 'sessions', '1');
    const announce = (): void =>
      replace(join(daemon.hub, HUB_FILE), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
    const { channels, ...rest } = describeSession('/nowhere', { auto: false });
    const recording = (revision: number): string => JSON.stringify({ ...rest, channels, revision });
    const stopped = channels.map((channel) => ({ ...channel, rules: [] }));

    mkdirSync(session, { recursive: true });
    writeFileSync(join(session, SESSION_FILE), recording(1));
    announce();
    const program = await daemon.program();
    await program.tell('emit 10');
    await daemon.joined(1, program);

    const pipe = join(session, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    renameSync(pipe, join(session, SESSION_FILE));
    announce();
    const first = await openOnceRead(join(session, SESSION_FILE));
    replace(join(session, SESSION_FILE), recording(3));
    announce();
    writeFileSync(first, JSON.stringify({ ...rest, channels: stopped, revision: 2 }));
    closeSync(first);
    await daemon.joined(1, program);
  }),
);

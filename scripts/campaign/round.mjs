// A round of the campaign: its dice, its directories, its programs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patienceMs, read } from './evidence.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const spoorProgram = join(root, 'packages/cli/bin/spoor.cjs');
/** What loads the tracer before a program. */
export const registerPath = join(root, 'packages/tracer/dist/register.js');
/** Emits events that say what they are, until it is killed. */
export const checkedProgram = join(root, 'tests/record/checked.mjs');

/** Random numbers from 0 to 1 that come again with seed and round. */
function randomOf(seed, round) {
  let drawn = 0;
  return () => {
    drawn += 1;
    const hash = createHash('sha256').update(`${seed}/${round}/${drawn}`).digest();
    return hash.readUInt32LE(0) / 2 ** 32;
  };
}

export class Round {
  constructor(seed, number) {
    this.random = randomOf(seed, number);
    this.folder = mkdtempSync(join(tmpdir(), 'spoor-campaign-'));
    this.runDir = mkdtempSync('/dev/shm/spoor-campaign-');
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  shuffled(list) {
    return list
      .map((item) => [this.random(), item])
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }

  pause(mostMs) {
    return sleep(this.random() * mostMs);
  }

  spoor(...args) {
    const done = spawnSync(process.execPath, [spoorProgram, ...args], {
      encoding: 'utf8',
      env: this.environment,
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    return { status: done.status, stderr: done.stderr };
  }

  /** How many events a thread has committed. */
  progressOf(thread) {
    const bytes = read(join(this.folder, `progress-${thread}`));
    return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
    rmSync(this.runDir, { recursive: true, force: true, maxRetries: 20 });
  }
}

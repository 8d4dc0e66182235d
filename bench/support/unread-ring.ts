// A program's side alone: it records into a ring that nobody reads, LTTng's programs as well as ours.
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runUnderLttng, type LttngSession } from '../../tests/support/lttng.ts';
import type { Need } from '../../tests/support/needs.ts';
import { describeSession, type TestSettings } from '../../tests/support/session.ts';
import type { Sample } from '../harness.ts';

/** The rings of both sides. */
export const ringGeometry = { subBufferSizeBytes: 256 * 1024, subBufferCount: 16 } as const;

/** Runs a program with the environment that has it record; the ring is overwritten unless the settings say otherwise. */
export async function withUnreadRing<Result>(
  settings: TestSettings,
  run: (env: Readonly<Record<string, string>>) => Promise<Result> | Result,
): Promise<Result> {
  const folder = mkdtempSync('/dev/shm/spoor-bench-');
  try {
    const session = describeSession('/nowhere', { mode: 'overwrite', ...ringGeometry, ...settings });
    writeFileSync(join(folder, SESSION_FILE), JSON.stringify(session));
    return await run({ [SESSION_VARIABLE]: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a command that LTTng records and that prints its figures as JSON. */
export async function runUnreadUst(
  session: Omit<LttngSession, 'dir'>,
  command: readonly string[],
): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-ust-'));
  try {
    const { stdout } = await runUnderLttng({ ...ringGeometry, ...session, dir: join(folder, 'trace') }, [
      command,
    ]);
    return JSON.parse(stdout) as Sample;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws Error when the machine lacks what the benchmark compares with. */
export function requirePeer(needs: readonly Need[]): void {
  const lacks = needs.filter((need) => !need.met).map(({ lack }) => lack);
  if (lacks.length > 0) throw new Error(`this benchmark needs its peer: ${lacks.join('; ')}`);
}

// What a suite needs from the machine beyond npm: a suite that lacks it is skipped under a name that says so,
// or fails when SPOOR_REQUIRE lists its group (CI does).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';

/** Groups that SPOOR_REQUIRE may name, separated by commas; `all` names every one. */
export type NeedGroup = 'interop' | 'e2e' | 'corpus' | 'root';

/** One thing that may be absent. */
export interface Need {
  readonly group: NeedGroup;
  /** What is missing, and where it comes from. */
  readonly lack: string;
  readonly met: boolean;
}

/** The checkout's root. */
export const repoRoot: string = join(import.meta.dirname, '..', '..');
/** The folder of shared notes and corpora beside the checkout; may be absent. */
export const sharedRoot: string = join(repoRoot, '..', 'shared');

function onPath(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** A command that must be on the PATH. */
export function command(name: string, group: NeedGroup = 'interop'): Need {
  return { group, lack: `no ${name} (scripts/install-peers.sh)`, met: onPath(name) };
}

/** Being root: needed for mount namespaces and the kernel's tracefs. */
export function root(): Need {
  return { group: 'root', lack: 'not root', met: process.getuid?.() === 0 };
}

/** A trace archive of the shared corpus. */
export function corpus(archive: string): Need {
  const path = join(sharedRoot, 'corpus', archive);
  return { group: 'corpus', lack: `no ../shared/corpus/${archive}`, met: existsSync(path) };
}

/** Debian's Chromium. */
export function chromium(): Need {
  return { ...command('chromium', 'e2e') };
}

const required = new Set((process.env['SPOOR_REQUIRE'] ?? '').split(',').filter(Boolean));

/** `describe` for a suite with needs: see the head of this file. */
export function describeNeeding(needs: readonly Need[], name: string, suite: () => void): void {
  const missing = needs.filter((need) => !need.met);
  if (missing.length === 0) {
    describe(name, suite);
    return;
  }
  const lack = missing.map((need) => need.lack).join('; ');
  if (missing.some((need) => required.has(need.group) || required.has('all'))) {
    describe(name, () => {
      test('has what it needs', () => {
        throw new Error(`required by SPOOR_REQUIRE, but: ${lack}`);
      });
    });
    return;
  }
  describe.skipIf(true)(`${name} [${lack}]`, suite);
}

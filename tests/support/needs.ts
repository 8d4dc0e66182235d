// What a suite needs from the machine beyond npm: a suite that lacks it is skipped under a name that says so,
// or fails when SPOOR_REQUIRE lists its group (CI does).
import { describe, test } from 'vitest';
import type { Need } from './machine.ts';

export {
  type Need,
  type NeedGroup,
  bpftrace,
  chromium,
  command,
  corpus,
  otherUsers,
  otherUsersRun,
  repoRoot,
  root,
  sharedRoot,
  tracefs,
} from './machine.ts';

/** What becomes of a suite. */
export type SuiteFate = { readonly kind: 'run' } | { readonly kind: 'skip' | 'fail'; readonly lack: string };

/**
 * Decides over a suite.
 * @param required the value of SPOOR_REQUIRE.
 */
export function suiteFate(needs: readonly Need[], required: string): SuiteFate {
  const missing = needs.filter((need) => !need.met);
  if (missing.length === 0) return { kind: 'run' };
  const groups = new Set(required.split(',').map((word) => word.trim()));
  const fails = missing.some((need) => groups.has(need.group) || groups.has('all'));
  return { kind: fails ? 'fail' : 'skip', lack: missing.map((need) => need.lack).join('; ') };
}

/** `describe` for a suite with needs: see the head of this file. */
export function describeNeeding(needs: readonly Need[], name: string, suite: () => void): void {
  const fate = suiteFate(needs, process.env['SPOOR_REQUIRE'] ?? '');
  switch (fate.kind) {
    case 'run':
      describe(name, suite);
      return;
    case 'fail':
      describe(name, () => {
        test('has what it needs', () => {
          throw new Error(`required by SPOOR_REQUIRE, but: ${fate.lack}`);
        });
      });
      return;
    case 'skip':
      // Not even the suite's body is run: to list its tests it may read what is missing.
      describe.skip(`${name} [${fate.lack}]`, () => {
        test('has what it needs', () => {});
      });
      return;
    default:
      fate satisfies never;
  }
}

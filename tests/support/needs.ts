// What a suite needs from the machine beyond npm: a suite that lacks it is skipped under a name that says so,
// or fails when SPOOR_REQUIRE lists its group (CI does).
import { describe, test } from 'vitest';
import type { Need } from './machine.ts';

export {
  type Need,
  type NeedGroup,
  chromium,
  command,
  corpus,
  repoRoot,
  root,
  sharedRoot,
} from './machine.ts';

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

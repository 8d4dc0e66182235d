/** Why events of a session were lost, where it was not for want of room in a ring. */
import type { LossCauses } from '@spoor/control';

const members = ['tooLargeCount', 'ringlessCount', 'unwrittenCount'] as const;

/** The sums of all, as a member of counts; none where nothing was lost so. */
export function withCauses(all: readonly (LossCauses | undefined)[]): { readonly causes?: LossCauses } {
  const sums = members.flatMap((member) => {
    const sum = all.reduce((total, causes) => total + (causes?.[member] ?? 0), 0);
    return sum === 0 ? [] : [[member, sum] as const];
  });
  return sums.length === 0 ? {} : { causes: Object.fromEntries(sums) };
}

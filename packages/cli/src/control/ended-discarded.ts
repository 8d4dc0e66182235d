import type { Channel, SessionUsage } from '@spoor/control';

/** Events of a channel that were discarded in rings that are over. The kernel's rings are not, while the session is. */
export function endedDiscardedOf({ domain, name }: Channel, { endedDiscarded }: SessionUsage): number {
  return domain === 'user' && Object.hasOwn(endedDiscarded, name) ? endedDiscarded[name]! : 0;
}

// A trigger does as it is told: who is about to have it fill a disk is warned, not refused.
import type { Condition, Trigger } from '@spoor/control';

/** Conditions that are met as often as a program, or the kernel, has it so. */
const oftenMet: Readonly<Record<Condition['kind'], boolean>> = {
  'event-rule-matches': true,
  'span-duration': true,
  'event-rate': true,
  'event-silence': true,
  'channel-buffer-usage': true,
  'session-consumed-size': false,
  'session-rotation-starts': false,
  'session-rotation-finishes': false,
};

/** One line for each session of which the trigger may take any number of snapshots. */
export function unlimitedSnapshots({ name, condition, actions }: Trigger): readonly string[] {
  if (!oftenMet[condition.kind]) return [];
  const sessions = actions.flatMap((action) =>
    action.kind === 'snapshot-session' && action.ratePolicy === undefined ? [action.session] : [],
  );
  return [...new Set(sessions)].map(
    (session) =>
      `trigger \`${name}\` takes a snapshot of session ${session} each time, as long as the disk has room; --rate-policy=at-most:1/60s behind the action takes one a minute`,
  );
}

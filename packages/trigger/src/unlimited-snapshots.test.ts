import { expect, test } from 'vitest';
import { readTriggerArguments } from './trigger-arguments.ts';
import { unlimitedSnapshots } from './unlimited-snapshots.ts';

/** Of which sessions a trigger with such a condition and such actions may take any number of snapshots. */
function warned(condition: string, actions: string): readonly string[] {
  const request = readTriggerArguments([...condition.split(' '), ...actions.split(' ')], {
    levels: {},
    resolvePath: (path) => path,
    resolvePlace: (place) => place,
  });
  return unlimitedSnapshots({ name: 't', ownerUid: 0, ...request }).map(
    (line) => /session (\S+) each time/.exec(line)?.[1] ?? line,
  );
}

const event = '--condition=event-rule-matches --type=user --name=shop:*';

test('snapshots without a rate policy are warned of, a session once', () => {
  const often = '--action=snapshot-session a --action=notify --action=snapshot-session b --max-size=1M';
  expect(warned(event, often)).toEqual(['a', 'b']);
  expect(warned(event, '--action=snapshot-session a --action=snapshot-session a --path=/x')).toEqual(['a']);
  const full = '--condition=channel-buffer-usage-ge --session=a --channel=c --threshold-ratio=0.9';
  expect(warned(full, '--action=snapshot-session a')).toEqual(['a']);
});

test('those that have one are not, nor what else triggers do, nor what seldom is so', () => {
  const limited = '--action=snapshot-session a --rate-policy=every:1000 --action=notify';
  expect(warned(event, limited)).toEqual([]);
  expect(warned(event, '--action=rotate-session a --action=exec true')).toEqual([]);
  const written = '--condition=session-consumed-size-ge --session=b --threshold-size=1G';
  expect(warned(written, '--action=snapshot-session a')).toEqual([]);
});

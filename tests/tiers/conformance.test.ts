// One program, and the same text of its trace, by the real babeltrace2, on every release of Node.js and by every way
// that there is to record it. The expected text is tests/tiers/conformance.txt.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { nodeReleases, otherNodes, ownNode, type NodeRelease } from '../support/node-versions.ts';
import { RecordingPlace, readByPeer, summaryOf, textOfPeer } from '../support/recording.ts';
import { tiersOf } from './tiers.ts';

const program = join(repoRoot, 'tests/tiers/conformance.mjs');
const expected = readFileSync(join(repoRoot, 'tests/tiers/conformance.txt'), 'utf8').trimEnd().split('\n');

/** Two channels: a flight recorder of everything else, and a blocking one with a context, rules and filters. */
const channels = [
  ...'--channel rest --overwrite -t procname -e * -x levels:*'.split(' '),
  ...'--channel picked --blocking-timeout inf -t $app.tiers:cart -e levels:* --loglevel info'.split(' '),
  '-f',
  'n > 2 && n % 2 == 1 && text == "text*" || $app.tiers:cart == "full"',
];

/** Events as babeltrace2 prints them, without times, host and process; threads are numbered as they come. */
function eventLines(text: string): string[] {
  const threads = new Map<string, number>();
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/^.*?\) (?:\S+ )?(?=\w+:\w+: )/, '')
        .replace(/\{ cpu_id = \d+, vtid = (\d+) \}/, (_, thread: string) => {
          if (!threads.has(thread)) threads.set(thread, threads.size);
          return `thread ${threads.get(thread)}`;
        }),
    );
}

function suite(release: NodeRelease): void {
  test.each(tiersOf(release).map((tier) => [tier.name, tier] as const))('by way of %s', (_, tier) => {
    using place = new RecordingPlace();
    const snapshots = join(place.root, 'snapshot');
    const node = [release.path, '--no-warnings', ...tier.nodeArgs, program, snapshots];
    const done = place.record(['--no-auto', ...channels, '--', ...node], tier.environment);
    expect(done.status, done.stderr).toBe(0);
    const lines = eventLines(textOfPeer(place.traceDir));
    expect(lines).toEqual(expected);
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: expected.length, stderr: '' });
    const recorded = { eventCount: expected.length, lostCount: 0, processCount: 1 };
    expect(summaryOf(done.stderr)).toMatchObject(recorded);
    expect(done.stderr).toContain('tiers:hits = 9.5\n');
    if (tier.note === undefined) expect(done.stderr).not.toContain('note:');
    else expect(done.stderr).toMatch(tier.note);
    // The snapshot that the program took of itself has all but what came after, and perhaps not what the recorder had
    // taken over of threads that had ended.
    const isOfMain = (line: string): boolean => line.includes(': thread 0, ');
    expect(done.stdout).toMatch(/^snapshot of \d+ events, hits 5\n$/);
    const taken = eventLines(textOfPeer(snapshots)).filter(isOfMain);
    expect(taken).toEqual(expected.filter(isOfMain).slice(0, -1));
  });
}

const hasOwn = nodeReleases.some(({ major }) => major === ownNode.major);

describeNeeding([command('babeltrace2'), otherNodes()], 'a trace is the same', () => {
  for (const release of nodeReleases) {
    describe(`on Node.js ${release.major}`, () => suite(release));
  }
});

if (!hasOwn) {
  describeNeeding([command('babeltrace2')], `a trace is the same on Node.js ${ownNode.major}`, () => {
    suite(ownNode);
  });
}

// Messages of a part of a trace beside the real babeltrace2: what `--begin` and `--end` make of beginnings, ends and
// losses, in `sink.text.details` and in the counts of `sink.utils.counter`.
import { expect, test } from 'vitest';
import { openTrace } from '@spoor/components/node';
import { corpusNeeds, corpusTrace, type CorpusFamily } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';

function secondsText(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

/** Times of the events that lie so far into a trace. */
function timesAt(path: string, ...shares: readonly number[]): readonly bigint[] {
  const set = openTrace(path);
  const times = [...set.events()].map(({ timeNs }) => set.baseNs + BigInt(timeNs));
  return shares.map((share) => times[Math.floor(share * (times.length - 1))]!);
}

/**
 * One message a line. babeltrace2 cuts streams in the order of a hash table of addresses, which differs from run to
 * run: lines of the cut are sorted.
 */
function comparable(text: string): string {
  const lines = text.split('\n');
  const cut = (line: string): boolean => /\} (?:Stream|Packet) (?:beginning|end)$/.test(line);
  const sorted: string[] = [];
  let run: string[] = [];
  for (const line of lines) {
    if (cut(line)) {
      run.push(line);
      continue;
    }
    sorted.push(...run.sort(), line);
    run = [];
  }
  return [...sorted, ...run.sort()].join('\n');
}

const compact = ['-c', 'sink.text.details', '-p', 'compact=yes,with-metadata=no'];

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'tracecompass')],
  'messages of a time range',
  () => {
    // Several streams, lost packets, lost events, packets that end before their events, an empty packet.
    const traces = [
      'babeltrace-tests 1/intersection/3eventsintersectreverse',
      'babeltrace-tests 1/packet-seq-num/7-lost-between-2-with-index',
      'babeltrace-tests 1/succeed/lf-metadata',
      'babeltrace-tests 1/succeed/lttng-crash',
      'babeltrace-tests 1/succeed/lttng-event-after-packet',
      'babeltrace-tests 1/succeed/multi-domains/kernel',
      'tracecompass bandwidth_issue',
      'tracecompass debuginfo-test-app3',
    ].map((line) => line.split(' ') as [CorpusFamily, string]);
    test.each(traces)('of %s/%s', (family, trace) => {
      const path = corpusTrace({ family, trace });
      const [early = 0n, middle = 0n, late = 0n] = timesAt(path, 0.2, 0.5, 0.8);
      const ranges = [
        ['--begin', secondsText(middle)],
        ['--end', secondsText(middle)],
        ['--begin', secondsText(early), '--end', secondsText(late)],
        ['--begin', '4000000000'],
      ];
      for (const range of ranges) {
        const args = [...compact, ...range, path];
        const theirs = babeltrace2(args);
        expect(theirs.status, theirs.stderr).toBe(0);
        const ours = spoor(args);
        expectSameText(comparable(ours.stdout), comparable(theirs.stdout), `spoor ${args.join(' ')}`);
        const counts = ['-c', 'sink.utils.counter', '-p', 'step=+0', ...range, path];
        expect(spoor(counts).stdout).toBe(babeltrace2(counts).stdout);
      }
    });

    test.each(['step=+1', 'step=+7,hide-zero=yes', 'step=+100', 'step=+0', 'step=+16050', ''])(
      'counts with %j',
      (parameters) => {
        const trace = 'exp/testTrace-21482-20140324-160700';
        const path = corpusTrace({ family: 'tracecompass', trace });
        const args = ['-c', 'sink.utils.counter', ...(parameters === '' ? [] : ['-p', parameters])];
        for (const range of [[], ['--end', secondsText(timesAt(path, 0.4)[0]!)]]) {
          expectSameText(
            spoor([...args, ...range, path]).stdout,
            babeltrace2([...args, ...range, path]).stdout,
            `${args.join(' ')} ${range.join(' ')}`,
          );
        }
      },
    );

    test('details leave out what a filter does not want, and nothing else', () => {
      const path = corpusTrace({ family: 'tracecompass', trace: 'debuginfo-test-app3' });
      const all = spoor([...compact, path]).stdout.split('\n');
      const some = spoor([...compact, '--event', 'lttng_ust_statedump:*', path]).stdout.split('\n');
      const wanted = all.filter(
        (line) => !line.includes('Event `') || line.includes('`lttng_ust_statedump:'),
      );
      expect(some.length).toBeLessThan(all.length);
      expect(some).toEqual(wanted);
    });
  },
);

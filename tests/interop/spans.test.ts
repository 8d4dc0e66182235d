// `filter.utils.spans` on a real kernel trace: beside pairs that are found in babeltrace2's text, and through all sinks,
// of which what `sink.ctf.fs` writes is read by babeltrace2.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { corpusNeeds, corpusTrace } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-spans-'));
afterAll(() => removeTree(scratch));

interface Irq {
  readonly cpu: number;
  readonly irq: number;
  readonly begin: bigint;
  readonly end: bigint;
}

function nanoseconds(text: string): bigint {
  const [seconds = '', fraction = ''] = text.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction);
}

/** Pairs of interrupt entries and exits in babeltrace2's text. */
function irqsOfText(text: string): readonly Irq[] {
  const open = new Map<string, bigint>();
  const found: Irq[] = [];
  for (const line of text.split('\n')) {
    const match = /^\[([\d.]+)\].* irq_handler_(entry|exit): \{ cpu_id = (\d+) \}, \{ irq = (\d+)/.exec(line);
    if (match === null) continue;
    const [, time = '', kind, cpu = '', irq = ''] = match;
    const key = `${cpu} ${irq}`;
    const begin = open.get(key);
    if (kind === 'entry') open.set(key, nanoseconds(time));
    else if (begin !== undefined) {
      open.delete(key);
      found.push({ cpu: Number(cpu), irq: Number(irq), begin, end: nanoseconds(time) });
    }
  }
  return found;
}

describeNeeding([command('babeltrace2'), ...corpusNeeds('tracecompass')], 'spans', () => {
  const kernel = (): string => corpusTrace({ family: 'tracecompass', trace: 'bug446190' });
  const irqs = ['-c', 'filter.utils.spans', '-p', 'presets=["irqs"],finished-only=yes'];

  test('of interrupts are those that the text shows', () => {
    const theirs = babeltrace2(['--clock-seconds', '--no-delta', kernel()]);
    const expected = irqsOfText(theirs.stdout);
    expect(expected.length).toBeGreaterThan(100);
    const ours = spoor([...irqs, '-o', 'json', kernel()]);
    const lines = ours.stdout.trimEnd().split('\n');
    const spans = lines.map((line): Irq => {
      const { payload, timeNs } = JSON.parse(line) as {
        payload: Record<string, string | number>;
        timeNs: string;
      };
      return {
        cpu: Number(payload['cpu_id']),
        irq: Number(payload['irq']),
        begin: BigInt(payload['begin_ns']!),
        end: BigInt(timeNs),
      };
    });
    expect(spans).toEqual(expected);
  });

  test('go through every sink, and babeltrace2 reads them', () => {
    const all = ['-c', 'filter.utils.spans', '-p', 'presets=["irqs", "syscalls", "softirqs", "block"]'];
    const text = spoor([...all, '--no-delta', kernel()]).stdout;
    const count = text.split('\n').length - 1;
    expect(count).toBeGreaterThan(500);
    expect(spoor([...all, '-o', 'csv', kernel()]).stdout.split('\n')).toHaveLength(count + 2);
    expect(spoor([...all, '-o', 'json', kernel()]).stdout.split('\n')).toHaveLength(count + 1);
    expect(spoor([...all, '-c', 'sink.utils.counter', '-p', 'step=+0', kernel()]).stdout).toContain(
      `${count} Event messages`,
    );
    expect(spoor([...all, '-o', 'details', kernel()]).stdout.match(/^Event `/gm)).toHaveLength(count);
    const output = join(scratch, 'spans');
    expect(spoor([...all, '-o', 'ctf', '-w', output, kernel()]).status).toBe(0);
    const read = babeltrace2(['--no-delta', output]);
    expect(read.status, read.stderr).toBe(0);
    expectSameText(read.stdout, text, 'spans as babeltrace2 reads them');
  });

  test('stand beside the events that they are of, in one trace each', () => {
    const output = join(scratch, 'kept');
    const kept = ['-c', 'filter.utils.spans', '-p', 'presets=["irqs"],keep=yes,finished-only=yes'];
    expect(spoor([...kept, '-o', 'ctf', '-w', output, kernel()]).status).toBe(0);
    const read = babeltrace2(['--no-delta', output]).stdout.split('\n');
    const plain = spoor(['--no-delta', kernel()]).stdout.split('\n');
    const spans = spoor([...irqs, '--no-delta', kernel()]).stdout.split('\n');
    expect(read.length - 1).toBe(plain.length - 1 + spans.length - 1);
    const isSpan = / irq: \{ span = /;
    expect(read.filter((line) => isSpan.test(line))).toEqual(spans.filter((line) => line !== ''));
    expect(
      spoor([...kept, '--no-delta', kernel()])
        .stdout.split('\n')
        .filter((line) => !isSpan.test(line)),
    ).toEqual(plain);
  });
});

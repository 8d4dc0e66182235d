// The tests' own LTTng runner: what it records is whole, two runs do not disturb each other, nothing stays behind.
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { babeltrace2, lttngNeeds, recordUst, runUnderLttng } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

describeNeeding([...lttngNeeds(), command('babeltrace2')], 'private LTTng sessions', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-lttng-'));
  afterAll(() => removeTree(scratch));

  // Everything started from here on carries this in its environment.
  process.env['SPOOR_TEST_MARK'] = scratch;
  const marked = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`SPOOR_TEST_MARK=${scratch}`);
      } catch {
        return false; // ended meanwhile
      }
    });

  test('two at once record every event each and leave no daemon', async () => {
    const [first, second] = await Promise.all([
      recordUst({ dir: join(scratch, 'a'), events: 20_000, contexts: ['vtid'] }),
      recordUst({ dir: join(scratch, 'b'), events: 10_000, buffers: 'pid', runs: 2 }),
    ]);
    expect([first.emitted, second.emitted]).toEqual([20_000, 20_000]);
    for (const { dir } of [first, second]) {
      const read = babeltrace2([dir]);
      expect(read.status).toBe(0);
      expect(read.stderr).toBe('');
      expect(read.stdout.split('\n').length - 1).toBe(20_000);
    }
    expect(marked()).toEqual([]);
  });

  test('a snapshot holds the last events', async () => {
    const dir = join(scratch, 'snapshot');
    await recordUst({ dir, events: 200_000, mode: 'snapshot', subBufferSizeBytes: 65536, subBufferCount: 4 });
    const read = babeltrace2([dir]);
    expect(read.status).toBe(0);
    const count = read.stdout.split('\n').length - 1;
    expect(count).toBeGreaterThan(1000);
    expect(count).toBeLessThan(200_000);
  });

  test('a failing command ends the run with an error', async () => {
    await expect(runUnderLttng({ dir: join(scratch, 'c') }, [['false']])).rejects.toThrow('status 1');
  });
});

import type { Channel, ChannelUsage, Session } from '@spoor/control';
import { CHANNEL_DEFAULTS } from '@spoor/control';
import { describe, expect, test } from 'vitest';
import { adviceText, adviseOn } from './advice.ts';
import { countText, sortedRows, tableText } from './top-table.ts';
import { type SessionLook, UsageHistory } from './usage-history.ts';

const channel = (name: string, part: Partial<Channel>): Channel => ({
  ...CHANNEL_DEFAULTS.user,
  name,
  domain: 'user',
  isEnabled: true,
  contexts: [],
  rules: [],
  ...part,
});

const session = (name: string, mode: Session['mode'], channels: readonly Channel[]): Session => ({
  name,
  id: 1,
  ownerUid: 0,
  mode,
  isActive: true,
  hasStarted: true,
  createdMs: 0,
  automaticEvents: true,
  channels,
  snapshotOutputs: [],
  snapshotCount: 0,
  rotation: {},
  chunkId: 0,
  trackers: { kernel: [], user: [] },
});

function look(of: Session, seconds: number, rows: readonly Partial<ChannelUsage>[]): SessionLook {
  return {
    session: of,
    usage: {
      session: of.name,
      timeNs: String(BigInt(Math.round(seconds * 1000)) * 1_000_000n),
      channels: rows.map((row, index) => ({
        domain: 'user' as const,
        channel: of.channels[0]!.name,
        pid: 100 + index,
        procname: 'node',
        ringCount: 1,
        capacityBytes: of.channels[0]!.subBufferCount * of.channels[0]!.subBufferSizeBytes,
        usedBytes: 0,
        producedBytes: 0,
        eventCount: 0,
        discardedCount: 0,
        ...row,
      })),
      counters: {},
      endedDiscarded: {},
      processCount: rows.length,
      writtenBytes: 0,
      losses: { eventCount: 0, discardedCount: 0, overwrittenCount: 0 },
      troubles: [],
    },
  };
}

const web = session('web', 'local', [channel('ch', { subBufferSizeBytes: 4096, subBufferCount: 2 })]);

describe('rates', () => {
  test('are those between two looks; peaks stay', () => {
    const history = new UsageHistory();
    const first = history.add([look(web, 1, [{ eventCount: 100, producedBytes: 4096 }])], 1000).rows[0]!;
    expect([first.eventsPerSecond, first.bytesPerSecond]).toEqual([0, 0]);
    const busy = { eventCount: 1100, producedBytes: 204_096, discardedCount: 500, usedBytes: 8192 };
    const second = history.add([look(web, 1.5, [busy])], 1500).rows[0]!;
    expect(second).toMatchObject({
      eventsPerSecond: 2000,
      bytesPerSecond: 400_000,
      lostPerSecond: 1000,
      peakDemandBytesPerSecond: 600_000,
      usedRatio: 1,
    });
    const third = history.add([look(web, 2.5, [{ ...busy, usedBytes: 0 }])], 2500).rows[0]!;
    expect(third).toMatchObject({
      eventsPerSecond: 0,
      usedRatio: 0,
      peakUsedRatio: 1,
      peakBytesPerSecond: 400_000,
    });
  });

  test('of a process whose threads ended are not negative', () => {
    const history = new UsageHistory();
    history.add([look(web, 1, [{ eventCount: 500 }])], 0);
    expect(history.add([look(web, 2, [{ eventCount: 20 }])], 0).rows[0]!.eventsPerSecond).toBe(0);
  });
});

describe('advice', () => {
  const after = (of: Session, row: Partial<ChannelUsage>) => {
    const history = new UsageHistory();
    history.add([look(of, 1, [{}])], 0);
    const looks = [look(of, 2, [row])];
    return adviseOn(history.add(looks, 0), looks);
  };

  test('is none while there is room', () => {
    expect(after(web, { eventCount: 10, producedBytes: 4096, usedBytes: 4096 })).toEqual([]);
  });

  test('gives room for what was lost too', () => {
    const [advice] = after(web, { eventCount: 1000, producedBytes: 1_000_000, discardedCount: 3000 });
    // 4 MB a second were wanted: half a second of them, twice.
    expect(advice!.command).toBe('spoor enable-channel ch -s web --subbuf-size 128k --num-subbuf 32');
    expect(adviceText([advice!])).toMatch(
      /^web\/ch: 3000 events were lost at 977 KiB\/s with 2 × 4 KiB a thread\n {4}spoor/,
    );
  });

  test('is no larger size where nothing empties the buffers, as with a full disk', () => {
    const [advice] = after(web, { discardedCount: 3000, usedBytes: 8192 });
    expect(advice).toEqual({
      session: 'web',
      channel: 'ch',
      text: expect.stringMatching(/^3000 events were lost .* larger ones do not help/) as string,
    });
  });

  test('is about the sizes that the channel has now', () => {
    const small = { subBufferSizeBytes: 4096, subBufferCount: 2, discardedCount: 3000 };
    const row = { eventCount: 1000, producedBytes: 1000, discardedCount: 3000, usedBytes: 0 };
    const now = session('web', 'local', [channel('ch', { subBufferSizeBytes: 65_536, subBufferCount: 4 })]);
    const history = new UsageHistory();
    history.add([look(web, 1, [{ ...row, usedBytes: 8192, discardedBySize: [small] }])], 0);
    const looks = [look(now, 2, [{ ...row, discardedBySize: [small] }])];
    const frame = history.add(looks, 0);
    expect(frame.rows[0]).toMatchObject({ lostCount: 3000, lostAtSizeCount: 0, peakUsedRatio: 0 });
    expect(adviseOn(frame, looks)).toEqual([]);
    const larger = { subBufferSizeBytes: 65_536, subBufferCount: 4, discardedCount: 7 };
    const again = [look(now, 3, [{ ...row, discardedCount: 3007, discardedBySize: [small, larger] }])];
    expect(adviseOn(history.add(again, 0), again)[0]!.text).toContain('7 events were lost');
  });

  test('does not take sizes for large enough by which programs that are over lost events', () => {
    const { usage } = look(web, 1, []);
    const looks = [{ session: web, usage: { ...usage, endedDiscarded: { ch: 12 } } }];
    const [advice] = adviseOn(new UsageHistory().add(looks, 0), looks);
    expect(advice!.text).toContain('12 events were lost by threads that are over');
    expect(advice!.command).toBeUndefined();
    const living = [{ session: web, usage: { ...look(web, 2, [{}]).usage, endedDiscarded: { ch: 12 } } }];
    expect(adviseOn(new UsageHistory().add(living, 0), living)).toEqual([]);
  });

  test('tells channels of one name apart by their domain', () => {
    const both = session('s', 'local', [channel('ch', {}), channel('ch', { domain: 'kernel' })]);
    const history = new UsageHistory();
    const kernel = { domain: 'kernel' as const, pid: 0, procname: 'kernel' };
    history.add([look(both, 1, [{}, kernel])], 0);
    const looks = [look(both, 2, [{}, { ...kernel, discardedCount: 5 }])];
    const frame = history.add(looks, 0);
    expect(frame.processCount).toBe(1);
    expect(adviseOn(frame, looks)).toMatchObject([
      { channel: 'ch', command: expect.stringMatching(/^spoor enable-channel -k ch -s s /) as string },
    ]);
  });

  test('says when larger buffers would not help', () => {
    const large = session('s', 'local', [
      channel('ch', { subBufferSizeBytes: 16 * 1024 ** 2, subBufferCount: 4 }),
    ]);
    const [advice] = after(large, { eventCount: 1, producedBytes: 2 ** 32, discardedCount: 5 });
    expect(advice!.command).toBeUndefined();
    expect(advice!.text).toMatch(/record less/);
  });

  test('tells how far back a snapshot reaches', () => {
    const flight = session('f', 'snapshot', [channel('ch', { lossMode: 'overwrite' })]);
    const [advice] = after(flight, { eventCount: 10, producedBytes: 1024 ** 2 });
    expect(advice).toMatchObject({
      heldSeconds: 2,
      text: 'the buffers hold the last 2.0 s; 4 × 512 KiB a thread',
    });
  });
});

describe('the table', () => {
  const history = new UsageHistory();
  const rows = [
    { procname: 'quiet', eventCount: 0 },
    { procname: 'busy', eventCount: 5000, producedBytes: 1e6 },
    { procname: 'los\u001b[2Jing', eventCount: 10, producedBytes: 5000, discardedCount: 7, usedBytes: 8192 },
  ];
  history.add(
    [
      look(
        web,
        0,
        rows.map(({ procname }) => ({ procname })),
      ),
    ],
    0,
  );
  const looks = [look(web, 1, rows)];
  const frame = history.add(looks, 0);
  const names = (key: Parameters<typeof sortedRows>[1]): readonly string[] =>
    sortedRows(frame.rows, key).map(({ pid }) => rows[pid - 100]!.procname.slice(0, 3));

  test('is sorted by what is asked for', () => {
    expect(names('throughput')).toEqual(['bus', 'los', 'qui']);
    expect(names('events')).toEqual(['bus', 'los', 'qui']);
    expect(names('lost')).toEqual(['los', 'bus', 'qui']);
    expect(names('used')).toEqual(['los', 'bus', 'qui']);
    expect(names('name')).toEqual(['bus', 'los', 'qui']);
  });

  test.each([200, 90, 60, 40, 12])('fits %i columns and any height', (width) => {
    for (const height of [4, 6, 8, 30]) {
      const text = tableText(frame, adviseOn(frame, looks), {
        sortKey: 'lost',
        width,
        height,
        hasColors: false,
        footer: 'q quit',
      });
      const lines = text.trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(height);
      expect(lines.filter((line) => line.length > width)).toEqual([]);
      expect(text).not.toContain('\u001b');
    }
  });

  test('goes without columns rather than cut numbers', () => {
    const text = tableText(frame, [], { sortKey: 'lost', width: 60, hasColors: false });
    expect(text).toContain('LOST/s');
    expect(text).not.toContain('RINGS');
  });

  test('says what to do where there is nothing to show', () => {
    const empty = new UsageHistory().add([], 0);
    expect(tableText(empty, [], { sortKey: 'name', hasColors: false })).toContain('spoor create');
  });

  test.each([
    [0, '0'],
    [0.25, '0.3'],
    [999, '999'],
    [1234, '1.2 k'],
    [123_456, '123 k'],
    [5e9, '5.0 G'],
  ])('%d is %s', (value, text) => {
    expect(countText(value)).toBe(text);
  });
});

import { SpoorError } from '@spoor/base';
import { expect, test } from 'vitest';
import { parseSizeBytes } from './record/values.ts';
import { describeDuration, describeRecording } from './recording-summary.ts';

test('durations are short', () => {
  expect([12, 9_994, 12_340, 59_980, 185_000].map(describeDuration)).toEqual([
    '0.01 s',
    '9.99 s',
    '12.3 s',
    '1 min 00 s',
    '3 min 05 s',
  ]);
});

test('sizes of sub-buffers are read as lttng reads them', () => {
  expect(['4096', '256k', '1M', '4m'].map(parseSizeBytes)).toEqual([4096, 262_144, 1_048_576, 4_194_304]);
  for (const bad of ['', '0', '3k', '1k', '4096.5', '-4096', '512M', '1T']) {
    expect(() => parseSizeBytes(bad), bad).toThrow(/power of two/);
  }
});

test('the summary names events, losses, processes and place', () => {
  const totals = {
    eventCount: 1_234_567,
    lostCount: 1,
    tooLargeCount: 0,
    ringlessCount: 0,
    unwrittenCount: 0,
    overwrittenCount: 0,
    packetCount: 20,
    sizeBytes: 5_000_000,
    processCount: 2,
    threadCount: 3,
    counters: {},
    crowded: [
      { channel: 'ch0', subBufferSizeBytes: 262_144, subBufferCount: 16, neededBytes: 9_400_000 },
      { channel: 'all', subBufferSizeBytes: 262_144, subBufferCount: 16, neededBytes: 3_200_000_000 },
    ],
  };
  const result = {
    status: 0,
    outputDir: '/t/x',
    durationMs: 1500,
    totals,
    kernel: undefined,
    error: undefined,
    notes: [],
  };
  expect(describeRecording(result)).toBe(
    'spoor: recorded 1,234,567 events (5.0 MB) in 1.50 s, 1 event lost; 2 processes, 3 threads\n' +
      'spoor: the trace is in /t/x\n' +
      'spoor: to lose less, give each thread more room: --num-subbuf 32 --subbuf-size 512k (channel ch0 needed 9.4 MB a thread)\n' +
      'spoor: to lose less, record fewer events (-e, -f), the newest alone (--overwrite), or have them wait for room (--blocking-timeout): channel all needed 3.2 GB a thread\n',
  );
  const tooLarge = describeRecording({ ...result, totals: { ...totals, tooLargeCount: 1 } });
  expect(tooLarge).not.toContain('more room');
  const none = { ...totals, eventCount: 0, lostCount: 0, processCount: 0, threadCount: 0, sizeBytes: 0 };
  expect(describeRecording({ ...result, totals: none })).toContain('no Node.js process was traced');
  const empty = { ...none, processCount: 1 };
  expect(describeRecording({ ...result, totals: empty })).toContain('no event came that the recording takes');
});

test('of the kernel it has a line of its own, and other programs than those of Node.js are no fault then', () => {
  const totals = {
    eventCount: 0,
    lostCount: 0,
    tooLargeCount: 0,
    ringlessCount: 0,
    unwrittenCount: 0,
    overwrittenCount: 0,
    packetCount: 0,
    sizeBytes: 0,
    processCount: 0,
    threadCount: 0,
    counters: {},
  };
  const kernel = {
    eventCount: 70_000,
    rawCount: 0,
    lostCount: 0,
    logLosses: { kernelLog: 0, bpftrace: 0 },
    unfollowed: { resumedCount: 0, lostCount: 0 },
    unwrittenCount: 0,
    missingTextCount: 0,
    sizeBytes: 2_000_000,
    error: undefined,
  };
  const result = {
    status: 0,
    outputDir: '/t/x',
    durationMs: 1500,
    totals,
    kernel,
    error: undefined,
    notes: [],
  };
  expect(describeRecording(result)).toBe(
    'spoor: recorded 70,000 events of the kernel (2.0 MB), none lost\nspoor: the trace is in /t/x\n',
  );
  expect(describeRecording({ ...result, kernel: { ...kernel, lostCount: 3 } })).toContain(
    '3 events lost (larger',
  );
  const logLosses = { kernelLog: 1, bpftrace: 5331 };
  expect(describeRecording({ ...result, kernel: { ...kernel, logLosses } })).toContain(
    '(2.0 MB), 1 line of its log lost that the kernel overwrote before it was read, 5,331 lines lost by bpftrace (larger ' +
      'buffers: BPFTRACE_PERF_RB_PAGES)\n',
  );
  const unfollowed = { resumedCount: 2, lostCount: 1 };
  expect(describeRecording({ ...result, kernel: { ...kernel, unfollowed } })).toContain(
    '\nspoor: note: the kernel lost sight of 3 tasks of the command, whose numbers were used again at once;',
  );
  const error = new SpoorError('record/kernel', 'the disk is full');
  const full = { ...kernel, unwrittenCount: 12, error };
  expect(describeRecording({ ...result, kernel: full, error })).toBe(
    'spoor: recorded 70,000 events of the kernel (2.0 MB), 12 events lost that could not be written\n' +
      'spoor: the trace is in /t/x\nspoor: the disk is full\n',
  );
  expect(describeRecording({ ...result, kernel: { ...kernel, error }, error })).toContain(
    '(2.0 MB), not all of them\n',
  );
  expect(describeRecording({ ...result, kernel: { ...kernel, eventCount: 0, rawCount: 80_000 } })).toContain(
    'recorded 80,000 records of the kernel as raw pages (2.0 MB), none lost',
  );
  expect(describeRecording({ ...result, kernel: { ...kernel, eventCount: 3, rawCount: 1 } })).toContain(
    'recorded 1 record and 3 events of the kernel as raw pages',
  );
  expect(describeRecording({ ...result, kernel: { ...kernel, missingTextCount: 2 } })).toContain(
    'note: 2 texts of system calls could not be read',
  );
});

import { SpoorError } from '@spoor/base';
import type { Session } from '@spoor/control';
import { expect, test } from 'vitest';
import { plainSession } from '../testing/plain-session.ts';
import { type SnapshotTaker, takeSnapshots } from './take-snapshots.ts';

const recorded: Session = {
  ...plainSession,
  mode: 'snapshot',
  hasStarted: true,
  snapshotOutputs: [
    { id: 1, name: 'small', output: { kind: 'local', path: '/a' }, maxSizeBytes: 4096 },
    { id: 2, name: 'other', output: { kind: 'local', path: '/b' } },
  ],
};

/** Writes nothing, but notes what it is asked; paths that begin as `refused` does are refused. */
function taker(refused?: string): SnapshotTaker & { readonly asked: (readonly [string, number | null])[] } {
  const asked: [string, number | null][] = [];
  return {
    asked,
    number: () => asked.length,
    write: async (path, maxSizeBytes) => {
      if (refused !== undefined && path.startsWith(refused)) {
        throw new SpoorError('record/output', 'the disk is full');
      }
      asked.push([path.replace(/-\d{8}-\d{6}-/, '-TIME-'), maxSizeBytes]);
      return { eventCount: 3, sizeBytes: 100 };
    },
  };
}

test('each output gets one, with its limit, in a directory of its number', async () => {
  const taken = taker();
  const { snapshots, failures } = await takeSnapshots(recorded, {}, taken);
  expect(taken.asked).toEqual([
    ['/a/small-TIME-0', 4096],
    ['/b/other-TIME-1', null],
  ]);
  expect(snapshots).toMatchObject([{ eventCount: 3, sizeBytes: 100 }, {}]);
  expect(failures).toBeUndefined();
});

test('what is asked goes before what the outputs say', async () => {
  const taken = taker();
  const output = { kind: 'local', path: '/c' } as const;
  await takeSnapshots(recorded, { output, name: 'mine', maxSizeBytes: 8192 }, taken);
  expect(taken.asked).toEqual([['/c/mine-TIME-0', 8192]]);
});

test('an output that is refused keeps the others from nothing, and is told; nothing but refusals is an error', async () => {
  const taken = taker('/a');
  const { snapshots, failures } = await takeSnapshots(recorded, {}, taken);
  expect(snapshots).toHaveLength(1);
  expect(failures).toMatchObject([
    { code: 'record/output', message: 'snapshot output small: the disk is full' },
  ]);
  await expect(takeSnapshots(recorded, {}, taker('/'))).rejects.toThrow('snapshot output small');
});

test.each<[code: string, change: Partial<Session>]>([
  ['control/not-a-snapshot-session', { mode: 'local' }],
  ['control/not-started', { hasStarted: false }],
  ['control/no-snapshot-output', { snapshotOutputs: [] }],
])('%s', async (code, change) => {
  const taken = taker();
  await expect(takeSnapshots({ ...recorded, ...change }, {}, taken)).rejects.toMatchObject({ code });
  expect(taken.asked).toEqual([]);
});

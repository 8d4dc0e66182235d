import type { Session } from '@spoor/control';
import type { SessionRun } from '../daemon/describe-session.ts';

/** A session that has just been made: it has nothing yet, and writes nowhere. */
export const plainSession: Session = {
  name: 's',
  id: 1,
  ownerUid: 0,
  mode: 'no-output',
  isActive: false,
  hasStarted: false,
  createdMs: 0,
  automaticEvents: false,
  channels: [],
  snapshotOutputs: [],
  snapshotCount: 0,
  rotation: {},
  chunkId: 0,
  trackers: { user: [], kernel: [] },
};

/** What its daemon notes beside it. */
export const plainRun: SessionRun = {
  revision: 0,
  clockOffsetNs: '0',
  stateDumps: 0,
  chunkBeganMs: 0,
  hasRotated: false,
};

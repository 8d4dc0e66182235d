import type { Channel } from './channel.ts';
import type { Domain } from './event-rule.ts';
import type { Output, SnapshotOutput } from './output.ts';
import type { ProcessTracker } from './tracker.ts';

/**
 * What a session does with its events: `local` and `network` write all along, `live` for a reader on the way, `snapshot`
 * keeps the last ones in memory for snapshots, `no-output` keeps them for triggers and counters alone.
 */
export type SessionMode = 'local' | 'network' | 'live' | 'snapshot' | 'no-output';

/** When the current trace chunk is archived by itself. */
export interface RotationSchedule {
  readonly periodUs?: number;
  /** Each time so many bytes were written to the current chunk. */
  readonly sizeBytes?: number;
}

/** A recording session. */
export interface Session {
  readonly name: string;
  /** Running number in its daemon, never used again. */
  readonly id: number;
  /** User whose session it is; what it records is written with their rights. */
  readonly ownerUid: number;
  readonly mode: SessionMode;
  readonly isActive: boolean;
  /** Whether it was ever started. */
  readonly hasStarted: boolean;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** Absent in modes `snapshot` and `no-output`. */
  readonly output?: Output;
  /** Directory of the ring files when it is not the usual one. */
  readonly shmPath?: string;
  /** Most a live reader waits for events. */
  readonly liveTimerUs?: number;
  /** Whether programs record their automatic events when a rule takes any of them. */
  readonly automaticEvents: boolean;
  readonly channels: readonly Channel[];
  readonly snapshotOutputs: readonly SnapshotOutput[];
  /** How many snapshots were taken. */
  readonly snapshotCount: number;
  readonly rotation: RotationSchedule;
  /** Number of the current trace chunk, from 0. */
  readonly chunkId: number;
  readonly trackers: Readonly<Record<Domain, readonly ProcessTracker[]>>;
}

/** Domains that have a channel, in LTTng's order. */
export function domainsOf(session: Pick<Session, 'channels'>): readonly Domain[] {
  const all: readonly Domain[] = ['kernel', 'user'];
  return all.filter((domain) => session.channels.some((channel) => channel.domain === domain));
}

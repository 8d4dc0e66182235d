/** What a session asks of programs: its model as `session.json` has it. */
import type { Channel, Session } from '@spoor/control';
import {
  type ChannelDescription,
  type EventRule,
  RUN_VERSION,
  type SessionDescription,
} from '@spoor/ringbuffer';
import type { FileUser } from '@spoor/sys';
import { takesAutomaticEvents } from './automatic-events.ts';
import { describeTrackers } from './describe-trackers.ts';

/** What goes with a session beside its model. */
export interface SessionRun {
  /** Grows with each change that programs learn of. */
  readonly revision: number;
  readonly clockOffsetNs: string;
  /** How often programs were asked to tell their state anew. */
  readonly stateDumps: number;
  /** How often programs were asked to finish their open sub-buffers; absent before the first time. */
  readonly handOvers?: number;
  /** When the current chunk began: milliseconds since the epoch. */
  readonly chunkBeganMs: number;
  /** Whether a chunk was archived; then the last one is, too. */
  readonly hasRotated: boolean;
  /** The highest number that a snapshot output of it ever had; absent as long as none was added or removed. */
  readonly lastOutputId?: number;
  /** Whose session it is, where not the daemon's user's: its trace is written with their rights. */
  readonly owner?: FileUser;
}

/**
 * A channel of the user domain as programs know it. A channel that records nothing now, for the session is stopped or it
 * is disabled, stays with its rings and has no rules.
 */
function describeChannel(channel: Channel, isActive: boolean): ChannelDescription {
  const rules: EventRule[] = [];
  if (isActive && channel.isEnabled) {
    for (const { rule, isEnabled } of channel.rules) {
      if (!isEnabled || rule.kind !== 'user-tracepoint') continue;
      const { name, exclude = [], logLevel, filter } = rule;
      rules.push({
        name,
        exclude,
        ...(logLevel === undefined ? {} : { logLevel }),
        ...(filter === undefined ? {} : { filter }),
      });
    }
  }
  return {
    name: channel.name,
    mode: channel.lossMode,
    blockingTimeoutUs: channel.blockingTimeoutUs,
    subBufferSizeBytes: channel.subBufferSizeBytes,
    subBufferCount: channel.subBufferCount,
    contexts: channel.contexts,
    rules,
    switchTimerUs: channel.switchTimerUs,
    readTimerUs: channel.readTimerUs,
    traceFileSizeBytes: channel.traceFileSizeBytes,
    traceFileCount: channel.traceFileCount,
  };
}

/** `session.json` of a session. */
export function describeSession(session: Session, run: SessionRun): SessionDescription {
  const channels = session.channels
    .filter(({ domain }) => domain === 'user')
    .map((channel) => describeChannel(channel, session.isActive));
  return {
    version: RUN_VERSION,
    name: session.name,
    auto: session.automaticEvents && channels.some(({ rules }) => rules.some(takesAutomaticEvents)),
    outputDir: session.output?.kind === 'local' ? session.output.path : '',
    channels,
    clockOffsetNs: run.clockOffsetNs,
    trackers: describeTrackers(session.trackers.user),
    revision: run.revision,
    ...(run.owner === undefined ? {} : { writer: run.owner }),
    stateDumps: run.stateDumps,
    ...(run.handOvers === undefined ? {} : { handOvers: run.handOvers }),
  };
}

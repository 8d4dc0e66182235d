/**
 * The control protocol, version 2: JSON lines over a Unix socket (docs/design/control.md). A client says `hello` first;
 * then each request is answered once, in any order; notifications come in between, for who subscribed.
 */
import type { Channel, ChannelAttributes } from './channel.ts';
import type { CounterMap, MapValue } from './counter-map.ts';
import type { Domain, EventRule, EventRuleKind, RecordingRule } from './event-rule.ts';
import type { Output, SnapshotOutput } from './output.ts';
import type { RotationSchedule, Session, SessionMode } from './session.ts';
import type { ProcessTracker, TrackedAttribute } from './tracker.ts';
import type { Trigger, TriggerNotification, TriggerStatus } from './trigger.ts';

/** Changes with what a peer of another release would misunderstand (docs/design/control.md); other versions are refused. */
export const CONTROL_VERSION = 2;
/** Longest line of either side, its end included; longer ones end the connection. */
export const MOST_LINE_BYTES: number = 4 * 1024 * 1024;

/** What a client says first. */
export interface Hello {
  readonly version: number;
  /** Who it is, for the daemon's log. */
  readonly client: string;
}

/** What the daemon answers. */
export interface Welcome {
  readonly version: number;
  readonly pid: number;
  /** Version of Spoor. */
  readonly release: string;
  /** Directory by which programs learn of sessions. */
  readonly hub: string;
}

export interface CreateSession {
  /** `auto-YYYYmmdd-HHMMSS` when absent. */
  readonly name?: string;
  readonly mode: SessionMode;
  /** In mode `snapshot` the first snapshot output; the usual directory when absent, none in mode `no-output`. */
  readonly output?: Output;
  /** In mode `snapshot`: no snapshot output is made. */
  readonly hasNoSnapshotOutput?: boolean;
  readonly shmPath?: string;
  readonly liveTimerUs?: number;
  /** True when absent. */
  readonly automaticEvents?: boolean;
}

/** Names a session. */
export interface SessionRequest {
  readonly session: string;
}

/** Names a session; whether to wait until what is in the buffers is written. */
export interface WaitingRequest extends SessionRequest {
  /** True when absent. */
  readonly wait?: boolean;
}

/** A thing that went another way than asked for, in one line. */
export interface Warned {
  readonly warnings: readonly string[];
}

/** What is known of losses when a session stops or ends. */
export interface LossCounts {
  readonly eventCount: number;
  /** Events that were lost. */
  readonly discardedCount: number;
  /** Those of them that no larger ring would have kept; absent where there are none. */
  readonly causes?: LossCauses;
  /** Events that newer ones replaced, in overwrite mode. */
  readonly overwrittenCount: number;
}

/** Events that were lost for other reasons than that no sub-buffer had room, by these; what is absent is 0. */
export interface LossCauses {
  /** Larger than a sub-buffer. */
  readonly tooLargeCount?: number;
  /** Of threads that could have no ring, and of classes that could not be declared. */
  readonly ringlessCount?: number;
  /** They were in the rings, and could not be written. */
  readonly unwrittenCount?: number;
}

export interface StopResult extends Warned {
  readonly losses: LossCounts;
  /** What the programs counted by counters of their own, by name, summed over threads and processes. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface DestroyResult extends StopResult {
  /** Where its trace is; absent when it has none. */
  readonly path?: string;
}

export interface ChannelRequest extends SessionRequest {
  readonly domain: Domain;
  readonly channel: string;
}

export interface EnableChannel extends ChannelRequest {
  readonly attributes?: Partial<ChannelAttributes>;
}

export interface EnableChannelResult extends Warned {
  readonly channel: Channel;
  /** What became of it. */
  readonly outcome: 'created' | 'enabled' | 'resized' | 'unchanged';
}

export interface EnableEvent extends SessionRequest {
  readonly domain: Domain;
  /** LTTng's `channel0`, made if need be, when absent. */
  readonly channel?: string;
  readonly rule: EventRule;
}

export interface EnableEventResult extends Warned {
  readonly channel: string;
  readonly rule: RecordingRule;
  readonly outcome: 'created' | 'enabled' | 'unchanged';
}

export interface DisableEvent extends SessionRequest {
  readonly domain: Domain;
  /** `channel0` when absent. */
  readonly channel?: string;
  /** The name as it was enabled; all rules when absent. */
  readonly name?: string;
  readonly kind?: EventRuleKind;
}

export interface AddContext extends SessionRequest {
  readonly domain: Domain;
  /** All channels of the domain when absent. */
  readonly channel?: string;
  readonly contexts: readonly string[];
}

export interface TrackRequest extends SessionRequest {
  readonly domain: Domain;
  readonly attribute: TrackedAttribute;
  readonly values: readonly (number | string)[] | 'all';
}

export interface RotateResult {
  readonly chunkId: number;
  /** `archived`, or `pending` when nobody waited. */
  readonly state: 'archived' | 'pending';
  /** Directory of the archived chunk. */
  readonly path: string;
}

/** Null takes a part of the schedule away. */
export interface SetRotation extends SessionRequest {
  readonly periodUs?: number | null;
  readonly sizeBytes?: number | null;
}

export interface RecordSnapshot extends SessionRequest {
  /** In place of the session's outputs. */
  readonly output?: Output;
  readonly name?: string;
  readonly maxSizeBytes?: number;
}

/** One snapshot. */
export interface SnapshotRecord {
  readonly path: string;
  readonly eventCount: number;
  readonly sizeBytes: number;
  /** Time between the request and the readable trace. */
  readonly tookMs: number;
}

export interface AddSnapshotOutput extends SessionRequest {
  readonly output: Output;
  readonly name?: string;
  readonly maxSizeBytes?: number;
}

export interface RemoveSnapshotOutput extends SessionRequest {
  /** Its number or name. */
  readonly output: number | string;
}

/** What one channel does in one process, now; that of the kernel is process 0. */
export interface ChannelUsage {
  readonly domain: Domain;
  readonly channel: string;
  readonly pid: number;
  readonly procname: string;
  readonly ringCount: number;
  /** Of all its rings. */
  readonly capacityBytes: number;
  /** In the sub-buffers that wait for the consumer or for a snapshot. */
  readonly usedBytes: number;
  /** What was written into the rings so far: sub-buffers that were finished count whole, of open ones what is in them. */
  readonly producedBytes: number;
  readonly eventCount: number;
  readonly discardedCount: number;
  /** The same by the sizes that rings had, for a channel can get others while it records; absent of the kernel. */
  readonly discardedBySize?: readonly DiscardedAtSize[];
}

/** Events that found no room in rings of a size. */
export interface DiscardedAtSize {
  readonly subBufferSizeBytes: number;
  readonly subBufferCount: number;
  readonly discardedCount: number;
}

/** What a session does, now. */
export interface SessionUsage {
  readonly session: string;
  /** Nanoseconds of the monotonic clock, in decimal, when it was looked at. */
  readonly timeNs: string;
  readonly channels: readonly ChannelUsage[];
  /** Events that threads lost which are over, of programs, by channel: `channels` tells of those that run. */
  readonly endedDiscarded: Readonly<Record<string, number>>;
  readonly processCount: number;
  /** Bytes written since the session was created. */
  readonly writtenBytes: number;
  readonly losses: LossCounts;
  /** As of {@link StopResult}, up to now. */
  readonly counters: Readonly<Record<string, number>>;
  /** What keeps programs from being recorded, and the consumer from writing: one line each. */
  readonly troubles: readonly string[];
}

/** A session as it was saved, with its counter maps and the triggers that are about it. */
export type SavedSession = Omit<
  Session,
  'id' | 'ownerUid' | 'createdMs' | 'hasStarted' | 'snapshotCount' | 'chunkId'
> & {
  readonly maps?: readonly Omit<CounterMap, 'session'>[];
  readonly triggers?: readonly Omit<Trigger, 'ownerUid'>[];
};

export interface RestoreSession {
  readonly session: SavedSession;
  /** Whether a session of the same name gives way. */
  readonly force?: boolean;
}

/** A trigger that is to be added. */
export type TriggerRequest = Omit<Trigger, 'name' | 'ownerUid'> & Partial<Pick<Trigger, 'name' | 'ownerUid'>>;

/** A tracepoint of a program. */
export interface Tracepoint {
  /** `provider:event`. */
  readonly name: string;
  readonly logLevel: number;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
}

/** A program that can be recorded, and the tracepoints that it has by now. */
export interface ProgramTracepoints {
  readonly pid: number;
  readonly procname: string;
  /** False of one that follows the daemon and does not say what it has: its event loop does not turn. */
  readonly answers: boolean;
  readonly tracepoints: readonly Tracepoint[];
}

/** An event or a system call of the kernel that the daemon may record. */
export interface KernelTracepoint {
  /** LTTng's name; of a system call its own, without `syscall_entry_`. */
  readonly name: string;
  readonly type: 'tracepoint' | 'syscall';
  /** What the kernel calls it: `SYSTEM:NAME`; absent of system calls. */
  readonly kernelName?: string;
  /** As far as they were asked for. */
  readonly fields?: readonly {
    readonly name: string;
    /** In C. */
    readonly type: string;
    /** Names of its values; those beyond 2^53 are decimal text. */
    readonly labels?:
      | {
          readonly kind: 'symbols' | 'flags';
          readonly delimiter: string;
          readonly entries: readonly { readonly value: number | string; readonly label: string }[];
        }
      | undefined;
  }[];
}

/** What each method takes and answers. */
export interface Methods {
  readonly hello: { readonly params: Hello; readonly result: Welcome };
  readonly 'create-session': {
    readonly params: CreateSession;
    readonly result: { readonly session: Session } & Warned;
  };
  readonly 'destroy-session': { readonly params: WaitingRequest; readonly result: DestroyResult };
  readonly 'start-session': { readonly params: SessionRequest; readonly result: Warned };
  readonly 'stop-session': { readonly params: WaitingRequest; readonly result: StopResult };
  readonly 'list-sessions': {
    readonly params: Readonly<Record<string, never>>;
    readonly result: { readonly sessions: readonly Session[] };
  };
  readonly 'get-session': { readonly params: SessionRequest; readonly result: { readonly session: Session } };
  readonly 'list-tracepoints': {
    readonly params: Readonly<Record<string, never>>;
    readonly result: { readonly programs: readonly ProgramTracepoints[] };
  };
  /** For members of the group, who cannot look themselves. */
  readonly 'list-kernel-events': {
    readonly params: {
      /** System calls in place of events. */
      readonly syscalls?: boolean;
      readonly fields?: boolean;
    };
    readonly result: { readonly events: readonly KernelTracepoint[] };
  };
  readonly 'get-usage': { readonly params: SessionRequest; readonly result: SessionUsage };
  readonly 'enable-channel': { readonly params: EnableChannel; readonly result: EnableChannelResult };
  readonly 'disable-channel': { readonly params: ChannelRequest; readonly result: Warned };
  readonly 'enable-event': { readonly params: EnableEvent; readonly result: EnableEventResult };
  readonly 'disable-event': {
    readonly params: DisableEvent;
    readonly result: { readonly disabledCount: number } & Warned;
  };
  readonly 'add-context': {
    readonly params: AddContext;
    readonly result: { readonly channels: readonly string[] } & Warned;
  };
  readonly track: {
    readonly params: TrackRequest;
    readonly result: { readonly trackers: readonly ProcessTracker[] };
  };
  readonly untrack: {
    readonly params: TrackRequest;
    readonly result: {
      readonly trackers: readonly ProcessTracker[];
      /** Values that were to be taken out and were not there. */
      readonly missing?: readonly (number | string)[];
    };
  };
  readonly 'rotate-session': { readonly params: WaitingRequest; readonly result: RotateResult };
  readonly 'set-rotation': {
    readonly params: SetRotation;
    readonly result: { readonly rotation: RotationSchedule };
  };
  readonly 'record-snapshot': {
    readonly params: RecordSnapshot;
    readonly result: {
      readonly snapshots: readonly SnapshotRecord[];
      /** Of several outputs those that got none, as errors; where none gets one the first of them is thrown. */
      readonly failures?: readonly WireError[];
    };
  };
  readonly 'add-snapshot-output': {
    readonly params: AddSnapshotOutput;
    readonly result: { readonly output: SnapshotOutput };
  };
  readonly 'remove-snapshot-output': { readonly params: RemoveSnapshotOutput; readonly result: Warned };
  readonly 'clear-session': { readonly params: SessionRequest; readonly result: Warned };
  readonly 'regenerate-metadata': { readonly params: SessionRequest; readonly result: Warned };
  readonly 'regenerate-statedump': { readonly params: SessionRequest; readonly result: Warned };
  readonly 'restore-session': {
    readonly params: RestoreSession;
    readonly result: { readonly session: Session } & Warned;
  };
  readonly 'add-trigger': {
    /** A name is made when absent; the owner is the client's user, another one only if that is root. */
    readonly params: TriggerRequest;
    readonly result: { readonly trigger: Trigger };
  };
  readonly 'list-triggers': {
    readonly params: Readonly<Record<string, never>>;
    readonly result: { readonly triggers: readonly Trigger[]; readonly status: readonly TriggerStatus[] };
  };
  readonly 'remove-trigger': { readonly params: { readonly name: string }; readonly result: Warned };
  readonly 'add-map': {
    /** A name is made when absent. */
    readonly params: Omit<CounterMap, 'name'> & { readonly name?: string };
    readonly result: { readonly map: CounterMap };
  };
  readonly 'list-maps': {
    readonly params: { readonly session?: string };
    readonly result: { readonly maps: readonly CounterMap[] };
  };
  readonly 'get-map-values': {
    readonly params: SessionRequest;
    readonly result: { readonly maps: readonly CounterMap[]; readonly values: readonly MapValue[] };
  };
  readonly subscribe: {
    readonly params: { readonly topics: readonly Topic[] };
    readonly result: Readonly<Record<string, never>>;
  };
  readonly unsubscribe: {
    readonly params: { readonly topics: readonly Topic[] };
    readonly result: Readonly<Record<string, never>>;
  };
}

/** Names of methods. */
export type MethodName = keyof Methods;

/** What can be subscribed to. */
export type Topic = Notification['topic'];

/** Something that happened. */
export type Notification =
  | { readonly topic: 'trigger'; readonly notification: TriggerNotification }
  | {
      readonly topic: 'rotation';
      readonly session: string;
      readonly chunkId: number;
      readonly state: 'started' | 'archived';
      /** Directory of the archived chunk; absent as long as there is none. */
      readonly path?: string;
    }
  | {
      readonly topic: 'session';
      readonly session: string;
      readonly change: 'created' | 'started' | 'stopped' | 'changed' | 'destroyed';
    };

/** A client's line. */
export interface Request<Name extends MethodName = MethodName> {
  readonly id: number;
  readonly method: Name;
  readonly params: Methods[Name]['params'];
}

/** An error on the wire; the client throws it as a `SpoorError`. */
export interface WireError {
  /** Stable identifier. */
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
}

/** A daemon's line: the answer to a request, or a notification. */
export type DaemonMessage =
  | { readonly id: number; readonly result: unknown }
  /** Id 0 when the request has none that can be read. */
  | { readonly id: number; readonly error: WireError }
  | { readonly notification: Notification };

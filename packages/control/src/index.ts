export {
  CHANNEL_DEFAULTS,
  DEFAULT_CHANNEL_NAME,
  nextPowerOfTwo,
  type Channel,
  type ChannelAttributes,
  type LossMode,
} from './channel.ts';
export { ControlClient, NotificationReader, type ConnectOptions } from './client.ts';
export { LineConnection } from './connection.ts';
export type { CounterMap, MapOwner, MapValue } from './counter-map.ts';
export {
  domainOf,
  ruleKey,
  type Domain,
  type EventRule,
  type EventRuleKind,
  type KernelProbeRule,
  type KernelSyscallRule,
  type KernelTracepointRule,
  type LogLevelRule,
  type RecordingRule,
  type UserTracepointRule,
} from './event-rule.ts';
export { LineSplitter } from './lines.ts';
export { localTimestamp } from './local-timestamp.ts';
export type { LocalOutput, NetworkOutput, Output, SnapshotOutput } from './output.ts';
export { controlDirectory, homeDirectory, socketPath, type Environment } from './places.ts';
export {
  CONTROL_VERSION,
  MOST_LINE_BYTES,
  type AddContext,
  type AddSnapshotOutput,
  type ChannelRequest,
  type ChannelUsage,
  type CreateSession,
  type DaemonMessage,
  type DestroyResult,
  type DisableEvent,
  type EnableChannel,
  type EnableChannelResult,
  type EnableEvent,
  type EnableEventResult,
  type Hello,
  type LossCounts,
  type MethodName,
  type Methods,
  type Notification,
  type ProgramTracepoints,
  type RecordSnapshot,
  type RemoveSnapshotOutput,
  type Request,
  type RestoreSession,
  type RotateResult,
  type SavedSession,
  type SessionRequest,
  type SessionUsage,
  type SetRotation,
  type SnapshotRecord,
  type StopResult,
  type Topic,
  type Tracepoint,
  type TrackRequest,
  type TriggerRequest,
  type WaitingRequest,
  type Warned,
  type Welcome,
  type WireError,
} from './protocol.ts';
export { domainsOf, type RotationSchedule, type Session, type SessionMode } from './session.ts';
export { checkName } from './session-name.ts';
export type { ProcessTracker, TrackedAttribute } from './tracker.ts';
export type {
  Action,
  ActionStatus,
  CapturedValue,
  ChannelBufferUsage,
  Condition,
  EventRate,
  EventRuleMatches,
  EventSilence,
  ExecAction,
  IncrementMapAction,
  NoticedEvent,
  NotifyAction,
  RatePolicy,
  SessionAction,
  SessionConsumedSize,
  SessionRotation,
  SnapshotAction,
  SpanDuration,
  Trigger,
  TriggerNotification,
  TriggerStatus,
  WebhookAction,
} from './trigger.ts';
export { fromWireError, toWireError } from './wire-error.ts';

/** Triggers: when something happens, something is done. Conditions and actions of LTTng 2.16, and our own. */
import type { Domain, EventRule } from './event-rule.ts';
import type { Output } from './output.ts';

/** An event that a rule takes. Captures are expressions over its fields and contexts, such as `size`, `$ctx.vpid`, `a[2]`. */
export interface EventRuleMatches {
  readonly kind: 'event-rule-matches';
  readonly rule: EventRule;
  readonly captures: readonly string[];
}

/** How full the fullest ring of a channel is, in bytes or as a part of its size (0 to 1). */
export interface ChannelBufferUsage {
  readonly kind: 'channel-buffer-usage';
  readonly comparison: 'at-least' | 'at-most';
  readonly session: string;
  readonly domain: Domain;
  readonly channel: string;
  readonly threshold: { readonly sizeBytes: number } | { readonly ratio: number };
}

/** What a session has written so far. */
export interface SessionConsumedSize {
  readonly kind: 'session-consumed-size';
  readonly session: string;
  readonly sizeBytes: number;
}

export interface SessionRotation {
  readonly kind: 'session-rotation-starts' | 'session-rotation-finishes';
  readonly session: string;
}

/** At least `count` matching events in some `periodMs`, of all processes together. */
export interface EventRate {
  readonly kind: 'event-rate';
  readonly rule: EventRule;
  readonly count: number;
  readonly periodMs: number;
}

/** An event of `end` that comes at least `thresholdMs` after that of `begin` with the same key. */
export interface SpanDuration {
  readonly kind: 'span-duration';
  readonly begin: EventRule;
  readonly end: EventRule;
  /** Expressions over fields and contexts, of the beginning and, as many, of the end. */
  readonly beginKey: readonly string[];
  readonly endKey: readonly string[];
  /** Where beginning and end are looked for together: in one thread, in one process, or in all of them. */
  readonly scope: 'thread' | 'process' | 'all';
  readonly thresholdMs: number;
  /** `end`: met when the span has ended. `threshold`: already when it has lasted that long, ended or not. */
  readonly at: 'end' | 'threshold';
  /** Of the ending event, or of the beginning where that has no such field. */
  readonly captures: readonly string[];
}

/** No matching event for so long, counted from the last one, or from when the trigger was added. */
export interface EventSilence {
  readonly kind: 'event-silence';
  readonly rule: EventRule;
  readonly durationMs: number;
}

export type Condition =
  | EventRuleMatches
  | ChannelBufferUsage
  | SessionConsumedSize
  | SessionRotation
  | EventRate
  | SpanDuration
  | EventSilence;

/** Whether an action is carried out when its condition is met. */
export type RatePolicy =
  | { readonly kind: 'every'; readonly count: number }
  | { readonly kind: 'once-after'; readonly count: number }
  /** Our own: at most `count` times in any `periodMs`. */
  | { readonly kind: 'at-most'; readonly count: number; readonly periodMs: number };

/** Tells whoever subscribed. */
export interface NotifyAction {
  readonly kind: 'notify';
}

export interface SessionAction {
  readonly kind: 'start-session' | 'stop-session' | 'rotate-session';
  readonly session: string;
}

export interface SnapshotAction {
  readonly kind: 'snapshot-session';
  readonly session: string;
  /** In place of the session's own outputs. */
  readonly output?: Output;
  /** Of the snapshot. */
  readonly name?: string;
  readonly maxSizeBytes?: number;
}

/** Runs a program of this machine. It gets the notification as JSON on its standard input. */
export interface ExecAction {
  readonly kind: 'exec';
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** Sends the notification as JSON by POST. */
export interface WebhookAction {
  readonly kind: 'webhook';
  readonly url: string;
  readonly timeoutMs: number;
}

/** Counts in a map. Templates: `{event_name}`, `{provider_name}` and text. */
export interface IncrementMapAction {
  readonly kind: 'increment-map-value';
  readonly session: string;
  readonly map: string;
  readonly key: string;
}

export type Action = {
  readonly ratePolicy?: RatePolicy;
} & (NotifyAction | SessionAction | SnapshotAction | ExecAction | WebhookAction | IncrementMapAction);

/** A trigger of a daemon. */
export interface Trigger {
  readonly name: string;
  readonly ownerUid: number;
  readonly condition: Condition;
  readonly actions: readonly Action[];
}

/** A captured value; undefined fields of an event are null. */
export type CapturedValue =
  null | boolean | number | string | readonly CapturedValue[] | { readonly [field: string]: CapturedValue };

/** An event that met a condition. */
export interface NoticedEvent {
  readonly name: string;
  /** Nanoseconds since the epoch in decimal. */
  readonly timeNs: string;
  readonly pid: number;
  readonly tid: number;
  readonly procname: string;
}

/** What a subscriber gets, a program on its standard input, and a webhook as its body. */
export interface TriggerNotification {
  readonly trigger: string;
  readonly ownerUid: number;
  readonly condition: Condition['kind'];
  /** Nanoseconds since the epoch in decimal: of the event, or when the condition was evaluated. */
  readonly timeNs: string;
  /** Of `event-rule-matches` the event, of `span-duration` its beginning. */
  readonly event?: NoticedEvent;
  /** Of `span-duration` its end; absent when it had not ended. */
  readonly end?: NoticedEvent;
  /** Values in the order of the condition's captures; of `span-duration` first the key, under its expressions. */
  readonly captures: readonly { readonly expression: string; readonly value: CapturedValue }[];
  /** What was measured: `durationNs`, `count`, `sizeBytes`, `usedBytes`, `archivePath` … as the condition has it. */
  readonly measured: Readonly<Record<string, number | string>>;
}

/** How an action of a trigger has fared, since the trigger was added. */
export interface ActionStatus {
  /** Times that the condition was met. */
  readonly requestCount: number;
  /** Those that the rate policy let through and that ended well. */
  readonly executionCount: number;
  readonly failureCount: number;
  readonly lastFailure?: string;
}

/** How a trigger has fared, since it was added. */
export interface TriggerStatus {
  readonly trigger: string;
  /** How often its condition was met. */
  readonly firedCount: number;
  /** Events that could not be looked at, because they came faster than that. */
  readonly discardedCount: number;
  /** In the order of its actions. */
  readonly actions: readonly ActionStatus[];
}

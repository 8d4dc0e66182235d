// What triggers and maps ask of programs: the description of the watch session, as a function of them.
import type { CounterMap, Trigger, EventRule as AnyRule, UserTracepointRule } from '@spoor/control';
import {
  RUN_VERSION,
  type ChannelDescription,
  type CountDescription,
  type EventRule,
  type SessionDescription,
} from '@spoor/ringbuffer';
import { conditionRules, contextsOf, isDoneByTracer, parseCapture, type RuleRole } from '@spoor/trigger';

/** Name of the watch session, and of its directory in the hub. */
export const WATCH_SESSION = '.triggers';

/** Something that a channel or a map of the watch session is named after. */
export interface Numbered<T> {
  readonly number: number;
  readonly value: T;
}

/** Rings of spans get every beginning and end; others what is hoped to be seldom. */
const spanGeometry = { subBufferSizeBytes: 64 * 1024, subBufferCount: 8 };
const matchGeometry = { subBufferSizeBytes: 16 * 1024, subBufferCount: 4 };

/** Name of the channel for one role of a trigger. */
export function channelName(number: number, role: RuleRole): string {
  return `t${number}-${role}`;
}

/** What {@link channelName} was made of; undefined for another name. */
export function channelOwner(name: string): { readonly number: number; readonly role: RuleRole } | undefined {
  const parts = /^t(\d+)-(match|begin|end)$/.exec(name);
  return parts === null ? undefined : { number: Number(parts[1]), role: parts[2] as RuleRole };
}

/** Name under which the events of a rate or a silence are counted. */
export function countName(number: number): string {
  return `t${number}`;
}

/** Name under which programs count into a map. */
export function mapName(number: number): string {
  return `m${number}`;
}

/** Whether programs have nothing to do for the triggers and maps. */
export function isIdle({ channels, counts = [] }: SessionDescription): boolean {
  return channels.length === 0 && counts.length === 0;
}

/**
 * `session.json` of the watch session.
 * @param maps those of sessions that are active.
 * @param takesAutomatic whether a rule may take automatic events.
 */
export function describeWatch(
  triggers: readonly Numbered<Trigger>[],
  maps: readonly Numbered<CounterMap>[],
  clockOffsetNs: string,
  takesAutomatic: (rule: EventRule) => boolean,
): SessionDescription {
  const channels: ChannelDescription[] = [];
  const counts: CountDescription[] = [];
  for (const { number, value: trigger } of triggers) {
    for (const { role, rule, captures } of conditionRules(trigger.condition)) {
      // The kernel's are waited for in the daemon (kernel-triggers.ts).
      if (!isOfPrograms(rule)) continue;
      if (role === 'count') {
        counts.push({ map: countName(number), key: 'all', maxKeys: 1, rules: [ringRule(rule)] });
      } else if (!trigger.actions.every((action) => isDoneByTracer(trigger, action))) {
        channels.push({
          name: channelName(number, role),
          mode: 'discard',
          blockingTimeoutUs: 0,
          ...(role === 'match' ? matchGeometry : spanGeometry),
          contexts: contextsOf(captures.map(parseCapture)),
          rules: [ringRule(rule)],
        });
      }
    }
  }
  for (const map of maps) counts.push(...countsOf(map, triggers));
  const rules = [...channels, ...counts].flatMap((part) => part.rules);
  return {
    version: RUN_VERSION,
    name: WATCH_SESSION,
    auto: rules.some(takesAutomatic),
    outputDir: '',
    channels,
    counts,
    wakes: true,
    clockOffsetNs,
  };
}

/** What programs count into a map for the triggers that add to it. */
function countsOf(
  { number, value: map }: Numbered<CounterMap>,
  triggers: readonly Numbered<Trigger>[],
): readonly CountDescription[] {
  const made: CountDescription[] = [];
  const byKey = new Map<string, EventRule[]>();
  const count = (key: string, rules: readonly EventRule[]): void => {
    made.push({ map: mapName(number), key, maxKeys: map.maxKeys, rules });
  };
  for (const { value: trigger } of triggers) {
    for (const action of trigger.actions) {
      if (action.kind !== 'increment-map-value' || !isDoneByTracer(trigger, action)) continue;
      if (action.session !== map.session || action.map !== map.name) continue;
      const rules = conditionRules(trigger.condition).flatMap(({ rule }) =>
        isOfPrograms(rule) ? [ringRule(rule)] : [],
      );
      if (map.updatePolicy === 'per-rule-match') count(action.key, rules);
      else byKey.set(action.key, [...(byKey.get(action.key) ?? []), ...rules]);
    }
  }
  for (const [key, rules] of byKey) count(key, rules);
  return made;
}

function isOfPrograms(rule: AnyRule): rule is UserTracepointRule {
  return rule.kind === 'user-tracepoint';
}

function ringRule({ name, exclude = [], logLevel, filter }: UserTracepointRule): EventRule {
  return {
    name,
    exclude,
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(filter === undefined ? {} : { filter }),
  };
}

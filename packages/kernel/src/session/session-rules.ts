/** Which events a channel of a session records: LTTng's event rules over the events of this kernel. */
import { SpoorError, closestName } from '@spoor/base';
import { globMatches, parseGlob } from '@spoor/filter';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { lttngName } from '../mapping/map-events.ts';
import { splitEventName } from '../tracefs/event-names.ts';

/** What a rule takes. Names have stars; a backslash takes the next character as it is. */
export type KernelRule =
  /** Tracepoints, by LTTng's names or as `SYSTEM:NAME`; no system calls. */
  | { readonly kind: 'tracepoint'; readonly name: string; readonly filter?: string }
  | {
      readonly kind: 'syscall';
      readonly name: string;
      readonly site: 'entry' | 'exit' | 'entry+exit';
      readonly filter?: string;
    }
  /** A probe that the session made: its events, `SYSTEM:NAME`. */
  | {
      readonly kind: 'probe';
      readonly name: string;
      readonly events: readonly string[];
      readonly filter?: string;
    };

/** The event of `trace_marker`: it cannot be switched on or off. */
export const markerEvent = 'ftrace:print';

type Site = 'entry' | 'exit';

interface SyscallEvent {
  /** Undefined for the event of all calls. */
  readonly call: string | undefined;
  readonly site: Site;
}

function syscallOf(event: string): SyscallEvent | undefined {
  const { system, name } = splitEventName(event);
  if (system !== 'syscalls' && system !== 'raw_syscalls') return undefined;
  const parts = /^sys_(enter|exit)(?:_(.+))?$/.exec(name);
  if (parts === null) return undefined;
  return { call: parts[2], site: parts[1] === 'enter' ? 'entry' : 'exit' };
}

const takesSite = (rule: { readonly site: string }, site: Site): boolean => rule.site.includes(site);

const takesAll = (rule: KernelRule): boolean => rule.kind === 'syscall' && rule.name === '*';

/** Whether a rule takes an event of the kernel, `SYSTEM:NAME`. */
function takes(rule: KernelRule, event: string): boolean {
  switch (rule.kind) {
    case 'probe':
      return rule.events.includes(event);
    case 'syscall': {
      const call = syscallOf(event);
      if (call?.call === undefined || !takesSite(rule, call.site)) return false;
      return globMatches(parseGlob(rule.name), call.call);
    }
    case 'tracepoint': {
      if (syscallOf(event) !== undefined) return false;
      const parts = parseGlob(rule.name);
      const { system, name } = splitEventName(event);
      return globMatches(parts, event) || globMatches(parts, lttngName(system, name));
    }
    default:
      return rule satisfies never;
  }
}

function noEvent(rule: KernelRule, available: readonly string[]): SpoorError {
  const isCall = rule.kind === 'syscall';
  const names = available.flatMap((event) => {
    const call = syscallOf(event);
    if (call !== undefined) return isCall && call.call !== undefined ? [call.call] : [];
    const { system, name } = splitEventName(event);
    return isCall ? [] : [event, lttngName(system, name)];
  });
  const near = closestName(rule.name, names);
  const what = isCall ? 'system call' : 'event';
  return new SpoorError('kernel/no-event', `this kernel has no ${what} ${JSON.stringify(rule.name)}`, {
    hint:
      near === undefined ? `spoor list -k ${isCall ? '--syscall ' : ''}shows them` : `did you mean ${near}?`,
  });
}

/**
 * The events of the kernel that rules take, `SYSTEM:NAME`. All system calls at once are the two events of
 * `raw_syscalls`; others are a pair each, unless all of their side are wanted anyway: nothing is recorded twice.
 * @param available of the running kernel.
 * @throws SpoorError `kernel/no-event` for a rule that takes nothing.
 */
export function eventsOfRules(rules: readonly KernelRule[], available: readonly string[]): readonly string[] {
  const all = [...available, ...(available.includes(markerEvent) ? [] : [markerEvent])];
  const chosen = new Set<string>();
  for (const rule of rules) {
    const found = takesAll(rule)
      ? all.filter((event) => {
          const call = syscallOf(event);
          return (
            call !== undefined && call.call === undefined && takesSite(rule as { site: string }, call.site)
          );
        })
      : all.filter((event) => takes(rule, event));
    if (found.length === 0) throw noEvent(rule, available);
    for (const event of found) chosen.add(event);
  }
  for (const site of ['entry', 'exit'] as const) {
    const whole = `raw_syscalls:sys_${site === 'entry' ? 'enter' : 'exit'}`;
    if (!chosen.has(whole)) continue;
    for (const event of chosen) {
      const call = syscallOf(event);
      if (call?.call !== undefined && call.site === site) chosen.delete(event);
    }
  }
  return all.filter((event) => chosen.has(event));
}

/** The rules that take an event of a trace. */
export function rulesOfEvent(
  rules: readonly KernelRule[],
  { origin, name }: MappedEvent,
): readonly KernelRule[] {
  if (origin.kind === 'event') {
    const event = `${origin.format.system}:${origin.format.name}`;
    return rules.filter((rule) => takes(rule, event));
  }
  const call = origin.number < 0 ? undefined : name.replace(/^syscall_(?:entry|exit)_/, '');
  return rules.filter(
    (rule) =>
      rule.kind === 'syscall' &&
      takesSite(rule, origin.direction) &&
      (takesAll(rule) || (call !== undefined && globMatches(parseGlob(rule.name), call))),
  );
}

/** Filters of an event, one of which must be true; undefined where a rule takes all of it. */
export function filtersOfEvent(
  rules: readonly KernelRule[],
  event: MappedEvent,
): readonly string[] | undefined {
  const own = rulesOfEvent(rules, event);
  return own.some(({ filter }) => filter === undefined)
    ? undefined
    : own.flatMap(({ filter }) => (filter === undefined ? [] : [filter]));
}

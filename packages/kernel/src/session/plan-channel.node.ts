/** What a channel of a session is to record: events, contexts and filters that fit, found out before anything is changed. */
import { machine } from 'node:os';
import { SpoorError } from '@spoor/base';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { taskEvents } from '../live/select-events.ts';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { mapEvents } from '../mapping/map-events.ts';
import { readNamedFormats } from '../tracefs/tracefs.node.ts';
import { filterFits, type TaskSelection } from '../transcode/record-filter.ts';
import type { KernelChannelDescription } from './session-description.ts';
import { eventsOfRules, rulesOfEvent, type KernelRule } from './session-rules.ts';

/** What a channel is to record. */
export interface ChannelPlan {
  readonly description: KernelChannelDescription;
  /** Its rules, with those of its probes. */
  readonly rules: readonly KernelRule[];
  readonly events: readonly string[];
  /** Events that are switched on for the task table alone. */
  readonly tableEvents: readonly string[];
  /** Those of probes that read texts of system calls, for the reader alone. */
  readonly textEvents: readonly string[];
  readonly selections: readonly TaskSelection[];
}

/**
 * Finds out which events a channel records.
 * @throws SpoorError `kernel/no-event`, `kernel/context`, `kernel/filter-fits-nothing`, `filter/…`.
 */
export function planChannel(
  description: KernelChannelDescription,
  probeRules: readonly KernelRule[],
  selections: readonly TaskSelection[],
  available: readonly string[],
): ChannelPlan {
  const rules = [...description.rules, ...probeRules];
  kernelContexts(description.contexts);
  const known = [...available, ...probeRules.flatMap((rule) => (rule.kind === 'probe' ? rule.events : []))];
  const events = eventsOfRules(rules, known);
  const needsTasks =
    description.contexts.length > 0 ||
    selections.length > 0 ||
    rules.some(({ filter }) => filter?.includes('$ctx.') === true) ||
    events.includes('sched:sched_process_fork');
  return {
    description,
    rules,
    events,
    textEvents: [],
    selections,
    tableEvents: needsTasks
      ? taskEvents(
          description.contexts,
          rules.map(({ filter }) => filter),
        ).filter((name) => available.includes(name) && !events.includes(name))
      : [],
  };
}

/** @throws SpoorError `kernel/filter` for a rule whose filter is true of nothing that it takes. */
export function checkFilters(rules: readonly KernelRule[], events: readonly MappedEvent[]): void {
  for (const rule of rules) {
    const { filter } = rule;
    if (filter === undefined) continue;
    const own = events.filter((event) => rulesOfEvent([rule], event).length > 0);
    if (own.some((event) => filterFits(event, filter))) continue;
    throw new SpoorError(
      'kernel/filter',
      `the filter ${JSON.stringify(filter)} fits no event of ${rule.name}`,
      {
        hint: 'spoor list -k --fields shows what they have',
      },
    );
  }
}

/**
 * Finds out whether filters of a plan fit its events, before there is an instance. Those of probes are looked at when they
 * are made.
 * @throws SpoorError `kernel/filter`.
 */
export function checkPlannedFilters(root: string, plan: ChannelPlan, available: readonly string[]): void {
  const rules = plan.rules.filter(({ kind, filter }) => kind !== 'probe' && filter !== undefined);
  if (rules.length === 0) return;
  const events = eventsOfRules(rules, available);
  const formats = readNamedFormats(root, neededFormats({ ...plan, events }, available), undefined);
  const wanted = new Set(events);
  // With them, names of files and the like are texts. Which probes read these is not known before they are made.
  const textEvents = plan.description.syscallStrings === true ? ['texts'] : [];
  checkFilters(
    rules,
    mapEvents(formats, {
      naming: 'lttng',
      machine: machine(),
      wants: (name) => wanted.has(name),
      textEvents,
    }),
  );
}

/** Events whose formats are needed. */
export function neededFormats(
  { events, tableEvents: more, textEvents, description: { contexts } }: ChannelPlan,
  available: readonly string[],
): readonly string[] {
  const calls = events.includes('raw_syscalls:sys_enter')
    ? available.filter((name) => name.startsWith('syscalls:sys_enter_'))
    : [];
  const stacks = stackKinds(kernelContexts(contexts)).map((kind) => `ftrace:${kind}_stack`);
  return [...new Set([...events, ...more, ...calls, ...stacks, ...textEvents])];
}

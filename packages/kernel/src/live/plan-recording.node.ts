/** Which events a recording takes, and the same without recording: what the kernel says to probes and filters. */
import { machine } from 'node:os';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { mapEvents } from '../mapping/map-events.ts';
import { callTextProbes } from '../probes/call-text-probes.node.ts';
import { ProbeGroup, sweepProbes } from '../probes/probe-group.node.ts';
import { SessionProbes, type ProbeFacts } from '../session/session-probes.node.ts';
import { TracefsInstance, sweepInstances } from '../tracefs/instance.node.ts';
import { findTracefs, listEvents, readFormats } from '../tracefs/tracefs.node.ts';
import { isClaimed, noteOf } from '../recover/recording-note.node.ts';
import { containerFilter, findContainer } from './find-container.node.ts';
import { shareFilter, type FilterShare } from './filter-shares.node.ts';
import type { KernelRecordingOptions } from './kernel-recording.node.ts';
import { stackedEvents, withStacks, writeStacks } from './record-stacks.node.ts';
import { selectEvents } from './select-events.ts';

/** What a recording would take. */
export interface KernelRecordingPlan {
  /** `SYSTEM:NAME` of all events that would be switched on. */
  readonly events: readonly string[];
  /** What those of probes are, by `SYSTEM:NAME`. */
  readonly probes: ReadonlyMap<string, ProbeFacts>;
  /** Events whose stacks in the kernel are recorded, where they are not those of all. */
  readonly stackEvents: readonly string[] | undefined;
  /** How many places of libraries are probed for texts of system calls. */
  readonly textPlaces: number;
  /** All of the filter, with that of the container. */
  readonly filter: string | undefined;
  /** How the filter is shared between kernel and reader; empty without one. */
  readonly shares: readonly FilterShare[];
}

/**
 * Finds out what would be recorded: the kernel is asked whether it takes probes and filters, and nothing is switched on.
 * @throws SpoorError as {@link KernelRecording.prepare}.
 */
export function tryKernelRecording(
  given: Pick<
    KernelRecordingOptions,
    'events' | 'probes' | 'filter' | 'prefix' | 'contexts' | 'container' | 'syscallStrings' | 'stackEvents'
  >,
): KernelRecordingPlan {
  const options = withStacks(withContainer(given));
  const root = findTracefs();
  // A recorder that begins completes what killed ones left; this one begins nothing.
  sweepInstances(root, options.prefix, (name) => noteOf(name) !== undefined || isClaimed(name));
  sweepProbes(root, options.prefix);
  kernelContexts(options.contexts ?? []);
  const { available, chosen, probes, textEvents } = planEvents(root, options);
  const instance = createInstance(root, 'dry-run', options.prefix, probes);
  const facts = probes.facts();
  try {
    const { filter } = options;
    const stackEvents = stackedEvents(available, chosen, options.stackEvents);
    writeStacks(instance, stackKinds(kernelContexts(options.contexts ?? [])), stackEvents);
    const shares =
      filter === undefined
        ? []
        : shareFilter(
            instance,
            mapEvents(
              readFormats(root, {
                wants: (name) =>
                  chosen.includes(name) ||
                  (chosen.includes('raw_syscalls:sys_enter') && name.startsWith('syscalls:sys_enter_')),
              }),
              {
                naming: 'lttng',
                machine: machine(),
                wants: (name) => chosen.includes(name),
                eventNames: probes.eventNames,
                textEvents,
              },
            ),
            filter,
          );
    return {
      events: chosen,
      probes: facts,
      textPlaces: probes.hiddenCount,
      stackEvents,
      filter: options.filter,
      shares,
    };
  } finally {
    instance[Symbol.dispose]();
    probes.end();
  }
}

/** The container as a filter. @throws SpoorError `kernel/no-container`, `kernel/container`. */
export function withContainer<T extends Pick<KernelRecordingOptions, 'container' | 'filter'>>(options: T): T {
  const { container, filter } = options;
  if (container === undefined) return options;
  return { ...options, filter: containerFilter(findContainer(container), filter) };
}

/** The events that are chosen, those of probes with them. */
export function planEvents(
  root: string,
  {
    events,
    probes: requests = [],
    prefix,
    syscallStrings = false,
  }: Pick<KernelRecordingOptions, 'events' | 'probes' | 'prefix' | 'syscallStrings'>,
): {
  readonly available: readonly string[];
  readonly chosen: readonly string[];
  readonly probes: SessionProbes;
  /** Events of probes that read texts of system calls. */
  readonly textEvents: readonly string[];
} {
  const available = listEvents(root);
  const selected = events?.length === 0 ? [] : selectEvents(available, events ?? []);
  const probes = new SessionProbes(new ProbeGroup(root, 'record', prefix));
  const ofProbes = probes.rulesOf(requests).flatMap((rule) => (rule.kind === 'probe' ? rule.events : []));
  const textEvents = syscallStrings ? probes.hide(textProbes(root, selected)) : [];
  return { available, chosen: [...new Set([...selected, ...ofProbes])], probes, textEvents };
}

const entryPrefix = 'syscalls:sys_enter_';

/** Probes of the texts of all calls that are recorded, `SYSTEM:NAME`. */
export function textProbes(root: string, chosen: readonly string[]): ReturnType<typeof callTextProbes> {
  const isAll = chosen.includes('raw_syscalls:sys_enter');
  const formats = readFormats(root, {
    wants: (name) => name.startsWith(entryPrefix) && (isAll || chosen.includes(name)),
  });
  return callTextProbes(formats, machine(), (call) => isAll || chosen.includes(`${entryPrefix}${call}`));
}

/** The instance, with the probes that its events are of. */
export function createInstance(
  root: string,
  channel: string,
  prefix: string | undefined,
  probes: SessionProbes,
): TracefsInstance {
  try {
    probes.make();
    return TracefsInstance.create(root, channel, prefix);
  } catch (error) {
    probes.end();
    throw error;
  }
}

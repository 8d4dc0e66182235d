/** What the threads that read rings are told of a recording. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, machine, release, version } from 'node:os';
import { TaskLives } from '../contexts/task-lives.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import type { CounterChoice } from '../counters/counter-choice.node.ts';
import { eventsOfCounters } from '../counters/counter-events.node.ts';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { eventsOfLogs } from '../sources/log-sources.node.ts';
import { stateDumpEvents } from '../statedump/statedump-events.ts';
import type { StackNames } from '../symbols/stack-names.node.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import type { CtfSinkData } from '../transcode/ctf-sink.node.ts';
import { kernelEnvironment } from '../transcode/kernel-trace-class.ts';
import type { KernelRecordingOptions } from './kernel-recording.node.ts';

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** All but which classes the metadata has by now. */
export function sinkData(
  options: KernelRecordingOptions,
  formats: KernelFormats,
  events: readonly string[],
  tasks: TaskTable,
  instance: TracefsInstance,
  eventNames: ReadonlyMap<string, string>,
  counters: CounterChoice | undefined,
  textEvents: readonly string[],
  names: StackNames | undefined,
): Omit<CtfSinkData, 'declared'> {
  const kernelMachine = machine();
  return {
    formats: formats.events,
    printkFormats: formats.neededTexts,
    wanted: events,
    eventNames,
    textEvents,
    filter: options.filter,
    naming: options.naming ?? 'lttng',
    machine: kernelMachine,
    contexts: options.contexts ?? [],
    facts: {
      uuid: randomUUID(),
      clockUuid: bootId(),
      clockOffsetNs: options.clockOffsetNs,
      environment: kernelEnvironment(
        { hostname: hostname(), kernelRelease: release(), kernelVersion: version(), machine: kernelMachine },
        { trace_creation_datetime: new Date().toISOString().replace(/\.\d+Z$/, 'Z') },
      ),
    },
    moreEvents: [
      ...stateDumpEvents,
      ...eventsOfLogs(options.logs ?? {}),
      ...(counters === undefined ? [] : eventsOfCounters(counters)),
    ],
    tasks: tasks.memory,
    // Of raw pages nobody looks at the records in time.
    ...(options.followsThreads === true && options.raw !== true
      ? { lives: new TaskLives(tasks.taskCount).memory }
      : {}),
    metAddresses: names?.memory,
    directory: options.directory,
    channel: options.channel ?? 'channel0',
    instancePath: instance.path,
  };
}

/**
 * A kernel's trace whose rings are still pages. It is a directory with a trace in CTF, which has the state dump and all else that
 * does not come from rings; in its folder `raw` is a raw recording, and what is to be made of it. Together they are what a live
 * recording would have written.
 */
import { SpoorError } from '@spoor/base';
import type { ByteSource, TraceClass } from '@spoor/ctf';
import { idleTaskName, placeIdleTasksOf } from '../contexts/idle-tasks.ts';
import { mostTasks } from '../contexts/task-row.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { recordFilterOf } from '../live/recording-filter.ts';
import type { Naming } from '../mapping/map-events.ts';
import { convertRecording, type RingOutput } from './convert-recording.ts';
import { openRawRecording, readAll } from './open-raw.ts';
import { rawTasksFile, rawTraceFile } from './raw-names.ts';
import { enterSavedTasks } from './saved-tasks.ts';

const rawTraceVersion = 1;

/** What is to be made of pages. */
export interface RawTrace {
  readonly naming: Naming;
  /** Beginning of the names of its streams. */
  readonly channel: string;
  /** `SYSTEM:NAME` of what is in the trace. */
  readonly events: readonly string[];
  /** Names of events that are not the kernel's, by `SYSTEM:NAME`. */
  readonly eventNames: ReadonlyMap<string, string>;
  readonly contexts: readonly string[];
  readonly filter?: string | undefined;
}

/** The text of the file. */
export function formatRawTrace({ naming, channel, events, eventNames, contexts, filter }: RawTrace): string {
  const content = {
    version: rawTraceVersion,
    naming,
    channel,
    events,
    eventNames: [...eventNames],
    contexts,
    filter,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** @throws SpoorError `kernel/recording`, `kernel/recording-version`. */
export function parseRawTrace(text: string, where: string): RawTrace {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = (JSON.parse(text) as Readonly<Record<string, unknown>> | null) ?? {};
  } catch (cause) {
    throw new SpoorError('kernel/recording', 'it is no JSON', { where, cause });
  }
  const { version, naming, channel, events, eventNames, contexts, filter } = found;
  if (version !== rawTraceVersion) {
    throw new SpoorError('kernel/recording-version', `version ${String(version)} is not known`, {
      where,
      hint: `this Spoor reads version ${rawTraceVersion}`,
    });
  }
  const fail = (what: string): never => {
    throw new SpoorError('kernel/recording', `it does not say what is to be made of pages: ${what}`, {
      where,
    });
  };
  const names: readonly unknown[] = Array.isArray(eventNames) ? eventNames : fail('eventNames is no list');
  return {
    naming: naming === 'native' || naming === 'lttng' ? naming : fail('naming is neither native nor lttng'),
    channel: typeof channel === 'string' ? channel : fail('channel is no text'),
    events: isTexts(events) ? events : fail('events are no texts'),
    eventNames: new Map(
      names.map((pair) => {
        const [event = '', name = ''] = isTexts(pair) ? pair : fail('eventNames are no texts');
        return [event, name];
      }),
    ),
    contexts: isTexts(contexts) ? contexts : fail('contexts are no texts'),
    ...(filter === undefined
      ? {}
      : { filter: typeof filter === 'string' ? filter : fail('filter is no text') }),
  };
}

const mostTextBytes = 64 * 1_048_576;

/**
 * Converts the pages of a trace.
 * @param name of the raw recording, for messages.
 * @param open a file of the raw recording by its name; undefined where it is not there.
 * @param declared what the metadata of the trace says.
 * @returns the class of the trace with the events of its rings.
 * @throws SpoorError `kernel/recording…`, and what {@link convertRecording} throws.
 */
export function convertRawTrace(
  name: string,
  open: (file: string) => ByteSource | undefined,
  declared: TraceClass,
  output: (trace: RawTrace, cpu: number) => ReturnType<RingOutput>,
  warn: (line: string) => void,
): TraceClass {
  return placed(name, () => {
    const recording = openRawRecording(name, open);
    const text = (file: string): string | undefined => {
      const source = open(file);
      return source === undefined ? undefined : new TextDecoder().decode(readAll(source, mostTextBytes));
    };
    const wanted = text(rawTraceFile);
    if (wanted === undefined) {
      throw new SpoorError('kernel/recording', `it has no file ${rawTraceFile}`, {
        where: name,
        hint: `it can be read alone: spoor -c source.ftrace.raw -p 'inputs=["${name}"]'`,
      });
    }
    const trace = parseRawTrace(wanted, `${name}/${rawTraceFile}`);
    const events = new Set(trace.events);
    const tasks = new TaskTable(mostTasks);
    const cpus = recording.rings.map(({ cpu }) => cpu);
    for (const cpu of cpus) tasks.enterIdle(cpu, idleTaskName(recording.identity, cpu));
    const saved = text(rawTasksFile);
    if (saved !== undefined) enterSavedTasks(tasks, saved, `${name}/${rawTasksFile}`);
    placeIdleTasksOf(tasks, cpus);
    if (!recording.hasEnded) {
      warn(
        `${name}: its recorder has not ended; what is in the kernel's rings yet is not here (spoor recover adds what a killed one left)`,
      );
    }
    const converted = convertRecording(
      { ...recording, uuid: declared.uuid ?? recording.uuid },
      (cpu) => output(trace, cpu),
      {
        naming: trace.naming,
        contexts: trace.contexts,
        eventNames: trace.eventNames,
        ...(trace.filter === undefined ? {} : { filter: recordFilterOf(trace.filter) }),
        keeps: (event) => events.has(event),
        tasks,
        warn,
      },
    );
    return withRings(declared, converted);
  });
}

/** Runs what opens a recording; its errors tell which recording it was, where they do not yet. */
function placed<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SpoorError) || error.where?.startsWith(name) === true) throw error;
    // Formats are called as in tracefs; of a filter or a context it is not told where it is.
    const { code, message, where, hint } = error;
    throw new SpoorError(code, message, { where: where === undefined ? name : `${name}: ${where}`, hint });
  }
}

/** The declared trace with the stream class of the rings, whose clock is that of the trace. */
function withRings(declared: TraceClass, { streamClasses: [rings] }: TraceClass): TraceClass {
  const others = declared.streamClasses.filter(({ id }) => id !== rings!.id);
  const [clockClass] = declared.clockClasses;
  const placed = clockClass === undefined ? rings! : { ...rings!, clockClass };
  return { ...declared, streamClasses: [placed, ...others] };
}

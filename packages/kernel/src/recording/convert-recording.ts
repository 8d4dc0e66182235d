/** A recording as a trace: pages become packets, in the order of their times. */
import { SpoorError } from '@spoor/base';
import type { TraceClass } from '@spoor/ctf';
import { kernelEnvironment } from '../transcode/kernel-trace-class.ts';
import type { PageStreamStatistics } from '../transcode/page-stream.ts';
import type { PacketOutput } from '../transcode/packet-buffer.ts';
import { KernelTranscoder, type TranscoderOptions } from '../transcode/transcoder.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { idleTaskName } from '../contexts/idle-tasks.ts';
import { isOfTask, kernelContexts } from '../contexts/context-fields.ts';
import { birthEvent, enterBirths, tasksIn } from '../contexts/task-births.ts';
import { mostTasks } from '../contexts/task-row.ts';
import { TaskTable } from '../contexts/task-table.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { parseCommands } from '../print/trace-line.ts';
import { RingPages, scanRing, type KernelRecording, type RecordedRing } from './kernel-recording.ts';

/** How a recording is converted. */
export interface ConversionOptions extends Pick<
  TranscoderOptions,
  'naming' | 'contexts' | 'filter' | 'eventNames' | 'metAddresses'
> {
  /** Whether an event, `SYSTEM:NAME`, is in the trace; all that occur are by default. */
  readonly keeps?: (event: string) => boolean;
  /** Tasks of which more than their names is known. */
  readonly tasks?: TaskTable;
  /** Hears what became of each processor's ring. */
  readonly tell?: (statistics: PageStreamStatistics) => void;
  /** Hears of damage and of what was left out, a line each. */
  readonly warn: (line: string) => void;
}

/** Where the packets of a processor go. */
export type RingOutput = (cpu: number) => PacketOutput;

/** Clocks that count nanoseconds; the others count something that nobody has told the length of. */
const nanosecondClocks = new Set(['local', 'global', 'perf', 'mono', 'mono_raw', 'boot', 'tai']);

const encoder = new TextEncoder();

/** Enters tasks before any of their events is met, which may be in a page of another processor that begins earlier. */
function enterAllBirths(tasks: TaskTable, rings: readonly RecordedRing[], formats: KernelFormats): void {
  const birth = formats.ofName(birthEvent)!;
  const { layout } = formats;
  const births = rings.flatMap((ring) => tasksIn(pagesOf(ring, layout), layout, birth, undefined).births);
  enterBirths(tasks, births, () => false);
}

function* pagesOf(ring: RecordedRing, layout: PageLayout): Iterable<Uint8Array> {
  const pages = new RingPages(ring, layout);
  while (pages.next()) yield pages.bytes.subarray(pages.at, pages.at + pages.lengthBytes);
}

/** The one whose page begins first, of rings that have another page; of two that begin together the one named first. */
function earliest<Ring extends { readonly pages: RingPages; readonly isOpen: boolean }>(
  rings: readonly Ring[],
): Ring | undefined {
  let first: Ring | undefined;
  for (const ring of rings) {
    if (ring.isOpen && (first === undefined || beginsBefore(ring.pages, first.pages))) first = ring;
  }
  return first;
}

function beginsBefore(page: RingPages, other: RingPages): boolean {
  return page.beginHi < other.beginHi || (page.beginHi === other.beginHi && page.beginLo < other.beginLo);
}

/**
 * Converts a recording.
 * @returns the class of the trace, which has the events that occur.
 * @throws SpoorError `kernel/clock` for a clock that does not count nanoseconds, `kernel/machine`, `kernel/context`.
 */
export function convertRecording(
  recording: KernelRecording,
  output: RingOutput,
  options: ConversionOptions,
): TraceClass {
  const { rings, name } = recording;
  const { layout, events } = recording.formats;
  const formats = new KernelFormats(layout, events, () => recording.printkFormats);
  const { naming, contexts, warn, keeps, filter, eventNames, metAddresses } = options;
  if (!nanosecondClocks.has(recording.clock)) {
    throw new SpoorError('kernel/clock', `times of the clock ${recording.clock} are no nanoseconds`, {
      where: name,
      hint: 'record with the clock mono',
    });
  }
  const contents = rings.map((ring) => scanRing(ring, formats.layout));
  const occurs = new Set<string>();
  const unknown = new Set<number>();
  for (const { types } of contents) {
    for (let type = types.indexOf(1); type >= 0; type = types.indexOf(1, type + 1)) {
      const format = formats.ofId(type);
      if (format === undefined) unknown.add(type);
      else occurs.add(`${format.system}:${format.name}`);
    }
  }
  for (const type of unknown)
    warn(`${name}: no format tells what events of number ${type} are; they are left out`);
  const tasks = options.tasks ?? new TaskTable(mostTasks);
  const isAboutTasks =
    filter !== undefined || kernelContexts(contexts ?? []).some(({ source }) => isOfTask(source));
  if (isAboutTasks && occurs.has(birthEvent)) enterAllBirths(tasks, rings, formats);
  // They are those of the end.
  for (const [tid, command] of parseCommands(recording.commands)) {
    if (!tasks.isKnown(tid)) tasks.setName(tid, encoder.encode(command));
  }
  for (const { cpu } of rings) tasks.enterIdle(cpu, idleTaskName(recording.identity, cpu));
  const transcoder = new KernelTranscoder(formats, {
    naming,
    machine: recording.identity.machine,
    facts: {
      uuid: recording.uuid,
      clockOffsetNs: recording.clockOffsetNs,
      // What a recording does not tell is better not said than said to be empty.
      environment: new Map(
        [...kernelEnvironment(recording.identity, { spoor_clock: recording.clock })].filter(
          ([, value]) => value !== '',
        ),
      ),
    },
    wants: (event) => occurs.has(event) && keeps?.(event) !== false,
    ...(filter === undefined ? {} : { filter }),
    ...(eventNames === undefined ? {} : { eventNames }),
    ...(metAddresses === undefined ? {} : { metAddresses }),
    tasks,
    contexts: contexts ?? [],
  });
  const streams = rings.map((ring, index) => {
    const pages = new RingPages(ring, formats.layout);
    const stream = transcoder.stream({ cpu: ring.cpu, output: output(ring.cpu) });
    return { ring, pages, stream, content: contents[index]!, isOpen: pages.next() };
  });
  // Losses of a ring without pages are told at the beginning: it has no time of its own.
  const begin = earliest(streams)?.pages;
  if (begin !== undefined) {
    for (const { stream, isOpen } of streams) if (!isOpen) stream.beginAt(begin.beginHi, begin.beginLo);
  }
  // Page by page in the order of their beginnings, for what is known of tasks changes with time.
  for (let next = earliest(streams); next !== undefined; next = earliest(streams)) {
    const { pages, stream } = next;
    stream.page(pages.bytes, pages.at, pages.lengthBytes);
    next.isOpen = pages.next();
  }
  for (const { ring, pages, stream, content } of streams) {
    stream.flush();
    // A full ring drops events without a word in its pages: only its own count knows of them. What it had beside
    // and is not in the source was being written when its recorder was killed, or found no room on the disk.
    const unwritten = Math.max(0, (ring.handedCount ?? 0) - content.eventCount);
    const untold = (ring.lostCount ?? 0) + unwritten - stream.statistics.lostCount;
    if (untold > 0) stream.discard(untold);
    stream.close();
    options.tell?.(stream.statistics);
    if (content.damagedCount > 0) {
      warn(`${ring.source.name}: ${content.damagedCount} damaged pages; the rest of each is left out`);
    }
    if (pages.restBytes > 0) {
      warn(`${ring.source.name}: ${pages.restBytes} bytes at its end are no whole page; they are left out`);
    }
  }
  return transcoder.traceClass;
}

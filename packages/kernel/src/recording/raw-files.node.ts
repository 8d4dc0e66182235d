/** The files of a raw recording beside its pages: all that is needed to understand them. */
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { endianness, hostname, machine, release, version } from 'node:os';
import { join } from 'node:path';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import { SpoorError } from '@spoor/base';
import { FileSource } from '@spoor/ctf/node';
import { isAvailable } from '@spoor/sys';
import type { SinkReference } from '../drain/page-sink.ts';
import { btfConstants } from '../formats/btf-constants.ts';
import { parsePageHeader, type PageLayout } from '../formats/page-layout.ts';
import { usedConstants } from '../print/field-labels.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import { lostOf, type RingStatistics } from '../tracefs/ring-statistics.ts';
import { listEvents, readIfThere } from '../tracefs/tracefs.node.ts';
import { parseDescription, rawRecordingVersion, type RawDescription } from './description.ts';
import { packFormats, unpackFormats, type FormatFile } from './format-archive.ts';
import { scanRing, type PageForm } from './kernel-recording.ts';
import { replaceFile, writeReserved } from './replace-file.node.ts';

/** What is kept beside the pages. */
export interface RawFileOptions {
  /**
   * Events whose formats are kept, `SYSTEM:NAME`: those that are switched on. Those that the kernel writes itself always
   * are, and with `raw_syscalls` all of `syscalls`, for they name the arguments.
   */
  readonly events: readonly string[];
  /**
   * How pages are stored: `whole` (the default where koffi is) lets full ones go to the files past this process; `stored`
   * takes less room where little is recorded.
   */
  readonly pageForm?: PageForm;
  /** Whether names of addresses are kept, some megabytes. Yes by default. */
  readonly kallsyms?: boolean;
  /** From the clock's zero to 1970, where the recording has one with others; measured by default. */
  readonly clockOffsetNs?: bigint;
}

/** The formats of events, and of those that the kernel writes itself. */
export function formatFiles(root: string, events: readonly string[]): FormatFile[] {
  const own = readdirSync(join(root, 'events/ftrace')).filter((name) =>
    statSync(join(root, 'events/ftrace', name)).isDirectory(),
  );
  const wanted = new Set([...events, ...own.map((name) => `ftrace:${name}`)]);
  if (events.some((event) => event.startsWith('raw_syscalls:'))) {
    for (const event of listEvents(root)) if (event.startsWith('syscalls:')) wanted.add(event);
  }
  return [...wanted].flatMap((event) => {
    const colon = event.indexOf(':');
    const system = event.slice(0, colon);
    const name = event.slice(colon + 1);
    const text = readIfThere(join(root, 'events', system, name, 'format'));
    return text === undefined ? [] : [{ system, name, text }];
  });
}

/** Difference of the clock to the wall clock, where Node.js can tell it. */
function clockOffset(clock: string): string | undefined {
  return clock === 'mono' ? String(measureClockOffsetNs()) : undefined;
}

const descriptionFile = 'ftrace.json';

/** Nothing that a kernel counts is longer in decimal. */
const longestCount = 2 ** 64;

/** What became of the records of all rings. */
export interface RawCounts {
  /** Those in the files. */
  readonly eventCount: number;
  /** Those that found no room in the rings. */
  readonly lostCount: number;
  /** Those that were in the rings and are not in the files. */
  readonly unwrittenCount: number;
  /** Of the files. */
  readonly sizeBytes: number;
}

/** The files of one recording. */
export class RawFiles {
  readonly directory: string;
  readonly layout: PageLayout;
  readonly description: RawDescription;

  private constructor(directory: string, layout: PageLayout, description: RawDescription) {
    this.directory = directory;
    this.layout = layout;
    this.description = description;
  }

  /**
   * Writes what is known before recording begins: a reader of a recording that is cut off has all but the counts.
   * @param directory is made; it must be empty.
   * @throws SpoorError `kernel/recording-exists`, `kernel/write`, `kernel/disk-full`.
   */
  static begin(instance: TracefsInstance, directory: string, options: RawFileOptions): RawFiles {
    mkdirSync(directory, { recursive: true });
    if (readdirSync(directory).length > 0) {
      throw new SpoorError('kernel/recording-exists', 'the directory of a recording must be empty', {
        where: directory,
      });
    }
    const { root } = instance;
    const write = (name: string, content: string | Uint8Array, mode?: number): void => {
      replaceFile(join(directory, name), content, mode);
    };
    const header = readFileSync(join(root, 'events/header_page'), 'latin1');
    write('header_page', header);
    write('header_event', readFileSync(join(root, 'events/header_event')));
    write('formats', packFormats(formatFiles(root, options.events)));
    for (const name of ['printk_formats', 'saved_cmdlines']) write(name, readIfThere(join(root, name)) ?? '');
    // Where the kernel is in memory is for those alone who may know it of the running one.
    if (options.kallsyms !== false) write('kallsyms', readIfThere('/proc/kallsyms') ?? '', 0o640);
    const clock = instance.clock();
    const littleEndian = endianness() === 'LE';
    const { subBufferBytes } = instance.geometry();
    const description: RawDescription = {
      version: rawRecordingVersion,
      hostname: hostname(),
      kernelRelease: release(),
      kernelVersion: version(),
      machine: machine(),
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      littleEndian,
      subBufferBytes,
      // Pages that pass this process by are not looked at, and so not cut to what is used of them.
      pageForm: options.pageForm ?? (isAvailable().available ? 'whole' : 'stored'),
      clock,
      clockOffsetNs: options.clockOffsetNs === undefined ? clockOffset(clock) : String(options.clockOffsetNs),
      cpus: instance.cpus,
    };
    const layout = parsePageHeader(header, littleEndian, subBufferBytes);
    const files = new RawFiles(directory, layout, description);
    files.describe();
    files.reserve();
    return files;
  }

  /** Those that another process has begun. @throws SpoorError `kernel/recording…`, and what opening a file throws. */
  static reopen(directory: string): RawFiles {
    const path = join(directory, descriptionFile);
    const description = parseDescription(readFileSync(path, 'utf8'), path);
    const { littleEndian, subBufferBytes } = description;
    const header = readFileSync(join(directory, 'header_page'), 'latin1');
    return new RawFiles(directory, parsePageHeader(header, littleEndian, subBufferBytes), description);
  }

  /** What writes the pages of a ring. */
  get sink(): SinkReference {
    const { directory, description } = this;
    return {
      module: new URL('./raw-sink.node.js', import.meta.url),
      data: { directory, pageForm: description.pageForm },
    };
  }

  /**
   * Writes what is known at the end.
   * @param root of tracefs.
   * @param statistics of the rings, which have been read.
   * @throws SpoorError `kernel/write`, `kernel/disk-full`: then all but the counts may be missing.
   */
  end(root: string, statistics: readonly RingStatistics[]): void {
    // There is room for them in any case: what is lost must not be told to be there.
    this.describe(statistics);
    this.describeConstants();
    // Names of threads that were seen meanwhile.
    replaceFile(join(this.directory, 'saved_cmdlines'), readIfThere(join(root, 'saved_cmdlines')) ?? '');
  }

  /**
   * Counts the records in the files.
   * @param statistics of the rings.
   */
  count(statistics: readonly RingStatistics[]): RawCounts {
    let eventCount = 0;
    let lostCount = 0;
    let unwrittenCount = 0;
    let sizeBytes = 0;
    for (const counts of statistics) {
      const { cpu, entries, read } = counts;
      const path = join(this.directory, `cpu${cpu}`);
      let found = 0;
      if (existsSync(path)) {
        using source = new FileSource(path);
        sizeBytes += source.sizeBytes;
        const form = this.description.pageForm;
        found = scanRing({ cpu, source, form, lostCount: undefined }, this.layout).eventCount;
      }
      eventCount += found;
      lostCount += lostOf(counts);
      unwrittenCount += Math.max(0, read + entries - found);
    }
    return { eventCount, lostCount, unwrittenCount, sizeBytes };
  }

  private textOf(statistics: readonly RingStatistics[] | undefined): string {
    return `${JSON.stringify({ ...this.description, statistics }, undefined, 2)}\n`;
  }

  private describe(statistics?: readonly RingStatistics[]): void {
    replaceFile(join(this.directory, descriptionFile), this.textOf(statistics));
  }

  /** Takes the room that the description needs at the end, when the disk may be full. */
  private reserve(): void {
    const longest = this.description.cpus.map((cpu) => ({
      cpu,
      entries: longestCount,
      overrun: longestCount,
      commitOverrun: longestCount,
      bytes: longestCount,
      dropped: longestCount,
      read: longestCount,
    }));
    writeReserved(join(this.directory, descriptionFile), this.textOf(longest).length);
  }

  /** Writes the values of names that print formats use, which takes too long for the beginning. */
  private describeConstants(): void {
    const path = '/sys/kernel/btf/vmlinux';
    if (!existsSync(path)) return;
    const { layout, directory } = this;
    const names = usedConstants(unpackFormats(readFileSync(join(directory, 'formats')), layout, directory));
    const lines = [...btfConstants(readFileSync(path), names)].map(([name, value]) => `${name} ${value}\n`);
    replaceFile(join(directory, 'constants'), lines.join(''));
  }
}

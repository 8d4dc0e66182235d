/** Writes a raw recording: the pages of an instance's rings as they are, and all that is needed to understand them. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { endianness, hostname, machine, release, version } from 'node:os';
import { join } from 'node:path';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import { SpoorError } from '@spoor/base';
import { isAvailable } from '@spoor/sys';
import { KernelDrain, type DrainOptions } from '../drain/kernel-drain.node.ts';
import type { RingResult } from '../drain/page-sink.ts';
import { parsePageHeader, type PageLayout } from '../formats/page-layout.ts';
import type { RingStatistics } from '../tracefs/ring-statistics.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import { listEvents, readIfThere } from '../tracefs/tracefs.node.ts';
import { btfConstants } from '../formats/btf-constants.ts';
import { usedConstants } from '../print/field-labels.ts';
import { rawRecordingVersion, type RawDescription } from './description.ts';
import type { PageForm } from './kernel-recording.ts';
import { packFormats, unpackFormats, type FormatFile } from './format-archive.ts';

/** What is recorded beside the pages. */
export interface RawRecordingOptions extends Pick<DrainOptions, 'intervalMs' | 'threads' | 'onFailure'> {
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

/** A raw recording that goes on. */
export class RawRecording {
  readonly directory: string;
  private readonly instance: TracefsInstance;
  private readonly drain: KernelDrain;
  private readonly description: RawDescription;
  private readonly layout: PageLayout;

  private constructor(
    directory: string,
    instance: TracefsInstance,
    drain: KernelDrain,
    description: RawDescription,
    layout: PageLayout,
  ) {
    this.layout = layout;
    this.directory = directory;
    this.instance = instance;
    this.drain = drain;
    this.description = description;
  }

  /**
   * Begins to write what an instance records; the caller starts the instance.
   * @param directory is made; it must not hold a recording.
   * @throws SpoorError `kernel/recording-exists`, `kernel/drain`, `kernel/ERRNO`.
   */
  static async start(
    instance: TracefsInstance,
    directory: string,
    options: RawRecordingOptions,
  ): Promise<RawRecording> {
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    if (readdirSync(directory).length > 0) {
      throw new SpoorError('kernel/recording-exists', 'the directory of a recording must be empty', {
        where: directory,
      });
    }
    const { root } = instance;
    const write = (name: string, content: string | Uint8Array): void => {
      writeFileSync(join(directory, name), content, { mode: 0o640, flag: 'wx' });
    };
    const header = readFileSync(join(root, 'events/header_page'), 'latin1');
    write('header_page', header);
    write('header_event', readFileSync(join(root, 'events/header_event')));
    const formats = packFormats(formatFiles(root, options.events));
    write('formats', formats);
    for (const name of ['printk_formats', 'saved_cmdlines']) write(name, readIfThere(join(root, name)) ?? '');
    if (options.kallsyms !== false) write('kallsyms', readIfThere('/proc/kallsyms') ?? '');
    const clock = instance.clock();
    const littleEndian = endianness() === 'LE';
    const { subBufferBytes } = instance.geometry();
    // Pages that pass this process by are not looked at, and so not cut to what is used of them.
    const pageForm = options.pageForm ?? (isAvailable().available ? 'whole' : 'stored');
    const description: RawDescription = {
      version: rawRecordingVersion,
      hostname: hostname(),
      kernelRelease: release(),
      kernelVersion: version(),
      machine: machine(),
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      littleEndian,
      subBufferBytes,
      pageForm,
      clock,
      clockOffsetNs: clockOffset(clock),
      cpus: instance.cpus,
    };
    const layout = parsePageHeader(header, littleEndian, subBufferBytes);
    const drain = await KernelDrain.start(instance, {
      ...options,
      layout,
      sink: { module: new URL('./raw-sink.node.js', import.meta.url), data: { directory, pageForm } },
    });
    const recording = new RawRecording(directory, instance, drain, description, layout);
    recording.describe();
    return recording;
  }

  /** Written beside and renamed: a reader sees the old or the new one. */
  private describe(statistics?: readonly RingStatistics[]): void {
    const path = join(this.directory, 'ftrace.json');
    writeFileSync(`${path}.new`, `${JSON.stringify({ ...this.description, statistics }, undefined, 2)}\n`, {
      mode: 0o640,
    });
    renameSync(`${path}.new`, path);
  }

  /** Writes the values of names that print formats use, which takes too long for the beginning. */
  private describeConstants(): void {
    const path = '/sys/kernel/btf/vmlinux';
    if (!existsSync(path)) return;
    const { layout, directory } = this;
    const names = usedConstants(unpackFormats(readFileSync(join(directory, 'formats')), layout, directory));
    const lines = [...btfConstants(readFileSync(path), names)].map(([name, value]) => `${name} ${value}\n`);
    writeFileSync(join(directory, 'constants'), lines.join(''), { mode: 0o640 });
  }

  /** Resolves when all that has been recorded until now is in the files. */
  flush(): Promise<void> {
    return this.drain.flush();
  }

  /** Stops the instance and ends the recording. */
  async stop(): Promise<{
    readonly rings: readonly RingResult[];
    readonly statistics: readonly RingStatistics[];
  }> {
    this.instance.stop();
    const rings = await this.drain.stop();
    const statistics = this.instance.statistics();
    this.describeConstants();
    // Names of threads that were seen meanwhile.
    writeFileSync(
      join(this.directory, 'saved_cmdlines'),
      readIfThere(join(this.instance.root, 'saved_cmdlines')) ?? '',
    );
    this.describe(statistics);
    return { rings, statistics };
  }
}

/** Writes a raw recording: the pages of an instance's rings as they are, and all that is needed to understand them. */
import { KernelDrain, type DrainOptions } from '../drain/kernel-drain.node.ts';
import type { RingResult } from '../drain/page-sink.ts';
import type { RingStatistics } from '../tracefs/ring-statistics.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import { RawFiles, type RawFileOptions } from './raw-files.node.ts';

/** What is recorded, and how. */
export interface RawRecordingOptions
  extends RawFileOptions, Pick<DrainOptions, 'intervalMs' | 'threads' | 'onFailure'> {}

/** A raw recording that goes on. */
export class RawRecording {
  private readonly instance: TracefsInstance;
  private readonly drain: KernelDrain;
  private readonly files: RawFiles;

  private constructor(instance: TracefsInstance, drain: KernelDrain, files: RawFiles) {
    this.instance = instance;
    this.drain = drain;
    this.files = files;
  }

  get directory(): string {
    return this.files.directory;
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
    const files = RawFiles.begin(instance, directory, options);
    const drain = await KernelDrain.start(instance, { ...options, layout: files.layout, sink: files.sink });
    return new RawRecording(instance, drain, files);
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
    this.files.end(this.instance.root, statistics);
    return { rings, statistics };
  }
}

/** Streams of a recording's trace that are not of the rings: the state dump, logs, counters. */
import { join } from 'node:path';
import { createTraceWriter, type ByteSink, type StreamWriter, type TraceClass } from '@spoor/ctf';
import { FileSink } from '@spoor/ctf/node';
import type { CtfSinkData } from '../transcode/ctf-sink.node.ts';
import { MetadataFile } from '../transcode/metadata-file.node.ts';

/** Behind those of the processors, with their numbers from the first free one on. */
const plainStreams = { statedump: 1, kmsg: 2, bpftrace: 3, counters_threads: 4, counters: 5 } as const;

/** Makes them. */
export class PlainStreams {
  /** What is written of logs and counters is part of the recording's size. */
  writtenBytes = 0;
  private readonly traceClass: TraceClass;
  private readonly directory: string;
  private readonly data: Pick<CtfSinkData, 'channel' | 'declared'>;
  private readonly cpus: readonly number[];

  /** @param cpus the processors that have rings. */
  constructor(
    traceClass: TraceClass,
    directory: string,
    data: Pick<CtfSinkData, 'channel' | 'declared'>,
    cpus: readonly number[],
  ) {
    this.traceClass = traceClass;
    this.directory = directory;
    this.data = data;
    this.cpus = cpus;
  }

  /** Has the metadata tell of their events. @throws SpoorError `output/failed`. */
  declare(): void {
    using metadata = new MetadataFile(
      join(this.directory, 'metadata'),
      this.traceClass,
      new Int32Array(this.data.declared),
    );
    metadata.declareStream(1);
  }

  /** Opens one; its files must not be there yet. @throws SpoorError `output/…`. */
  open(name: keyof typeof plainStreams, cpu?: number): StreamWriter {
    const { traceClass, directory, data, cpus } = this;
    const output = {
      create: (file: string): ByteSink =>
        // The metadata is there already.
        file === 'metadata'
          ? { write: () => undefined, close: () => undefined }
          : this.counted(new FileSink(join(directory, file)), name),
    };
    const plainClass = { ...traceClass, streamClasses: traceClass.streamClasses.slice(1) };
    return createTraceWriter(plainClass, output, { index: true }).stream({
      id: Math.max(...cpus) + plainStreams[name] + (cpu ?? 0),
      name: `${data.channel}_${name}${cpu === undefined ? '' : `_${cpu}`}`,
      packet: { context: { cpu_id: cpu ?? 0 } },
    });
  }

  private counted(sink: ByteSink, name: keyof typeof plainStreams): ByteSink {
    if (name === 'statedump') return sink;
    return {
      write: (bytes, lengthBytes) => {
        this.writtenBytes += lengthBytes;
        sink.write(bytes, lengthBytes);
      },
      close: () => sink.close(),
    };
  }
}

// Where `spoor log` puts lines: recordings of the kernel, by their markers, and of programs, as one of them.
import { createRequire } from 'node:module';
import { SpoorError } from '@spoor/base';
import type { LogLevel, Tracepoint } from '@spoor/tracer';

/** Takes lines; answers how many recordings have taken one, as far as that can be told. */
export interface LineSink {
  write(text: string): number;
  close(): void;
}

/** What is said of a line. */
export interface LineFacts {
  /** Undefined where none was given. */
  readonly level: LogLevel | undefined;
  /** What it comes from, such as `bpftrace`; empty where that was not given. */
  readonly source: string;
}

/** Recordings that begin while lines come are looked for so often. */
const lookEveryNs = 500_000_000n;

/**
 * The recordings of the kernel.
 * @param own marker of the recording that this command runs in; of all that go on without.
 */
export async function kernelLines(own: string | undefined, { level, source }: LineFacts): Promise<LineSink> {
  const { MarkWriter, runningMarkers } = await import('@spoor/kernel/node');
  const writer = new MarkWriter();
  // An event of the kernel has a text and nothing else.
  const head = `${level === undefined ? '' : `[${level}] `}${source === '' ? '' : `${source}: `}`;
  let lookedNs: bigint | undefined;
  const look = (): void => {
    if (own !== undefined) writer.use([own]);
    else writer.use(runningMarkers());
  };
  return {
    write(text) {
      const nowNs = process.hrtime.bigint();
      if (lookedNs === undefined || nowNs - lookedNs > lookEveryNs) {
        lookedNs = nowNs;
        look();
      }
      return writer.write(head + text);
    },
    close: () => writer[Symbol.dispose](),
  };
}

/** Event of lines in recordings of programs. */
const eventName = 'lttng_logger:event';

/** The recordings of programs: this process becomes one that they record. */
export async function programLines({ level = 'info', source }: LineFacts): Promise<LineSink> {
  // Of what this command does nothing is wanted but its lines.
  process.env['SPOOR_AUTO'] = '-all';
  createRequire(import.meta.url)('@spoor/tracer/register');
  const { tracepoint } = await import('@spoor/tracer');
  const emit: Tracepoint<readonly [string, string]> = tracepoint(
    eventName,
    [
      ['msg', 'string'],
      ['source', 'cached-string'],
    ],
    { logLevel: level },
  );
  return {
    write(text) {
      const taken = emit.enabled ? 1 : 0;
      emit(text, source);
      return taken;
    },
    close: () => undefined,
  };
}

/** Several at once; of those that fail only the first failure counts, and only if none takes anything. */
export class LineSinks {
  private readonly sinks: LineSink[];
  private failure: SpoorError | undefined;
  lineCount = 0;
  takenCount = 0;

  constructor(sinks: readonly LineSink[]) {
    this.sinks = [...sinks];
  }

  /** Why nothing was taken, where something failed. */
  get reason(): SpoorError | undefined {
    return this.failure;
  }

  write(text: string): void {
    this.lineCount += 1;
    let isTaken = false;
    for (const sink of this.sinks) {
      try {
        if (sink.write(text) > 0) isTaken = true;
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
        this.failure ??= error;
      }
    }
    if (isTaken) this.takenCount += 1;
  }

  close(): void {
    for (const sink of this.sinks) sink.close();
  }
}

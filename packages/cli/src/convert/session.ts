/** What commands that run graphs share: the plug-ins, where text goes, what is told, and Ctrl-C. */
import { SpoorError } from '@spoor/base';
import {
  ClosedPipeError,
  clockClass,
  ctfFsClass,
  dmesgClass,
  eventsClass,
  ftraceClasses,
  muxerClass,
  pipeClasses,
  trimmerClass,
  debugInfoClass,
  FileBinaries,
  spansClass,
  type EventFlow,
} from '@spoor/components/node';
import {
  Graph,
  Logger,
  PluginRegistry,
  type GraphDescription,
  type LogLevel,
  type Plugin,
} from '@spoor/graph';
import { levelOf, type GeneralOptions } from '../commands/general-options.ts';
import { loadRawReader } from './raw-rings.ts';
import { colorsFor, colorsSupported } from './colors.ts';
import { sinkFormats, TextOutputs } from './sinks.ts';
import { keepYoungGenerationSmall, leavesLittleGarbage } from './young-generation.ts';

/** Status of a command that Ctrl-C ended, as babeltrace2 has it. */
export const interruptedStatus = 2;

const pluginTexts: Readonly<Record<string, string>> = {
  columns: 'Tables of events, a column a field',
  ctf: 'CTF input and output',
  ftrace: 'Recordings of the Linux kernel',
  'lttng-utils': 'LTTng-specific graph utilities',
  otlp: 'Spans for collectors of OpenTelemetry',
  pipe: 'Programs as components',
  text: 'Plain text input and output',
  utils: 'Common graph utilities',
};

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One run of a command. */
export class Session {
  readonly registry: PluginRegistry<EventFlow> = new PluginRegistry();
  readonly level: LogLevel;
  private readonly logger: Logger;
  private readonly options: GeneralOptions;
  private readonly strict: boolean;
  private readonly outputs = new TextOutputs();
  private readonly told = new Set<string>();
  /** Of the streams of all CTF traces that are open. */
  private openedBytes = 0;

  constructor(options: GeneralOptions & { readonly strict?: boolean }) {
    this.options = options;
    this.level = levelOf(options);
    this.logger = new Logger(this.level, (_, text) => say(`spoor: ${text}`));
    this.strict = options.strict ?? false;
    for (const plugin of this.builtIn()) this.registry.add(plugin, '(built in)');
  }

  /** Trouble with a trace: told once, and the status is that of a failure. */
  private readonly warn = (line: string): void => {
    if (this.told.has(line)) return;
    this.told.add(line);
    if (this.strict) throw new SpoorError('convert/strict', line);
    this.logger.warn(line);
  };

  /** Tells of trouble that is no fault of a trace. */
  tellTrouble(line: string): void {
    this.logger.warn(line);
  }

  private builtIn(): readonly Plugin<EventFlow>[] {
    const { warn } = this;
    const plugin = (name: string, classes: Plugin<EventFlow>['componentClasses']): Plugin<EventFlow> => ({
      name,
      description: pluginTexts[name] ?? '',
      author: 'the Spoor authors',
      license: 'MIT',
      componentClasses: [...classes, ...this.sinksOf(name)],
    });
    return [
      plugin('columns', []),
      plugin('otlp', []),
      plugin('ctf', [
        ctfFsClass(
          {
            warn,
            onOpen: ({ sizeBytes }) => {
              this.openedBytes += sizeBytes;
            },
          },
          loadRawReader,
        ),
      ]),
      plugin(
        'ftrace',
        ftraceClasses({ warn }, () => import('@spoor/components/ftrace')),
      ),
      plugin('lttng-utils', [debugInfoClass(() => new FileBinaries())]),
      plugin('pipe', pipeClasses),
      plugin('text', [dmesgClass({ warn })]),
      plugin('utils', [muxerClass, trimmerClass, eventsClass, clockClass, spansClass]),
    ];
  }

  private sinksOf(plugin: string): Plugin<EventFlow>['componentClasses'] {
    return sinkFormats
      .filter(({ className }) => className.startsWith(`sink.${plugin}.`))
      .map(({ className, description, parameters, binary, make }) => ({
        kind: 'sink',
        name: className.slice(`sink.${plugin}.`.length),
        description,
        parameters,
        create: (given) => {
          const path = given.get('path');
          return make({
            parameters: given,
            output: () => this.outputs.open(typeof path === 'string' ? path : undefined, binary !== true),
            colorsOf: (choice) => colorsFor(choice, this.options.colorsOnTerminalsOnly === true),
            messages: say,
          });
        },
      }));
  }

  /** Makes a graph; undefined where it is not wanted any more before it stands. */
  private async make(
    description: GraphDescription,
    signal: AbortSignal,
    retryMs: number,
  ): Promise<Graph<EventFlow> | undefined> {
    const { allowedMipVersions } = this.options;
    try {
      return await Graph.make(this.registry, description, {
        signal,
        logLevel: this.level,
        log: (component, level, text) => {
          if (level === 'warning' || level === 'error' || level === 'fatal') say(`spoor: ${text}`);
          else say(`spoor: ${level}: ${component}: ${text}`);
        },
        turn: () => new Promise((resolve) => void setImmediate(resolve)),
        retryMs,
        ...(allowedMipVersions === undefined ? {} : { mipVersions: allowedMipVersions }),
      });
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined;
      throw error;
    }
  }

  /**
   * Runs a graph to its end.
   * @returns the exit status: 1 when a trace is damaged, whatever of it could be read.
   */
  async run(
    description: GraphDescription,
    { retryMs = 100 }: { readonly retryMs?: number | undefined } = {},
  ): Promise<number> {
    try {
      return await interruptible(async (signal) => {
        const graph = await this.make(description, signal, retryMs);
        if (graph === undefined) return interruptedStatus;
        if (leavesLittleGarbage(description, this.openedBytes)) keepYoungGenerationSmall();
        const result = await graph.run();
        // As babeltrace2 does, whatever was printed: terminals are left without colours.
        if (this.outputs.printsText && colorsSupported()) {
          this.outputs.open(undefined).write(new TextEncoder().encode('\u001b[0m'), 4);
        }
        if (result === 'aborted') return interruptedStatus;
        return this.told.size === 0 ? 0 : 1;
      });
    } catch (error) {
      // `spoor DIR | head` has seen enough.
      if (error instanceof ClosedPipeError) return 0;
      throw error;
    } finally {
      this.outputs.close();
    }
  }
}

/** Does work that Ctrl-C ends in good order; at the second one the process ends at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

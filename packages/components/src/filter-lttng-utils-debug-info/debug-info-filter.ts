/** `filter.lttng-utils.debug-info`: where the addresses of events come from. */
import { describeError, type SpoorError } from '@spoor/base';
import {
  InputPort,
  OutputPort,
  type ComponentClass,
  type FilterComponent,
  type Parameters,
  type ParameterTable,
} from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import type { BinaryFiles, DebugInfoPlaces } from './binary.ts';
import { DebugInfoFlow } from './debug-info-flow.ts';

/** Choices, as babeltrace2 has them. */
export interface DebugInfoOptions extends DebugInfoPlaces {
  /** Name of the member; `debug_info` without it. */
  readonly fieldName?: string;
  /** Writes whole paths. */
  readonly fullPath?: boolean;
}

/** Where distributions put debug information that was taken out. */
export const defaultDebugInfoDir = '/usr/lib/debug';

/** The parameters of the filter, babeltrace2's. */
export const debugInfoParameters: ParameterTable = {
  'debug-info-dir': {
    kind: 'string',
    text: 'Where debug information lies that was taken out; /usr/lib/debug without it.',
  },
  'debug-info-field-name': {
    kind: 'string',
    text: 'Name of the member that events get; debug_info without it.',
  },
  'full-path': { kind: 'boolean', text: 'Writes whole paths of binaries and sources.' },
  'target-prefix': {
    kind: 'string',
    text: 'Put before the paths of the trace: where the files of its machine are.',
  },
};

/** Options of checked parameters. */
export function debugInfoOptionsOf(parameters: Parameters): DebugInfoOptions {
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const fieldName = text('debug-info-field-name');
  const targetPrefix = text('target-prefix');
  return {
    debugInfoDir: text('debug-info-dir') ?? defaultDebugInfoDir,
    fullPath: parameters.get('full-path') === true,
    ...(fieldName === undefined ? {} : { fieldName }),
    ...(targetPrefix === undefined ? {} : { targetPrefix }),
  };
}

/** Adds what is known of the address of each event to its context. */
export class DebugInfoFilter implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name = 'filter.lttng-utils.debug-info';
  readonly input: InputPort<EventFlow> = new InputPort<EventFlow>('in');
  readonly inputs: readonly InputPort<EventFlow>[] = [this.input];
  readonly output: OutputPort<EventFlow>;

  /** @param warn is told of files of names that cannot be read. */
  constructor(options: DebugInfoOptions, files: BinaryFiles, warn: (error: SpoorError) => void) {
    this.output = new OutputPort('out', (pass) => {
      return new DebugInfoFlow(this.input.open({ ...pass, inWindows: false }), options, files, warn);
    });
  }
}

/** Makes the component class. @param filesOf makes what opens binaries, which depends on where the code runs. */
export function debugInfoClass(filesOf: () => BinaryFiles): ComponentClass<EventFlow> {
  return {
    kind: 'filter',
    name: 'debug-info',
    description: 'Adds to events where the addresses in them come from.',
    parameters: debugInfoParameters,
    create: (parameters, context) =>
      new DebugInfoFilter(debugInfoOptionsOf(parameters), filesOf(), (error) =>
        context.log.warn(describeError(error)),
      ),
  };
}

/** Component classes whose components are programs: `source.pipe.exec` and its like, and those of descriptions. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SpoorError } from '@spoor/base';
import {
  InputPort,
  OutputPort,
  UnsignedValue,
  type Component,
  type ComponentClass,
  type ComponentContext,
  type ComponentKind,
  type Parameters,
  type ParameterTable,
  type Plugin,
} from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { SourceFlow } from '../plugin/made-flows.ts';
import { messageFlow } from '../plugin/stream-message.ts';
import { pluginOfModule } from '../plugin/define-plugin.ts';
import { PipeChild } from './pipe-child.node.ts';
import { beginLine, EventLines, PipeFilterFlow, sourceSteps } from './pipe-flows.node.ts';
import { jsonOfParameter, pipeProtocol, type PipeMessage } from './pipe-messages.ts';

const defaultTimeoutS = 30;

/** What is to be run. */
interface PipeProgram {
  readonly command: readonly string[];
  /** What the program gets. */
  readonly parameters: Parameters;
  readonly timeoutS: number;
  readonly folder?: string;
}

/** Names the component in what its work throws. */
function named<T>(child: PipeChild, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SpoorError) || error.code === 'pipe/ended' || error.code === 'pipe/timeout') {
      throw error;
    }
    throw error.message.includes(': ') && error.code.startsWith('pipe/fail') ? error : child.named(error);
  }
}

async function greet(
  child: PipeChild,
  kind: ComponentKind,
  { parameters }: PipeProgram,
  context: ComponentContext,
): Promise<PipeMessage> {
  child.send(
    `{"type":"hello","protocol":${pipeProtocol},"kind":"${kind}","name":${JSON.stringify(context.name)},` +
      `"logLevel":"${context.log.level}","capabilities":["messages"],"parameters":${jsonOfParameter(parameters)}}\n`,
  );
  const ready = await child.first();
  if (ready['type'] === 'ready' && ready['protocol'] === pipeProtocol) return ready;
  throw child.named(
    new SpoorError(
      'pipe/handshake',
      ready['type'] === 'ready'
        ? `it speaks version ${String(ready['protocol'] as number)} of the protocol, not ${pipeProtocol}`
        : `its first message is ${JSON.stringify(ready['type'])}, not \`ready\``,
    ),
  );
}

function onePass(who: string): () => void {
  let begun = false;
  return () => {
    if (begun) {
      throw new SpoorError('pipe/one-pass', `${who} is a program, which runs once`, {
        hint: 'give it one sink',
      });
    }
    begun = true;
  };
}

async function component(
  kind: ComponentKind,
  who: string,
  program: PipeProgram,
  context: ComponentContext,
): Promise<Component<EventFlow>> {
  const { command, timeoutS, folder } = program;
  const child = new PipeChild(command, who, timeoutS * 1000, context, folder);
  const ready = await greet(child, kind, program, context);
  if (kind === 'source') {
    child.send('{"type":"begin"}\n');
    // Times are relative to the first event, so that they are exact; a merge would have to wait for it anyway.
    await child.look();
  }
  const once = onePass(who);
  const guardedFlow = (flow: SourceFlow | PipeFilterFlow): EventFlow => ({
    batch: flow.batch,
    streams: flow.streams,
    eventClasses: flow.eventClasses,
    baseNs: flow.baseNs,
    get losses() {
      return flow.losses;
    },
    next: () => named(child, () => flow.next()),
    messages: () => {
      const found = flow.messages();
      return messageFlow(
        flow,
        () => named(child, () => found.next()),
        () => found.message,
      );
    },
  });
  const input = new InputPort<EventFlow>('in');
  if (kind === 'source') {
    const open = (): EventFlow => {
      once();
      return guardedFlow(
        named(
          child,
          () =>
            new SourceFlow(
              (output) => sourceSteps(child, ready, output),
              (until) => context.idle(until),
            ),
        ),
      );
    };
    return { kind, name: who, outputs: [new OutputPort('out', open)] };
  }
  if (kind === 'filter') {
    const output = new OutputPort<EventFlow>('out', (pass = {}) => {
      once();
      const { fromNs: _, ...whole } = pass;
      const upstream = input.open(whole);
      return guardedFlow(named(child, () => new PipeFilterFlow(upstream, child, ready, context)));
    });
    return { kind, name: who, inputs: [input], output };
  }
  return sinkComponent(who, child, input, context);
}

function sinkComponent(
  who: string,
  child: PipeChild,
  input: InputPort<EventFlow>,
  context: ComponentContext,
): Component<EventFlow> {
  let reading: { readonly flow: EventFlow; readonly lines: EventLines } | undefined;
  let row = 0;
  let isEnding = false;
  const pause = (): true => {
    context.idle(child.activity());
    return true;
  };
  return {
    kind: 'sink',
    name: who,
    input,
    consume: () =>
      named(child, () => {
        if (reading === undefined) {
          const flow = input.open();
          reading = { flow, lines: new EventLines(flow) };
          child.send(beginLine(flow));
        }
        if (isEnding) {
          const message = child.receive();
          if (message === undefined) return pause();
          if (message['type'] === 'end') return false;
          throw new SpoorError('pipe/message', 'a sink has nothing to say but `end`');
        }
        if (!child.isWritable) return pause();
        const { flow, lines } = reading;
        if (row < flow.batch.count) {
          const { text, next } = lines.lines(row);
          child.send(text);
          row = next;
          return true;
        }
        row = 0;
        flow.batch.count = 0;
        if (flow.next()) return true;
        flow.batch.count = 0;
        child.send('{"type":"end"}\n');
        isEnding = true;
        return true;
      }),
    finish() {},
  };
}

const execParameters: ParameterTable = {
  command: { kind: 'strings', required: true, text: 'The program and its arguments.' },
  params: { kind: 'map', text: 'Parameters for the program.' },
  'timeout-s': {
    kind: 'unsigned',
    text: `Seconds to wait for an answer of the program: +${defaultTimeoutS} by default, +0 for ever.`,
  },
};

function timeoutOf(parameters: Parameters): number {
  const value = parameters.get('timeout-s');
  return value instanceof UnsignedValue ? Number(value.value) : defaultTimeoutS;
}

function nameFor(fullName: string, { name }: ComponentContext): string {
  return name === fullName ? fullName : `${fullName} (${name})`;
}

/** The class `KIND.pipe.exec`. */
function execClass(kind: ComponentKind, description: string): ComponentClass<EventFlow> {
  return {
    kind,
    name: 'exec',
    description,
    parameters: execParameters,
    create: (parameters, context) => {
      const command = parameters.get('command');
      const own = parameters.get('params');
      const program = {
        command: Array.isArray(command) ? command.filter((word) => typeof word === 'string') : [],
        parameters: own instanceof Map ? (own as Parameters) : new Map(),
        timeoutS: timeoutOf(parameters),
      };
      return component(kind, nameFor(`${kind}.pipe.exec`, context), program, context);
    },
  };
}

/** The classes for any program. */
export const pipeClasses: readonly ComponentClass<EventFlow>[] = [
  execClass('source', 'Takes events from a program.'),
  execClass('filter', 'Sends events through a program.'),
  execClass('sink', 'Gives events to a program.'),
];

/**
 * The plug-in that a description of programs (`NAME.pipe.json`) is: a plug-in whose classes have a `command` in place of
 * functions. Words of it that begin with `./` are files beside the description.
 */
export function pluginOfPipeFile(file: string): Plugin<EventFlow> {
  let described: unknown;
  try {
    described = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new SpoorError('plugin/load', 'the description cannot be read', { where: file, cause });
  }
  if (typeof described !== 'object' || described === null) return pluginOfModule(undefined, file);
  const plugin: Readonly<Record<string, unknown>> = { ...described };
  const classes = plugin['componentClasses'];
  if (!Array.isArray(classes)) return pluginOfModule(plugin, file);
  return pluginOfModule(
    { ...plugin, componentClasses: classes.map((entry: unknown) => describedClass(entry, plugin, file)) },
    file,
  );
}

function describedClass(entry: unknown, plugin: Readonly<Record<string, unknown>>, file: string): unknown {
  if (typeof entry !== 'object' || entry === null || !('command' in entry)) return entry;
  const { command, ...rest } = entry as {
    readonly command: unknown;
    readonly kind?: unknown;
    readonly name?: unknown;
  };
  if (!Array.isArray(command) || !command.every((word) => typeof word === 'string')) return rest;
  const { kind, name } = rest;
  const folder = dirname(file);
  const words = command.map((word: string) => (word.startsWith('./') ? folder + word.slice(1) : word));
  const parameters = 'parameters' in rest ? rest.parameters : {};
  return {
    ...rest,
    parameters,
    create: (given: Parameters, context: ComponentContext) =>
      component(
        kind as ComponentKind,
        nameFor([kind, plugin['name'], name].join('.'), context),
        { command: words, parameters: given, timeoutS: defaultTimeoutS },
        context,
      ),
  };
}

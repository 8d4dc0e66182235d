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
import type { RowAssembler } from '../made-events/row-assembler.ts';
import { pluginOfModule } from '../plugin/define-plugin.ts';
import type { EventOutput } from '../plugin/event-output.ts';
import { guardedSource, type Guard } from '../plugin/guard.ts';
import type { SourceSteps } from '../plugin/handler.ts';
import { SourceFlow } from '../plugin/source-flow.ts';
import { readingOf, ThroughFlow, type Reading } from '../plugin/through-flow.ts';
import { beginLine, EventLines, messageLine } from './event-lines.ts';
import { PipeChild } from './pipe-child.node.ts';
import { declare, ProgramWork, sourceSteps } from './pipe-flows.node.ts';
import {
  jsonOfParameter,
  pipeProtocol,
  wantedKinds,
  type PipeMessage,
  type WantedKinds,
} from './pipe-messages.ts';

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
function guardOfProgram(child: PipeChild): Guard {
  return (work) => {
    try {
      return work();
    } catch (error) {
      throw error instanceof SpoorError ? child.named(error) : error;
    }
  };
}

async function greet(
  child: PipeChild,
  kind: ComponentKind,
  { parameters }: PipeProgram,
  context: ComponentContext,
): Promise<PipeMessage> {
  child.send(
    `{"type":"hello","protocol":${pipeProtocol},"kind":"${kind}","name":${JSON.stringify(context.name)},` +
      `"logLevel":"${context.log.level}","capabilities":["messages","all-messages","forward-events","first-time"],"parameters":${jsonOfParameter(parameters)}}\n`,
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
  const guard = guardOfProgram(child);
  const ready = await greet(child, kind, program, context);
  const wanted = guard(() => wantedKinds(ready));
  const once = onePass(who);
  if (kind === 'source') {
    child.send('{"type":"begin"}\n');
    // Times are relative to the first event, so that they are exact: it is waited for where the program says nothing.
    if (ready['firstTime'] === undefined) await child.look();
    const open = (): EventFlow => {
      once();
      const begin = (output: EventOutput): SourceSteps => sourceSteps(child, ready, output);
      return guardedSource(
        guard(() => new SourceFlow(begin, (until) => context.idle(until))),
        guard,
      );
    };
    return { kind, name: who, outputs: [new OutputPort('out', open)] };
  }
  const input = new InputPort<EventFlow>('in');
  if (kind === 'sink') return sinkComponent(who, child, input, wanted, context);
  const output = new OutputPort<EventFlow>('out', (pass = {}) => {
    once();
    const { fromNs: _, ...whole } = pass;
    const upstream = input.open(whole);
    const begin = (made: EventOutput, assembler: RowAssembler): ProgramWork => {
      const own = declare(ready, made);
      child.send(beginLine(upstream));
      return new ProgramWork(child, own, wanted, assembler, context);
    };
    return new ThroughFlow(upstream, begin, guard);
  });
  return { kind, name: who, inputs: [input], output };
}

/** Gives a program what comes, as fast as it takes it in. */
class ProgramFeed {
  private readonly child: PipeChild;
  private readonly wanted: WantedKinds;
  private readonly reading: Reading;
  private readonly lines: EventLines;
  private row = 0;
  private isEnding = false;

  constructor(child: PipeChild, wanted: WantedKinds, flow: EventFlow) {
    this.child = child;
    this.wanted = wanted;
    this.reading = readingOf(flow, wanted.size > 0);
    this.lines = new EventLines(this.reading.flow);
    this.reading.flow.batch.count = 0;
    child.send(beginLine(flow));
  }

  /** Whether there are rows that it has not been given. */
  private get hasRows(): boolean {
    return this.row < this.reading.flow.batch.count;
  }

  /** Does one thing: `pause` where the program is to be waited for. Reading is not its fault, so it is not guarded. */
  consume(guard: Guard): 'more' | 'pause' | 'end' {
    const { child, reading } = this;
    const { batch } = reading.flow;
    if (this.isEnding) return guard(() => this.takeEnd());
    if (!guard(() => child.isWritable)) return 'pause';
    if (this.hasRows) {
      guard(() => this.giveRows());
      return 'more';
    }
    this.row = 0;
    batch.count = 0;
    const found = reading.next();
    if (found === 'message') this.giveMessage();
    if (found === 'end') {
      batch.count = 0;
      child.send('{"type":"end"}\n');
      this.isEnding = true;
    }
    return 'more';
  }

  private giveRows(): void {
    const { text, next } = this.lines.lines(this.row);
    this.child.send(text);
    this.row = next;
  }

  private giveMessage(): void {
    const line = messageLine(this.reading.message()!, this.wanted, 0);
    if (line !== undefined) this.child.send(line);
  }

  private takeEnd(): 'pause' | 'end' {
    const message = this.child.receive();
    if (message === undefined) return 'pause';
    if (message['type'] === 'end') return 'end';
    throw new SpoorError('pipe/message', 'a sink has nothing to say but `end`');
  }
}

function sinkComponent(
  who: string,
  child: PipeChild,
  input: InputPort<EventFlow>,
  wanted: WantedKinds,
  context: ComponentContext,
): Component<EventFlow> {
  const guard = guardOfProgram(child);
  let feed: ProgramFeed | undefined;
  return {
    kind: 'sink',
    name: who,
    input,
    consume: () => {
      feed ??= new ProgramFeed(child, wanted, input.open());
      const done = feed.consume(guard);
      if (done === 'pause') context.idle(child.activity());
      return done !== 'end';
    },
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

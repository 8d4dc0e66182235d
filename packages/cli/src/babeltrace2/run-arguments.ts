/** `run`: its arguments as the description of a graph. */
import { describeError, SpoorError } from '@spoor/base';
import {
  parseConnection,
  parseParameters,
  type ComponentKind,
  type ComponentRequest,
  type ConnectionRule,
  type LogLevel,
  type Parameters,
} from '@spoor/graph';
import { componentArgument, dottedName } from './component-argument.ts';
import { levelArgument } from './log-levels.ts';
import { parseCommandLine, type CommandLineItem } from './option-parser.ts';
import { runOptions } from './options.ts';

/** A graph that is to run. */
export interface RunDescription {
  readonly components: readonly ComponentRequest[];
  readonly connections: readonly string[];
  /** Milliseconds until a flow that had nothing is asked again. */
  readonly retryMs: number;
}

interface Growing {
  readonly name: string;
  readonly className: string;
  readonly kind: ComponentKind;
  parameters: Parameters;
  logLevel?: LogLevel;
}

function wrong(message: string, cause?: unknown): SpoorError {
  return new SpoorError('babeltrace2/run', message, cause === undefined ? {} : { cause });
}

/** Reads parameters. @throws SpoorError which names the option. */
export function parametersArgument(option: string, text: string): Parameters {
  try {
    return parseParameters(text);
  } catch (cause) {
    throw wrong(`Invalid format for --${option} option's argument:\n    ${describeError(cause)}`);
  }
}

/** Microseconds as milliseconds. */
function retryArgument(text: string): number {
  if (!/^\s*[-+]?\d+$/.test(text)) {
    throw wrong(`Could not parse --retry-duration option's argument as an unsigned integer: \`${text}\``);
  }
  const microseconds = Number(text);
  if (microseconds < 0) {
    throw wrong(`--retry-duration option's argument must be positive or 0: ${microseconds}`);
  }
  return microseconds / 1000;
}

/** A pattern of ports: dots, and what full patterns would have, stand behind a backslash. */
const portPattern = /^(?:\\[^]|[^?[.\\])*\\?$/;

function connectionOf(text: string): ConnectionRule | undefined {
  try {
    const rule = parseConnection(text);
    const ports = [rule.upstreamPort, rule.downstreamPort];
    return ports.every((port) => portPattern.test(port.text)) ? rule : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses connections that make no graph, as babeltrace2 does before it makes a component. */
function checkConnections(components: readonly Growing[], texts: readonly string[]): void {
  const rules = texts.map((text): ConnectionRule => {
    const rule = connectionOf(text);
    if (rule === undefined) throw wrong(`Cannot parse --connect option's argument:\n    ${text}`);
    return rule;
  });
  const find = (name: string | undefined): Growing | undefined =>
    components.find((component) => component.name === name);
  for (const { text, upstream, downstream } of rules) {
    const trouble = (what: string): SpoorError => wrong(`Invalid connection: ${what}:\n    ${text}`);
    const up = find(upstream.exact);
    if (up === undefined) throw trouble(`cannot find upstream component \`${upstream.text}\``);
    const down = find(downstream.exact);
    if (down === undefined) throw trouble(`cannot find downstream component \`${downstream.text}\``);
    if (up.kind === 'sink') {
      throw trouble(`cannot connect sink component \`${up.name}\` to component \`${down.name}\``);
    }
    if (down.kind === 'source') {
      throw trouble(`${up.kind} component \`${up.name}\` not connected to filter or sink component`);
    }
  }
  const joined = new Set(rules.flatMap(({ upstream, downstream }) => [upstream.exact, downstream.exact]));
  for (const kind of ['source', 'filter', 'sink']) {
    const alone = components.find((component) => component.kind === kind && !joined.has(component.name));
    if (alone !== undefined) throw wrong(`Component \`${alone.name}\` is not connected`);
  }
  const known = new Set<string>();
  for (const { text, upstream, upstreamPort, downstream, downstreamPort } of rules) {
    const key = JSON.stringify([upstream.exact, upstreamPort.text, downstream.exact, downstreamPort.text]);
    if (known.has(key)) throw wrong(`Duplicate connection:\n    ${text}`);
    known.add(key);
  }
  refuseCycles(rules);
}

function refuseCycles(rules: readonly ConnectionRule[]): void {
  const visit = (name: string, path: readonly string[]): void => {
    for (const { text, upstream, downstream } of rules) {
      if (upstream.exact !== name) continue;
      const next = downstream.exact!;
      if (path.includes(next)) throw wrong(`Invalid connection: connection forms a cycle:\n    ${text}`);
      visit(next, [...path, next]);
    }
  };
  for (const { upstream } of rules) visit(upstream.exact!, [upstream.exact!]);
}

/**
 * Reads the arguments of `run`.
 * @returns undefined where help is asked for.
 * @throws SpoorError for what babeltrace2 refuses.
 */
export function readRun(args: readonly string[]): RunDescription | undefined {
  if (args.length === 0) return undefined;
  let items: readonly CommandLineItem[];
  try {
    ({ items } = parseCommandLine(args, runOptions));
  } catch (cause) {
    throw wrong(`While parsing \`run\` command's command-line arguments: ${(cause as SpoorError).message}`);
  }
  if (items.some((item) => item.kind === 'option' && item.long === 'help')) return undefined;
  const components: Growing[] = [];
  const connections: string[] = [];
  let base: Parameters = new Map();
  let retryMs = 100;
  for (const item of items) {
    if (item.kind === 'word') throw wrong(`Unexpected argument: \`${item.text}\``);
    const { long, value } = item;
    const current = components.at(-1);
    if (long === 'component') {
      components.push(readComponent(value, components, base));
    } else if (long === 'params') {
      if (current === undefined) {
        throw wrong(`Cannot add parameters to unavailable component:\n    ${value}`);
      }
      current.parameters = new Map([...current.parameters, ...parametersArgument(long, value)]);
    } else if (long === 'log-level') {
      if (current === undefined) {
        throw wrong(`Cannot set the log level of unavailable component:\n    ${value}`);
      }
      current.logLevel = levelArgument(value);
    } else if (long === 'base-params') base = parametersArgument(long, value);
    else if (long === 'reset-base-params') base = new Map();
    else if (long === 'connect') connections.push(value);
    else if (long === 'retry-duration') retryMs = retryArgument(value);
  }
  if (!components.some(({ kind }) => kind === 'source')) {
    throw wrong('Incomplete graph: no source component.');
  }
  if (!components.some(({ kind }) => kind === 'sink')) throw wrong('Incomplete graph: no sink component.');
  try {
    checkConnections(components, connections);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    throw wrong(`Cannot create connections:\n${error.message}`);
  }
  const order = ['source', 'filter', 'sink'];
  const sorted = [...components].sort((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind));
  return {
    components: sorted.map(({ name, className, parameters, logLevel }) => ({
      name,
      className,
      parameters,
      ...(logLevel === undefined ? {} : { logLevel }),
    })),
    connections,
    retryMs,
  };
}

function readComponent(value: string, before: readonly Growing[], parameters: Parameters): Growing {
  let parsed: ReturnType<typeof componentArgument>;
  try {
    parsed = componentArgument(value);
  } catch (cause) {
    throw wrong(`Invalid format for --component option's argument:\n    ${value}`, cause);
  }
  const { name } = parsed;
  if (name === undefined) throw wrong('Found an unnamed component.');
  if (before.some((component) => component.name === name)) {
    throw wrong(`Duplicate component instance name:\n    ${name}`);
  }
  return { name, className: dottedName(parsed), kind: parsed.kind, parameters };
}

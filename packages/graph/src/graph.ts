/** A graph of components: made by class, joined by rules, run to its end. */
import { closestName, describeError, SpoorError } from '@spoor/base';
import { parseConnection, type ConnectionRule } from './connection.ts';
import type { Component, ComponentContext, SinkComponent } from './component.ts';
import { Logger, type LogLevel } from './log.ts';
import { checkParameters } from './parameter-table.ts';
import type { Parameters } from './parameters.ts';
import type { FoundClass, PluginRegistry } from './plugin.ts';
import type { InputPort, OutputPort } from './port.ts';
import { runInSlices, type RunResult } from './run.ts';

/** A component that is to be made. */
export interface ComponentRequest {
  /** Unique in its graph. */
  readonly name: string;
  /** `source.ctf.fs`. */
  readonly className: string;
  readonly parameters: Parameters;
  /** Least level of what it tells; that of the graph by default. */
  readonly logLevel?: LogLevel;
}

/** What a graph is made of. */
export interface GraphDescription {
  readonly components: readonly ComponentRequest[];
  /** `UPSTREAM[.PORT]:DOWNSTREAM[.PORT]`, in order of precedence. */
  readonly connections: readonly string[];
}

/** Where a graph lives. */
export interface GraphOptions {
  readonly signal?: AbortSignal;
  /** Level of components that have none of their own; `warning` by default. */
  readonly logLevel?: LogLevel;
  /** Takes what components tell. */
  readonly log?: (component: string, level: LogLevel, text: string) => void;
  /** Versions of the message interchange protocol that may be used; 0 and 1 by default. */
  readonly mipVersions?: readonly number[];
  /** Lets the event loop do its other work. */
  readonly turn?: () => Promise<void>;
  /** Longest time to wait for a flow that has nothing, in milliseconds; then it is asked again. 100 by default. */
  readonly retryMs?: number;
  /** Called after each round of batches. */
  readonly onRound?: () => void;
}

interface Made<Flow> {
  readonly request: ComponentRequest;
  readonly component: Component<Flow>;
}

/** Versions of the message interchange protocol that a class knows unless it says otherwise. */
const allMipVersions: readonly number[] = [0, 1];

function portsBehind<Flow>({ component }: Made<Flow>): readonly InputPort<Flow>[] {
  switch (component.kind) {
    case 'source':
      return [];
    case 'filter':
      return component.inputs;
    case 'sink':
      return [component.input];
    default: {
      const never: never = component;
      throw new TypeError(String(never));
    }
  }
}

function portsBefore<Flow>({ component }: Made<Flow>): readonly OutputPort<Flow>[] {
  if (component.kind === 'source') return component.outputs;
  return component.kind === 'filter' ? [component.output] : [];
}

function sharedMipVersion<Flow>(classes: readonly FoundClass<Flow>[], allowed: readonly number[]): number {
  const shared = allowed.filter((version) =>
    classes.every(({ componentClass }) => (componentClass.mipVersions ?? allMipVersions).includes(version)),
  );
  if (shared.length > 0) return Math.max(...shared);
  const said = classes.map(
    ({ fullName, componentClass }) =>
      `${fullName} knows ${(componentClass.mipVersions ?? allMipVersions).join(' and ')}`,
  );
  throw new SpoorError(
    'graph/mip-version',
    `no version of the message interchange protocol is known to all components and allowed (${allowed.join(', ')})`,
    { hint: said.join('; ') },
  );
}

/** Checks names and rules before anything is made, as babeltrace2's `run` does. */
function checkDescription({ components }: GraphDescription, rules: readonly ConnectionRule[]): void {
  const names = components.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) {
    throw new SpoorError('graph/name', `two components are named ${JSON.stringify(doubled)}`);
  }
  const joined = new Set<string>();
  for (const { text, upstream, downstream } of rules) {
    for (const pattern of [upstream, downstream]) {
      const matching = names.filter((name) => pattern.matches(name));
      for (const name of matching) joined.add(name);
      if (matching.length > 0) continue;
      const near = closestName(pattern.text, names);
      throw new SpoorError(
        'graph/connection',
        `--connect ${text}: no component is named ${JSON.stringify(pattern.text)}`,
        { hint: near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?` },
      );
    }
  }
  for (const kind of ['source', 'sink']) {
    const isKind = new RegExp(`^${kind === 'source' ? '(?:source|src)' : kind}\\.`);
    if (!components.some(({ className }) => isKind.test(className))) {
      throw new SpoorError('graph/missing', `the graph has no ${kind}`, { hint: `add one by -c ${kind}.…` });
    }
  }
  const lonely = names.find((name) => !joined.has(name));
  if (lonely !== undefined) {
    throw new SpoorError('graph/missing', `the component ${JSON.stringify(lonely)} is not connected`, {
      hint: 'join it to another by -x NAME:NAME',
    });
  }
}

/** A graph whose components are made and joined. */
export class Graph<Flow> {
  private readonly options: GraphOptions;
  private readonly made: Made<Flow>[] = [];
  private readonly waits = new Set<Promise<unknown>>();
  private readonly rounds: (() => void)[] = [];
  private readonly ends: (() => void | Promise<void>)[] = [];
  private readonly aborter = new AbortController();

  private constructor(options: GraphOptions) {
    this.options = options;
    const { signal } = options;
    if (signal?.aborted === true) this.abort();
    signal?.addEventListener('abort', this.abort, { once: true });
  }

  private readonly abort = (): void => this.aborter.abort(this.options.signal?.reason);

  /**
   * Makes and joins the components of a description.
   * @throws SpoorError for what is wrong with it, naming component and parameter; nothing is left behind then.
   */
  static async make<Flow>(
    registry: PluginRegistry<Flow>,
    description: GraphDescription,
    options: GraphOptions = {},
  ): Promise<Graph<Flow>> {
    const rules = description.connections.map(parseConnection);
    checkDescription(description, rules);
    const classes = description.components.map(({ className }) => registry.find(className));
    const mipVersion = sharedMipVersion(classes, options.mipVersions ?? allMipVersions);
    for (const [index, { name, parameters }] of description.components.entries()) {
      const { fullName, componentClass } = classes[index]!;
      const shown = name === fullName ? fullName : `${fullName} (${name})`;
      checkParameters(shown, parameters, componentClass.parameters);
    }
    const graph = new Graph<Flow>(options);
    try {
      for (const [index, request] of description.components.entries()) {
        const context = graph.contextOf(request, mipVersion);
        const component = await classes[index]!.componentClass.create(request.parameters, context);
        graph.made.push({ request, component });
      }
      graph.connect(rules);
      graph.refuseCycles();
    } catch (error) {
      await graph.close();
      throw error;
    }
    return graph;
  }

  private contextOf({ name, logLevel }: ComponentRequest, mipVersion: number): ComponentContext {
    const { options } = this;
    const level = logLevel ?? options.logLevel ?? 'warning';
    return {
      name,
      log: new Logger(level, (at, text) => options.log?.(name, at, text)),
      signal: this.aborter.signal,
      mipVersion,
      idle: (until) => void this.waits.add(until),
      everyRound: (work) => void this.rounds.push(work),
      atEnd: (work) => void this.ends.push(work),
    };
  }

  private tell(level: LogLevel, text: string): void {
    new Logger(this.options.logLevel ?? 'warning', (at, line) => this.options.log?.('graph', at, line)).log(
      level,
      text,
    );
  }

  private connect(rules: readonly ConnectionRule[]): void {
    for (const upstream of this.made) {
      for (const port of portsBefore(upstream)) {
        const rule = rules.find(
          (candidate) =>
            candidate.upstream.matches(upstream.request.name) && candidate.upstreamPort.matches(port.name),
        );
        if (rule === undefined) {
          throw new SpoorError(
            'graph/connection',
            `no --connect says where the port ${JSON.stringify(port.name)} of ${upstream.request.name} goes`,
          );
        }
        if (!this.join(upstream, port, rule)) {
          throw new SpoorError(
            'graph/connection',
            `--connect ${rule.text}: there is no free input port for the port ${JSON.stringify(port.name)} of ` +
              upstream.request.name,
            { hint: 'several ports come together in a filter.utils.muxer' },
          );
        }
      }
    }
    // What babeltrace2 would leave without input: an output may feed several, each of which reads it for itself.
    for (const downstream of this.made) {
      if (portsBehind(downstream).length === 0 || portsBehind(downstream).some((port) => port.isConnected)) {
        continue;
      }
      const { name } = downstream.request;
      let upstreamPorts = 0;
      for (const rule of rules.filter((candidate) => candidate.downstream.exact === name)) {
        for (const upstream of this.made.filter((made) => rule.upstream.matches(made.request.name))) {
          for (const port of portsBefore(upstream)) {
            upstreamPorts += 1;
            if (rule.upstreamPort.matches(port.name)) this.joinTo(upstream, port, downstream, rule);
          }
        }
      }
      // A source may have found nothing, and filters that merge make an empty flow of nothing.
      const isEmpty = upstreamPorts === 0 && downstream.component.kind === 'filter';
      if (!isEmpty && !portsBehind(downstream).some((port) => port.isConnected)) {
        throw new SpoorError('graph/missing', `the component ${JSON.stringify(name)} has nothing to read`, {
          hint: 'join it to another by -x NAME:NAME',
        });
      }
    }
  }

  private join(upstream: Made<Flow>, port: OutputPort<Flow>, rule: ConnectionRule): boolean {
    return this.made.some(
      (downstream) =>
        rule.downstream.matches(downstream.request.name) && this.joinTo(upstream, port, downstream, rule),
    );
  }

  private joinTo(
    upstream: Made<Flow>,
    port: OutputPort<Flow>,
    downstream: Made<Flow>,
    rule: ConnectionRule,
  ): boolean {
    const input = portsBehind(downstream).find(
      (candidate) => !candidate.isConnected && rule.downstreamPort.matches(candidate.name),
    );
    if (input === undefined || downstream === upstream) return false;
    input.connect(port);
    const from = `${upstream.request.name}.${port.name}`;
    this.tell('debug', `connected ${from} to ${downstream.request.name}.${input.name}`);
    this.downstreamOf.set(upstream, [...(this.downstreamOf.get(upstream) ?? []), downstream]);
    return true;
  }

  private readonly downstreamOf = new Map<Made<Flow>, readonly Made<Flow>[]>();

  private refuseCycles(): void {
    const done = new Set<Made<Flow>>();
    const visit = (made: Made<Flow>, path: readonly Made<Flow>[]): void => {
      if (path.includes(made)) {
        const names = [...path.slice(path.indexOf(made)), made].map(({ request }) => request.name);
        throw new SpoorError('graph/cycle', `the components go round in a circle: ${names.join(' → ')}`);
      }
      if (done.has(made)) return;
      for (const next of this.downstreamOf.get(made) ?? []) visit(next, [...path, made]);
      done.add(made);
    };
    for (const made of this.made) visit(made, []);
  }

  /** The component of a name. */
  component(name: string): Component<Flow> | undefined {
    return this.made.find(({ request }) => request.name === name)?.component;
  }

  private idle(): Promise<unknown> | undefined {
    if (this.waits.size === 0) return undefined;
    const waits = [...this.waits];
    this.waits.clear();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const retry = new Promise((resolve) => {
      timer = setTimeout(resolve, this.options.retryMs ?? 100);
    });
    return Promise.race([...waits.map((wait) => wait.catch(() => {})), retry]).finally(() => {
      clearTimeout(timer);
    });
  }

  /**
   * Runs the graph to its end, or until the signal aborts it. A graph runs once.
   * @throws what a component throws; sinks that had not ended are then not finished.
   */
  async run(): Promise<RunResult> {
    const { turn } = this.options;
    const sinks = this.made.flatMap(({ component }): SinkComponent<Flow>[] =>
      component.kind === 'sink' ? [component] : [],
    );
    this.tell('info', `running ${this.made.length} components`);
    try {
      const result = await runInSlices(sinks, {
        signal: this.aborter.signal,
        onRound: () => this.everyRound(),
        idle: () => this.idle(),
        ...(turn === undefined ? {} : { turn }),
      });
      this.everyRound();
      this.tell('info', result === 'end' ? 'ran to the end' : 'was interrupted');
      return result;
    } catch (error) {
      this.everyRoundQuietly();
      throw error;
    } finally {
      await this.close();
    }
  }

  private everyRound(): void {
    for (const work of this.rounds) work();
    this.options.onRound?.();
  }

  /** What was found wrong before a failure is told, but cannot take its place. */
  private everyRoundQuietly(): void {
    try {
      this.everyRound();
    } catch (error) {
      this.tell('debug', describeError(error));
    }
  }

  /** Frees what components hold. */
  private async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.abort);
    for (let work = this.ends.pop(); work !== undefined; work = this.ends.pop()) await work();
  }
}

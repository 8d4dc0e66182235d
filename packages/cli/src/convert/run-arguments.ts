/** `--run-args`: the arguments of `run` that do what a conversion does. */
import { resolve } from 'node:path';
import type { EventRule } from '@spoor/components';
import type { ConvertOptions } from '../commands/convert.ts';
import type { ComponentPlan } from './components.ts';

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

function literal(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

const prettyFlags: ReadonlyMap<string, string> = new Map([
  ['clockCycles', 'clock-cycles'],
  ['clockDate', 'clock-date'],
  ['clockGmt', 'clock-gmt'],
  ['clockSeconds', 'clock-seconds'],
  ['delta', 'no-delta'],
]);

/** Prints the arguments on one line, or each ended by a NUL. */
export function printRunArguments(
  directories: readonly string[],
  options: ConvertOptions,
  plan: ComponentPlan,
  rules: readonly EventRule[],
): void {
  const words: string[] = [];
  const add = (name: string, className: string, parameters: readonly string[]): void => {
    words.push('--component', `${name}:${className}`);
    for (const text of parameters) words.push('--params', text);
  };
  const inputs = directories.map((path) => literal(resolve(path))).join(', ');
  const seconds = (options.clockOffset ?? 0n) + plan.offsetSeconds;
  const nanoseconds = (options.clockOffsetNs ?? 0n) + plan.offsetNanoseconds;
  const clocks = [
    ...(options.clockForceCorrelate === true ? ['force-clock-class-origin-unix-epoch=yes'] : []),
    ...(seconds === 0n ? [] : [`clock-class-offset-s=${seconds}`]),
    ...(nanoseconds === 0n ? [] : [`clock-class-offset-ns=${nanoseconds}`]),
  ];
  add('auto-disc-source-ctf-fs', 'source.ctf.fs', [
    ...(clocks.length === 0 ? [] : [clocks.join(',')]),
    `inputs=[${inputs}]`,
  ]);
  const requested = options.component?.find(({ className }) => className.startsWith('sink.'));
  const sinkName = requested === undefined ? 'pretty' : (requested.name ?? requested.className);
  if (requested === undefined) {
    // In the order in which they were written.
    const flags = Object.entries(options).flatMap(([name, value]) => {
      const parameter = prettyFlags.get(name);
      return parameter !== undefined && value === (name !== 'delta') ? [`${parameter}=yes`] : [];
    });
    add(sinkName, 'sink.text.pretty', flags.length === 0 ? [] : [flags.join(',')]);
  } else {
    add(sinkName.replaceAll(/[:.\\]/g, '\\$&'), requested.className, requested.parameters);
  }
  const chain = ['auto-disc-source-ctf-fs'];
  for (const { name, className, parameters } of options.component ?? []) {
    if (className !== 'filter.utils.clock') continue;
    chain.push((name ?? className).replaceAll(/[:.\\]/g, '\\$&'));
    add(chain.at(-1)!, className, parameters);
  }
  add('muxer', 'filter.utils.muxer', []);
  const begin = options.begin ?? plan.begin;
  const end = options.end ?? plan.end;
  chain.push('muxer');
  if (begin !== undefined || end !== undefined) {
    add('trimmer', 'filter.utils.trimmer', [
      ...((options.clockGmt ?? plan.gmt) === true ? ['gmt=yes'] : []),
      ...(begin === undefined ? [] : [`begin=${literal(begin)}`]),
      ...(end === undefined ? [] : [`end=${literal(end)}`]),
    ]);
    chain.push('trimmer');
  }
  for (const [index, { names, exclude, logLevel, filter }] of rules.entries()) {
    add(`events${index}`, 'filter.utils.events', [
      ...(names === undefined ? [] : [`names=[${names.map(literal).join(', ')}]`]),
      ...(exclude === undefined ? [] : [`exclude=[${exclude.map(literal).join(', ')}]`]),
      ...(logLevel === undefined ? [] : [`log-level=${literal(logLevel)}`]),
      ...(filter === undefined ? [] : [`filter=${literal(filter)}`]),
    ]);
    chain.push(`events${index}`);
  }
  chain.push(requested === undefined ? sinkName : sinkName.replaceAll(/[:.\\]/g, '\\$&'));
  for (let index = 1; index < chain.length; index++)
    words.push('--connect', `${chain[index - 1]}:${chain[index]}`);
  const text = options.runArgs0 === true ? words.join('\0') : words.map(quoted).join(' ');
  process.stdout.write(text);
}

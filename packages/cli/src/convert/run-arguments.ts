/** `--run-args`: the arguments of `run` that do what a conversion does. */
import { resolve } from 'node:path';
import type { ConvertOptions } from '../commands/convert.ts';
import type { ComponentPlan } from './components.ts';
import { literal, type FilterRequest } from './filters.ts';

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** A name of a component where a colon or dot means something. */
function escaped(name: string): string {
  return name.replaceAll(/[:.\\]/g, '\\$&');
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
  filters: readonly FilterRequest[],
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
  const sources = plan.dmesg.map(({ request }) => {
    const name = request.name ?? request.className;
    add(name, request.className, request.parameters);
    return escaped(name);
  });
  if (directories.length > 0) {
    add('auto-disc-source-ctf-fs', 'source.ctf.fs', [
      ...(clocks.length === 0 ? [] : [clocks.join(',')]),
      `inputs=[${inputs}]`,
    ]);
  }
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
    add(escaped(sinkName), requested.className, requested.parameters);
  }
  const chain = directories.length > 0 ? ['auto-disc-source-ctf-fs'] : [];
  for (const { name, className, parameters } of options.component ?? []) {
    if (className !== 'filter.utils.clock') continue;
    chain.push(escaped(name ?? className));
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
  for (const [index, { name, className, parameters }] of filters.entries()) {
    const own = name === undefined ? `${className.split('.').at(-1)}${index}` : escaped(name);
    add(own, className, parameters);
    chain.push(own);
  }
  chain.push(requested === undefined ? sinkName : escaped(sinkName));
  for (const source of sources) words.push('--connect', `${source}:muxer`);
  for (let index = 1; index < chain.length; index++)
    words.push('--connect', `${chain[index - 1]}:${chain[index]}`);
  const text = options.runArgs0 === true ? words.join('\0') : words.map(quoted).join(' ');
  process.stdout.write(text);
}

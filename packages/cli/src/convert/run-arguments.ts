/** `--run-args`: the arguments of `run` that do what a conversion does. */
import type { WrittenGraph } from './conversion.ts';

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** The arguments on one line, or each ended by a NUL. */
export function runArguments({ components, connections }: WrittenGraph, separated: boolean): string {
  const words: string[] = [];
  for (const { name, className, parameters, logLevel } of components) {
    words.push('--component', `${name.replaceAll(/[:\\]/g, '\\$&')}:${className}`);
    if (logLevel !== undefined)
      words.push('--log-level', logLevel === 'none' ? 'N' : logLevel[0]!.toUpperCase());
    for (const text of parameters) words.push('--params', text);
  }
  for (const connection of connections) words.push('--connect', connection);
  return separated ? words.join('\0') : words.map(quoted).join(' ');
}

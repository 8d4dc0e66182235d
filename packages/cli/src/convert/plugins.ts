/** What `list-plugins` and `help` print, in babeltrace2's form. */
import { SpoorError } from '@spoor/base';
import type { ParameterTable } from '@spoor/graph';
import { suggestion } from '../suggestion.ts';
import { otherClasses } from './components.ts';
import { sinkFormats } from './sinks.ts';

/** What is told of a component class. */
export interface ClassEntry {
  readonly className: string;
  readonly description: string;
  readonly parameters: ParameterTable;
}

const pluginTexts: Readonly<Record<string, string>> = {
  columns: 'Tables of events, a column a field',
  ctf: 'CTF input and output',
  text: 'Plain text input and output',
  utils: 'Common graph utilities',
};

/** All component classes that are built in. */
export function componentClasses(): readonly ClassEntry[] {
  const others = Object.entries(otherClasses).map(([className, entry]) => ({ className, ...entry }));
  return [...others, ...sinkFormats];
}

function pluginOf(className: string): string {
  return className.split('.')[1] ?? '';
}

const kinds = [
  ['source', 'Source'],
  ['filter', 'Filter'],
  ['sink', 'Sink'],
] as const;

function pluginHead(plugin: string): string {
  const description = pluginTexts[plugin] ?? '';
  return `${plugin}:\n  Path: (built in)\n  Description: ${description}\n  Author: the Spoor authors\n  License: MIT\n`;
}

/** All plug-ins with their component classes. */
export function pluginList(): string {
  const classes = componentClasses();
  const plugins = [...new Set(classes.map(({ className }) => pluginOf(className)))].sort();
  let text = `Found ${classes.length} component classes in ${plugins.length} plugins.\n`;
  for (const plugin of plugins) {
    text += `\n${pluginHead(plugin)}`;
    for (const [kind, title] of kinds) {
      const own = classes.filter(({ className }) => className.startsWith(`${kind}.${plugin}.`));
      text += `  ${title} component classes:${own.length === 0 ? ' (none)' : ''}\n`;
      for (const { className, description } of own) text += `    '${className}': ${description}\n`;
    }
  }
  return text;
}

/** What is known of a plug-in or a component class. @throws SpoorError `help/unknown`. */
export function pluginHelp(name: string): string {
  const classes = componentClasses();
  const found = classes.find(({ className }) => className === name);
  const plugin = found === undefined ? name : pluginOf(name);
  const own = classes.filter(({ className }) => pluginOf(className) === plugin);
  if (own.length === 0) {
    const names = [...Object.keys(pluginTexts), ...classes.map(({ className }) => className)];
    throw new SpoorError('help/unknown', `there is no command, plug-in or component class ${name}`, {
      hint: suggestion(name, names) ?? '`spoor list-plugins` lists them',
    });
  }
  let text = pluginHead(plugin);
  for (const [kind, title] of kinds) {
    const count = own.filter(({ className }) => className.startsWith(`${kind}.`)).length;
    text += `  ${title} component classes: ${count}\n`;
  }
  if (found === undefined) return text;
  text += `\n'${name}'\n  Description: ${found.description}\n`;
  const parameters = Object.entries(found.parameters);
  if (parameters.length > 0) text += '  Parameters:\n';
  for (const [parameter, type] of parameters) {
    text += `    ${parameter}: ${type.kind === 'choice' ? type.choices.join(', ') : type.kind}\n      ${type.text}\n`;
  }
  return text;
}

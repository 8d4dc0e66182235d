/** What `list-plugins` and `help` print, in babeltrace2's form. */
import { SpoorError } from '@spoor/base';
import { parameterTypeText, type FoundClass, type ParameterTable, type Plugin } from '@spoor/graph';
import type { EventFlow } from '@spoor/components/node';
import type { GeneralOptions } from '../commands/general-options.ts';
import { suggestion } from '../suggestion.ts';
import { openSession } from './open-session.ts';
import { Session } from './session.ts';

const kinds = [
  ['source', 'Source'],
  ['filter', 'Filter'],
  ['sink', 'Sink'],
] as const;

function placeText(
  { name, version, description, author, license }: Plugin<EventFlow>,
  place: string,
): string {
  return [
    `${name}:`,
    `  Path: ${place}`,
    ...(version === undefined ? [] : [`  Version: ${version}`]),
    `  Description: ${description ?? '(none)'}`,
    `  Author: ${author ?? '(unknown)'}`,
    `  License: ${license ?? '(unknown)'}`,
    '',
  ].join('\n');
}

/** What is told of a component class. */
export interface ClassEntry {
  readonly className: string;
  readonly description: string;
  readonly parameters: ParameterTable;
}

/** All component classes that are built in. */
export function componentClasses(): readonly ClassEntry[] {
  const { registry } = new Session({});
  return registry.classNames.map((className) => {
    const { description, parameters } = registry.find(className).componentClass;
    return { className, description, parameters };
  });
}

/** All plug-ins with their component classes. */
export async function pluginList(options: GeneralOptions): Promise<string> {
  return pluginRows(await openSession(options));
}

/** The same of plug-ins that are loaded. */
export function pluginRows(session: Session): string {
  const plugins = [...session.registry.plugins].sort((left, right) =>
    left.plugin.name < right.plugin.name ? -1 : 1,
  );
  const count = plugins.reduce((sum, { plugin }) => sum + plugin.componentClasses.length, 0);
  let text = `Found ${count} component classes in ${plugins.length} plugins.\n`;
  for (const { plugin, place } of plugins) {
    text += `\n${placeText(plugin, place)}`;
    for (const [kind, title] of kinds) {
      const own = plugin.componentClasses.filter((componentClass) => componentClass.kind === kind);
      text += `  ${title} component classes:${own.length === 0 ? ' (none)' : ''}\n`;
      for (const { name, description } of own) {
        text += `    '${kind}.${plugin.name}.${name}': ${description}\n`;
      }
    }
  }
  return text;
}

/** What is known of a plug-in, with the numbers of its component classes. */
export function pluginHead(plugin: Plugin<EventFlow>, place: string): string {
  const counts = kinds.map(([kind, title]) => {
    const own = plugin.componentClasses.filter((componentClass) => componentClass.kind === kind);
    return `  ${title} component classes: ${own.length}\n`;
  });
  return placeText(plugin, place) + counts.join('');
}

/** What is known of a component class, behind its plug-in. */
export function classHelp({ fullName, componentClass }: FoundClass<EventFlow>): string {
  let text = `\n'${fullName}'\n  Description: ${componentClass.description}\n`;
  if (componentClass.help !== undefined) text += `  ${componentClass.help}\n`;
  const parameters = Object.entries(componentClass.parameters);
  if (parameters.length > 0) text += '  Parameters:\n';
  for (const [parameter, type] of parameters) {
    const needed = type.required === true ? ' (needed)' : '';
    const kind =
      type.kind === 'choice' ? type.choices.join(', ') : parameterTypeText(type).replace(/^an? /, '');
    text += `    ${parameter}: ${kind}${needed}\n      ${type.text}\n`;
  }
  const queries = Object.entries(componentClass.queries ?? {});
  if (queries.length > 0) text += '  Queries:\n';
  for (const [object, { description }] of queries) text += `    ${object}\n      ${description}\n`;
  return text;
}

/** What is known of a plug-in or a component class. @throws SpoorError `help/unknown`. */
export async function pluginHelp(name: string, options: GeneralOptions): Promise<string> {
  const { registry } = await openSession(options);
  const found = registry.look(name);
  const entry = registry.plugins.find(({ plugin }) => plugin === found?.plugin || plugin.name === name);
  if (entry === undefined) {
    const names = [...registry.plugins.map(({ plugin }) => plugin.name), ...registry.classNames];
    throw new SpoorError('help/unknown', `there is no command, plug-in or component class ${name}`, {
      hint: suggestion(name, names) ?? '`spoor list-plugins` lists them',
    });
  }
  return pluginHead(entry.plugin, entry.place) + (found === undefined ? '' : classHelp(found));
}

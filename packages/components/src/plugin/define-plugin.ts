/** Plug-ins as their authors write them, and the check of what a module hands out. */
import { SpoorError } from '@spoor/base';
import type { Plugin } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { classOfAuthor, type AuthorClass } from './author-class.ts';

/** A plug-in: component classes that come together. */
export interface PluginDefinition {
  /** The middle part of the dotted names. */
  readonly name: string;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly version?: string;
  readonly componentClasses: readonly AuthorClass[];
}

/** Gives a plug-in its type; export what it returns as `plugin`. */
export function definePlugin(plugin: PluginDefinition): PluginDefinition {
  return plugin;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const parameterKinds: ReadonlySet<unknown> = new Set([
  'boolean',
  'integer',
  'unsigned',
  'number',
  'string',
  'strings',
  'time',
  'array',
  'map',
  'any',
  'choice',
]);

function checkParameterTable(table: unknown, fail: (what: string) => never): void {
  if (table === undefined) return;
  if (!isRecord(table)) fail('has parameters that are no object');
  for (const [name, type] of Object.entries(table)) {
    if (!isRecord(type) || !parameterKinds.has(type['kind']) || typeof type['text'] !== 'string') {
      fail(`has a parameter ${JSON.stringify(name)} without a known \`kind\` and a \`text\``);
    }
    if (type['kind'] === 'choice' && !Array.isArray(type['choices'])) {
      fail(`has a parameter ${JSON.stringify(name)} without \`choices\``);
    }
  }
}

function checkClass(entry: unknown, fail: (what: string) => never): asserts entry is AuthorClass {
  if (!isRecord(entry)) fail('has a component class that is no object');
  const { kind, name, description, parameters } = entry;
  if (typeof name !== 'string') fail('has a component class without a `name`');
  const own = (what: string): never => fail(`has the component class ${name}, which ${what}`);
  if (kind !== 'source' && kind !== 'filter' && kind !== 'sink') {
    own('has no `kind` (source, filter or sink)');
  }
  if (typeof description !== 'string') own('has no `description`');
  if (typeof entry['open'] !== 'function' && typeof entry['create'] !== 'function') {
    own('has no function `open`');
  }
  checkParameterTable(parameters, own);
}

/**
 * The plug-in that a module hands out.
 * @param exported what it exports as `plugin`, or as its default.
 * @param place its file, for messages.
 * @throws SpoorError `plugin/misdeclared`, which says what is wrong.
 */
export function pluginOfModule(exported: unknown, place: string): Plugin<EventFlow> {
  try {
    return readPlugin(exported, place);
  } catch (cause) {
    if (cause instanceof SpoorError && cause.code === 'plugin/misdeclared') throw cause;
    // A property may be anything, such as a getter that throws.
    throw new SpoorError('plugin/misdeclared', 'the plug-in throws where its properties are read', {
      where: place,
      cause,
    });
  }
}

function readPlugin(exported: unknown, place: string): Plugin<EventFlow> {
  const fail = (what: string): never => {
    throw new SpoorError('plugin/misdeclared', `the plug-in ${what}`, {
      where: place,
      hint: 'docs/manual/plugins.md shows a whole one',
    });
  };
  if (!isRecord(exported)) return fail('has no export named `plugin` that is an object');
  const { name, componentClasses } = exported;
  if (typeof name !== 'string') return fail('has no `name`');
  if (!Array.isArray(componentClasses)) return fail('has no array of `componentClasses`');
  const classes = componentClasses.map((entry: unknown) => {
    checkClass(entry, fail);
    return classOfAuthor(entry, name);
  });
  const text = (key: string): Record<string, string> => {
    const value = exported[key];
    if (value === undefined) return {};
    return typeof value === 'string' ? { [key]: value } : fail(`has a \`${key}\` that is no text`);
  };
  return {
    name,
    ...text('description'),
    ...text('author'),
    ...text('license'),
    ...text('version'),
    componentClasses: classes,
  };
}

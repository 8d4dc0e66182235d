/** `[NAME:]TYPE.PLUGIN.CLASS`, as `--component`, `query` and `help` take it. */
import { SpoorError } from '@spoor/base';
import type { ComponentKind } from '@spoor/graph';
import { partUntil } from './escaped-text.ts';

/** What such an argument says. */
export interface ComponentArgument {
  readonly name: string | undefined;
  readonly kind: ComponentKind;
  readonly plugin: string;
  readonly className: string;
}

const kinds: Readonly<Record<string, ComponentKind>> = {
  source: 'source',
  src: 'source',
  filter: 'filter',
  flt: 'filter',
  sink: 'sink',
};

/** Numbers of the kinds in babeltrace2's messages. */
const kindNumbers: Readonly<Record<ComponentKind, number>> = { source: 1, filter: 2, sink: 4 };

const escapable = '.:\\';

/** @throws SpoorError `babeltrace2/component`. */
export function componentArgument(argument: string): ComponentArgument {
  const wrong = (message: string): never => {
    throw new SpoorError('babeltrace2/component', message);
  };
  if (!/^[ -~\n\r\t\v]*$/.test(argument)) wrong('Argument contains a non-printable character.');
  const named = partUntil(argument, 0, escapable, ':');
  const hasName = argument[named.end] === ':';
  const type = partUntil(argument, hasName ? named.end + 1 : 0, escapable, '.');
  if (type.end === argument.length) {
    wrong('Missing component class type (`source`, `filter`, or `sink`).');
  }
  const kind = Object.hasOwn(kinds, type.text) ? kinds[type.text]! : undefined;
  if (kind === undefined) return wrong(`Unknown component class type: \`${type.text}\`.`);
  const plugin = partUntil(argument, type.end + 1, escapable, '.');
  if (plugin.text === '' || plugin.end === argument.length) {
    wrong('Missing plugin or component class name.');
  }
  const componentClass = partUntil(argument, plugin.end + 1, escapable, '.');
  if (componentClass.text === '') wrong('Missing component class name.');
  if (componentClass.end !== argument.length) wrong('A component class has three names alone.');
  return {
    name: hasName && named.text !== '' ? named.text : undefined,
    kind,
    plugin: plugin.text,
    className: componentClass.text,
  };
}

/** The dotted name. */
export function dottedName({ kind, plugin, className }: Omit<ComponentArgument, 'name'>): string {
  return `${kind}.${plugin}.${className}`;
}

/** That there is no such class, in the words that scripts look for. */
export function missingClass({ kind, plugin, className }: Omit<ComponentArgument, 'name'>): SpoorError {
  return new SpoorError(
    'babeltrace2/class',
    `Cannot find component class: plugin-name="${plugin}", comp-cls-name="${className}", comp-cls-type=${kindNumbers[kind]}`,
  );
}

/** The work of `spoor run`: the components and connections are checked, then read as a conversion. */
import { SpoorError } from '@spoor/base';
import type { ComponentRequest } from '../commands/component-options.ts';
import { suggestion } from '../suggestion.ts';
import { convert } from './convert.ts';

/** Splits `UPSTREAM[.PORT]:DOWNSTREAM[.PORT]` into the names of its components. */
function connectionOf(text: string): readonly [string, string] {
  const found = /^((?:[^:.\\]|\\.)+)(?:\.[^:]*)?:((?:[^:.\\]|\\.)+)(?:\.[^:]*)?$/s.exec(text);
  if (found === null) {
    throw new SpoorError('run/connection', `--connect ${JSON.stringify(text)} joins nothing`, {
      hint: 'write UPSTREAM:DOWNSTREAM with names of components',
    });
  }
  const plain = (name: string): string => name.replaceAll(/\\(.)/gs, '$1');
  return [plain(found[1]!), plain(found[2]!)];
}

/**
 * Runs the graph. Sources are joined to the sink through any filters; every component must be connected.
 * @returns the exit status.
 */
export async function runGraph(
  components: readonly ComponentRequest[],
  connections: readonly string[],
): Promise<number> {
  const names = components.map(({ name, className }) => name ?? className);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) {
    throw new SpoorError('run/name', `two components are named ${JSON.stringify(doubled)}`);
  }
  const joined = new Set<string>();
  for (const text of connections) {
    for (const name of connectionOf(text)) {
      if (!names.includes(name)) {
        throw new SpoorError(
          'run/connection',
          `--connect ${text}: no component is named ${JSON.stringify(name)}`,
          {
            hint: suggestion(name, names) ?? `there are ${names.join(', ')}`,
          },
        );
      }
      joined.add(name);
    }
  }
  for (const type of ['source', 'sink']) {
    if (!components.some(({ className }) => className.startsWith(`${type}.`))) {
      throw new SpoorError('run/missing', `the graph has no ${type}`, { hint: `add one by -c ${type}.…` });
    }
  }
  const lonely = names.find((name) => !joined.has(name));
  if (lonely !== undefined) {
    throw new SpoorError('run/missing', `the component ${JSON.stringify(lonely)} is not connected`, {
      hint: 'join it to another by -x NAME:NAME',
    });
  }
  return convert([], { component: components });
}

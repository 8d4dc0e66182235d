/** The work of `spoor run`. */
import type { NamedComponent } from '../commands/component-options.ts';
import type { RunOptions } from '../commands/run.ts';
import { parseParameters, type ComponentRequest, type Parameters } from '@spoor/graph';
import { openSession } from './open-session.ts';

/** Parameters of texts: those of later texts win. */
export function parametersOf(texts: readonly string[]): Parameters {
  return new Map(texts.flatMap((text) => [...parseParameters(text)]));
}

/** The component that is asked for, under the name that it has in its graph. */
export function requestOf({ name, className, parameters, logLevel }: NamedComponent): ComponentRequest {
  return {
    name: name ?? className,
    className,
    parameters: parametersOf(parameters),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

/**
 * Runs the graph.
 * @returns the exit status.
 */
export async function runCommand(options: RunOptions): Promise<number> {
  const session = await openSession(options);
  const components = (options.component ?? []).map(requestOf);
  return session.run({ components, connections: options.connect ?? [] }, { retryMs: options.retryDuration });
}

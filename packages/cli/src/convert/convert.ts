/** The work of `spoor convert`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { metadataText } from '@spoor/components/node';
import type { ConvertOptions } from '../commands/convert.ts';
import type { ImplicitOptions } from '../commands/component-options.ts';
import { conversionGraph } from './conversion.ts';
import { openSession } from './open-session.ts';
import { runArguments } from './run-arguments.ts';
import { requestOf } from './run-command.ts';

/** Refuses what is not there, rather than doing something else. */
function refuseLive(paths: readonly string[], options: ConvertOptions): void {
  if (options.inputFormat === 'lttng-live' || paths.some((path) => /^net[46]?:\/\//.test(path))) {
    throw new SpoorError(
      'convert/absent',
      'source.ctf.lttng-live is not there: live sessions are not read yet',
      {
        hint: 'read the trace that the session writes',
      },
    );
  }
}

/** The text of a trace's metadata. @throws SpoorError `convert/metadata` where it cannot be read. */
export function metadataOf(path: string): string {
  const file = join(path, 'metadata');
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new SpoorError('convert/metadata', `cannot read ${file}`, { cause });
  }
  return metadataText(bytes, file).text;
}

/** `-o ctf-metadata`: the metadata of the one trace. */
function printMetadata(paths: readonly string[]): void {
  const [path] = paths;
  if (path === undefined) throw new SpoorError('convert/no-input', 'no directory is given');
  process.stdout.write(`${metadataOf(path)}\n`);
}

/**
 * Reads the traces and hands their events to the sinks that the options name.
 * @returns the exit status: 1 when a trace is damaged, whatever of it could be read.
 */
export async function convert(
  paths: readonly string[],
  options: ConvertOptions,
  implicit: ImplicitOptions,
): Promise<number> {
  refuseLive(paths, options);
  if (options.outputFormat === 'ctf-metadata') {
    printMetadata(paths);
    return 0;
  }
  const graph = conversionGraph(paths, options, implicit);
  if (options.runArgs === true || options.runArgs0 === true) {
    if (options.streamIntersection === true) {
      throw new SpoorError('convert/run-args', '--stream-intersection cannot be said in arguments of `run`', {
        hint: 'leave out --run-args, or give sources stream-intersection=yes',
      });
    }
    process.stdout.write(runArguments(graph, options.runArgs0 === true));
    return 0;
  }
  const session = await openSession(options);
  const components = graph.components.map((component) => {
    const intersects = options.streamIntersection === true && component.className === 'source.ctf.fs';
    const { parameters } = component;
    return requestOf({
      ...component,
      parameters: intersects ? [...parameters, 'stream-intersection=yes'] : [...parameters],
    });
  });
  return session.run({ components, connections: graph.connections }, { retryMs: options.retryDuration });
}

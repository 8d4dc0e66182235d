/** The component class `source.text.dmesg`. */
import { SpoorError } from '@spoor/base';
import type { ComponentClass } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { openTrace } from '../source-ctf-fs/open-trace.node.ts';
import { SetSource, type SourceEnvironment } from '../source-ctf-fs/set-source.ts';
import { openDmesg } from './open-dmesg.node.ts';

/** Makes the class. */
export function dmesgClass(environment: SourceEnvironment): ComponentClass<EventFlow> {
  return {
    kind: 'source',
    name: 'dmesg',
    description: "Reads lines of the kernel's ring buffer, as dmesg(1) prints them.",
    parameters: {
      path: { kind: 'string', text: 'File to read; standard input by default.' },
      'read-from-stdin': { kind: 'boolean', text: 'Read standard input, as without a path.' },
      'no-extract-timestamp': { kind: 'boolean', text: 'Keep times as part of the lines.' },
    },
    create: (parameters, context) => {
      const path = parameters.get('path');
      if (path !== undefined && parameters.get('read-from-stdin') === true) {
        throw new SpoorError(
          'convert/parameters',
          'source.text.dmesg reads `path` or standard input, not both',
        );
      }
      const noExtractTimestamp = parameters.get('no-extract-timestamp') === true;
      const read = openDmesg(
        typeof path === 'string' ? { path, noExtractTimestamp } : { noExtractTimestamp },
      );
      return SetSource.make(
        {
          name: 'source.text.dmesg',
          open: (clockRules) => openTrace([], { clockRules }, read === undefined ? [] : [read]),
        },
        context,
        environment,
      );
    },
  };
}

// @ts-check
// A plug-in with a class of each kind. Try it:
//   spoor --plugin-path=examples list-plugins
//   spoor --plugin-path=examples -c source.sample.pulse -p count=+5 -c filter.sample.gaps -p least-ns=+1500
import { definePlugin } from '@spoor/components/plugin';

/**
 * A parameter that must be an unsigned integer, or what is taken without it.
 * @param {import('@spoor/components/plugin').Given['parameters']} parameters
 * @param {string} name
 * @param {bigint} preset
 */
function unsigned(parameters, name, preset) {
  const value = parameters.get(name);
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : preset;
}

/** @type {import('@spoor/components/plugin').SourceDefinition} */
const pulse = {
  kind: 'source',
  name: 'pulse',
  description: 'Makes events at equal distances, every fifth one late.',
  parameters: {
    count: { kind: 'unsigned', text: 'How many events; +10 by default.' },
  },
  *open({ parameters, output }) {
    const trace = output.trace(
      {
        environment: { hostname: 'sample' },
        streams: [{ events: [{ name: 'pulse', fields: { number: 'u32', note: 'string' } }] }],
      },
      'pulses',
    );
    const stream = trace.stream();
    let timeNs = 1_000_000_000n;
    for (let number = 0; number < Number(unsigned(parameters, 'count', 10n)); number++) {
      timeNs += number % 5 === 4 ? 2_000n : 1_000n;
      stream.event('pulse', timeNs, { number, note: number % 5 === 4 ? 'late' : '' });
      // Here events may be handed on.
      yield;
    }
  },
};

/** @type {import('@spoor/components/plugin').FilterDefinition} */
const gaps = {
  kind: 'filter',
  name: 'gaps',
  description: 'Adds an event where nothing happened in a stream for long.',
  parameters: {
    'least-ns': { kind: 'unsigned', required: true, text: 'Least length of a gap in nanoseconds.' },
  },
  open({ parameters, output, forward }) {
    const leastNs = Number(unsigned(parameters, 'least-ns', 0n));
    const trace = output.trace(
      { streams: [{ events: [{ name: 'gap', fields: { stream: 'string', length_ns: 'u64' } }] }] },
      'gaps',
    );
    const stream = trace.stream();
    /** @type {Map<string, number>} */
    const last = new Map();
    return {
      event(event) {
        const { path } = event.stream;
        const lengthNs = event.timeNs - (last.get(path) ?? event.timeNs);
        last.set(path, event.timeNs);
        if (lengthNs >= leastNs) {
          stream.event('gap', output.baseNs + BigInt(event.timeNs), { stream: path, length_ns: lengthNs });
        }
        forward();
      },
    };
  },
};

/** @type {import('@spoor/components/plugin').SinkDefinition} */
const summary = {
  kind: 'sink',
  name: 'summary',
  description: 'Counts the events of each name, and prints the counts at the end.',
  open() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    return {
      event(event) {
        counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
      },
      end() {
        for (const [name, count] of [...counts].sort(([left], [right]) => (left < right ? -1 : 1)))
          console.log(`${count} ${name}`);
      },
    };
  },
};

export const plugin = definePlugin({
  name: 'sample',
  description: 'A plug-in to begin with',
  author: 'you',
  license: 'MIT',
  version: '1.0.0',
  componentClasses: [pulse, gaps, summary],
});

// Messages that are no events, in components of plug-ins: what they take in is what the real babeltrace2 says of the same
// trace, and what they make is printed and counted as babeltrace2 does it of such messages of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { corpusNeeds, corpusTrace, type CorpusFamily } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { repoRoot } from '../support/machine.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-messages-'));
afterAll(() => removeTree(folder));
writeFileSync(
  join(folder, 'messages.mjs'),
  String.raw`
const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const titles = {
  'stream-beginning': 'Stream beginning', 'stream-end': 'Stream end', 'packet-beginning': 'Packet beginning',
  'packet-end': 'Packet end', 'discarded-events': 'Discarded events', 'discarded-packets': 'Discarded packets',
  inactivity: 'Message iterator inactivity',
};
const all = {
  kind: 'sink', name: 'all', description: 'Prints a line of each message.',
  open({ input }) {
    const traces = [];
    const tag = ({ trace, streamClass, id }) => {
      if (!traces.includes(trace)) traces.push(trace);
      return '{' + traces.indexOf(trace) + ' ' + streamClass.id + ' ' + id + '} ';
    };
    const at = (ns) => (ns === undefined ? '' : '[' + grouped(ns) + '] ');
    const lines = [];
    return {
      event(event) {
        const { id, name } = event.eventClass;
        lines.push(at(input.baseNs + BigInt(event.timeNs)) + tag(event.stream) + 'Event \x60' + name + '\x60 (' + id + ')');
      },
      message(message) {
        const { kind, stream, count } = message;
        const what = kind.slice('discarded-'.length);
        lines.push(at(message.ns) + at(message.endNs) +
          (message.ticks === undefined && kind.startsWith('stream-') ? '[Unknown] ' : '') +
          (kind === 'inactivity' ? '' : tag(stream)) + titles[kind] +
          (kind.startsWith('discarded') && count !== undefined ? ' (' + count + ' ' + what + ')' : ''));
      },
      end() {
        console.log(lines.join('\n'));
      },
    };
  },
};
const every = {
  kind: 'source', name: 'every', description: 'Makes messages of every kind.',
  *open({ output }) {
    const at = 1_000_000_000n;
    const stream = output.trace({ streams: [{ events: [{ name: 'e', fields: {} }] }] }).stream();
    stream.inactivity(at);
    stream.begin(at + 1n);
    stream.beginPacket(at + 2n);
    stream.event('e', at + 3n);
    yield;
    stream.inactivity(at + 4n);
    stream.discarded(3, at + 4n, at + 5n);
    stream.endPacket(at + 5n);
    yield Promise.resolve();
    stream.discardedPackets(2, at + 5n, at + 6n);
    stream.beginPacket(at + 6n);
    stream.endPacket(at + 7n);
    stream.end(at + 8n);
  },
};
const plain = {
  kind: 'filter', name: 'plain', description: 'Lets all pass.',
  open: ({ forward }) => ({ event: forward }),
};
const quiet = {
  kind: 'filter', name: 'quiet', description: 'Keeps inactivity and losses to itself.',
  open: ({ forward }) => ({
    event: forward,
    message({ kind }) {
      if (kind !== 'inactivity' && !kind.startsWith('discarded')) forward();
    },
  }),
};
const torn = {
  kind: 'filter', name: 'torn', description: 'Forgets beginnings.',
  open: ({ forward }) => ({ event: forward, message() {} }),
};
const wrong = {
  kind: 'source', name: 'wrong', description: 'Has no packet open.',
  *open({ output }) {
    output.trace({ streams: [{ events: [] }] }).stream().endPacket(1);
  },
};
export const plugin = { name: 'messages', componentClasses: [all, every, plain, quiet, torn, wrong] };
`,
);
const plugins = `--plugin-path=${folder}`;
const compact = ['-c', 'sink.text.details', '-p', 'compact=yes,with-metadata=no'];

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'tracecompass')],
  'messages that a sink takes in',
  () => {
    test.each<readonly [CorpusFamily, string]>([
      ['babeltrace-tests', '1/intersection/3eventsintersectreverse'],
      ['tracecompass', 'exp/testTrace-21482-20140324-160700'],
      ['babeltrace-tests', '1/packet-seq-num/7-lost-between-2-with-index'],
      ['babeltrace-tests', '1/succeed/lttng-event-after-packet'],
    ])('%s %s', (family, trace) => {
      const path = corpusTrace({ family, trace });
      const theirs = babeltrace2([...compact, path]).stdout.replaceAll(/\[[\d,]+ ([\d,]+)\]/g, '[$1]');
      expect(theirs).toContain('Packet beginning');
      expect(spoor([plugins, path, '-c', 'sink.messages.all']).stdout).toBe(theirs);
      const filtered = spoor([plugins, path, '-c', 'filter.messages.plain', '-c', 'sink.messages.all']);
      expect(filtered.stdout).toBe(theirs);
    });
  },
);

const bt2 = spawnSync('/usr/bin/python3', ['-c', 'import bt2']).status === 0;
describeNeeding(
  [{ group: 'interop', lack: 'no bt2 for python3 (scripts/install-peers.sh)', met: bt2 }],
  'messages that a source makes, beside those of a source of babeltrace2',
  () => {
    const peer = (...args: readonly string[]): string =>
      spawnSync('/usr/bin/python3', [join(repoRoot, 'tests/interop/programs/every-message.py'), ...args], {
        encoding: 'utf8',
        timeout: 60_000,
      }).stdout;
    const source = [plugins, '-c', 'source.messages.every'];
    test('details', () => {
      const theirs = peer('text', 'details', 'compact=yes', 'with-metadata=no');
      expect(theirs).toContain('Message iterator inactivity');
      expect(spoor([...source, ...compact]).stdout).toBe(theirs);
      expect(spoor([...source, '-c', 'filter.messages.plain', ...compact]).stdout).toBe(theirs);
    });
    test('counter', () => {
      expect(spoor([...source, '-c', 'sink.utils.counter']).stdout).toBe(peer('utils', 'counter'));
    });
  },
);

describe('filters of messages, and their order', () => {
  const source = [plugins, '-c', 'source.messages.every'];
  test('a filter keeps some to itself, whatever the sink reads', () => {
    const details = spoor([...source, '-c', 'filter.messages.quiet', ...compact]).stdout;
    expect(details).toContain('Packet end');
    expect(details).not.toMatch(/inactivity|Discarded/);
    const text = spoor([...source, '-c', 'filter.messages.quiet']);
    expect(text.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(text.stderr).toBe('');
    expect(spoor(source).stderr).toContain('discarded 3 events');
  });
  test('what comes out of order is refused', () => {
    const torn = spoor([...source, '-c', 'filter.messages.torn']);
    expect(torn.stderr).toContain('comes between its beginning and its end');
    expect(torn.status).toBe(1);
    const wrong = spoor([plugins, '-c', 'source.messages.wrong']);
    expect(wrong.stderr).toContain('the end of a packet cannot come in a stream before its beginning');
    expect(wrong.status).toBe(1);
  });
});

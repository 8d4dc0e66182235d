// Messages of node:diagnostics_channel by the names of their channels, of real publishers.
import { expect, test } from 'vitest';
import { nodeReleases, ownNode } from '../support/node-versions.ts';
import { record, spans, type RecordedEvent } from '../support/recorded.ts';

/** Events of the set, without their times. */
function told(events: readonly RecordedEvent[]): (readonly [string, Readonly<Record<string, unknown>>])[] {
  return events
    .filter(({ name }) => name.startsWith('diagnostics:'))
    .map(({ name, fields }) => [name.slice('diagnostics:'.length), fields] as const);
}

test('messages of channels made before and later, by glob', () => {
  const { events, status, stdout } = record(
    `
    import { channel } from 'node:diagnostics_channel';
    const other = channel('bank:order');
    const order = channel('shop:order');
    console.log(other.hasSubscribers, order.hasSubscribers, Object.keys(order).includes('name'), order.name);
    order.publish({ id: 7, get secret() { throw new Error('was called'); } });
    order.publish('text');
    other.publish({ id: 8 });
    order.subscribe((message, name) => console.log(name, typeof message));
    order.publish(9n);
  `,
    { SPOOR_AUTO: 'diagnostics:shop:*' },
  );
  expect(status).toBe(0);
  expect(stdout).toBe('false true true shop:order\nshop:order bigint\n');
  expect(told(events)).toEqual([
    ['message', { channel: 'shop:order', request: 0, data: '{"id":7,"secret":"[Getter]"}' }],
    ['message', { channel: 'shop:order', request: 0, data: '"text"' }],
    ['message', { channel: 'shop:order', request: 0, data: '"9"' }],
  ]);
  expect(events.some(({ name }) => name === 'console:message')).toBe(false);
});

test('tracing channels: spans of functions, promises and callbacks, that succeed and fail', () => {
  const { events, stdout } = record(
    `
    import { tracingChannel } from 'node:diagnostics_channel';
    const trace = tracingChannel('shop.query');
    console.log(trace.traceSync(() => 1, { n: 1 }));
    try { trace.traceSync(() => { throw Object.assign(new Error('no'), { code: 'E_NO' }); }, { n: 2 }); } catch (error) { console.log(error.code); }
    await trace.tracePromise(async () => { await null; return 2; }, { n: 3 });
    await trace.tracePromise(async () => { await null; throw new RangeError('late'); }, { n: 4 }).catch((error) => console.log(error.name));
    await new Promise((done) => trace.traceCallback((callback) => setImmediate(callback, null, 'r'), 0, { n: 5 }, undefined, done));
    trace.traceCallback((callback) => callback(null), 0, { n: 6 }, undefined, () => {});
  `,
    { SPOOR_AUTO: 'diagnostics:shop.*' },
  );
  expect(stdout).toBe('1\nE_NO\nRangeError\n');
  expect(told(events).map(([name, { id, data, error }]) => [name, id, data ?? error])).toEqual([
    ['trace_begin', 1, '{"n":1}'],
    ['trace_end', 1, '-'],
    ['trace_begin', 2, '{"n":2}'],
    ['trace_end', 2, 'E_NO'],
    ['trace_begin', 3, '{"n":3}'],
    ['trace_return', 3, undefined],
    ['trace_resume', 3, undefined],
    ['trace_end', 3, '-'],
    ['trace_begin', 4, '{"n":4}'],
    ['trace_return', 4, undefined],
    ['trace_resume', 4, undefined],
    ['trace_end', 4, 'RangeError'],
    ['trace_begin', 5, '{"n":5}'],
    ['trace_return', 5, undefined],
    ['trace_resume', 5, undefined],
    ['trace_end', 5, '-'],
    ['trace_begin', 6, '{"n":6}'],
    ['trace_resume', 6, undefined],
    ['trace_end', 6, '-'],
  ]);
});

test('channels of Node.js itself, beside the usual sets', () => {
  const { events } = record(
    `
    import http from 'node:http';
    const server = http.createServer((request, response) => response.end('x')).listen(0, '127.0.0.1', async () => {
      await (await fetch('http://127.0.0.1:' + server.address().port)).text();
      server.close(); server.closeAllConnections();
    });
  `,
    { SPOOR_AUTO: 'default,diagnostics:undici:request:*,diagnostics:http.server.request.start' },
  );
  const channels = told(events).map(([, fields]) => fields['channel']);
  for (const name of ['undici:request:create', 'http.server.request.start', 'undici:request:trailers']) {
    expect(channels.filter((found) => found === name)).toHaveLength(1);
  }
  expect(events.some(({ name }) => name === 'http_server:request_begin')).toBe(true);
});

test.each([ownNode, ...nodeReleases])(
  'all channels there are, of Node.js $major too, and not what the tracer itself loads meanwhile',
  ({ path }) => {
    const { events, status, stdout, stderr } = record(
      `
      import { createRequire } from 'node:module';
      import { tracingChannel } from 'node:diagnostics_channel';
      const require = createRequire(import.meta.url);
      tracingChannel('shop.load').traceSync(() => require('node:zlib'), { n: 1, list: [{ a: new Date(0) }] });
      require('node:readline');
      await import('node:tty');
      console.log('done');
    `,
      { SPOOR_AUTO: 'diagnostics:*' },
      [],
      path,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'done\n' });
    expect(stderr).not.toMatch(/missing|not recorded|Maximum/);
    const begun = told(events).filter(([name]) => name === 'trace_begin');
    expect(begun.filter(([, { channel }]) => channel === 'shop.load')).toHaveLength(1);
    const loaded = begun.flatMap(([, { channel, data }]) => {
      const { id } = JSON.parse(String(data)) as { readonly id?: string };
      return channel === 'module.require' ? [id] : [];
    });
    // Node.js 20 has no such channel.
    expect(loaded).toEqual(loaded.length === 0 ? [] : ['node:zlib', 'node:readline']);
  },
);

test.each([ownNode, ...nodeReleases.filter(({ major }) => major >= 24)])(
  'tracing channels of Node.js $major whose messages are an object each have spans that end',
  ({ major, path }) => {
    const { events } = record(
      `
      import { spawn } from 'node:child_process'; import net from 'node:net';
      spawn(process.execPath, ['--version']);
      spawn('/no/such/program').on('error', () => {});
      const server = net.createServer().listen(0, () => {
        net.createServer().on('error', () => server.close()).listen(server.address().port);
      });
    `,
      { SPOOR_AUTO: 'diagnostics:child_process.spawn,diagnostics:net.server.listen' },
      [],
      path,
    );
    const ended = (name: string): unknown[] =>
      spans(events, 'diagnostics:trace').flatMap(({ begin, end }) =>
        begin.fields['channel'] === name ? [end?.fields['error']] : [],
      );
    expect(ended('net.server.listen')).toEqual(['-', 'EADDRINUSE']);
    // Earlier releases do not tell of it.
    expect(ended('child_process.spawn')).toEqual(major >= 24 ? ['-', 'ENOENT'] : []);
  },
);

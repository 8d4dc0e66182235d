// The sets of automatic events that are recorded only when they are named: programs that use what they watch, recorded
// by the command, and their events as babeltrace2 prints them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

/** An event as babeltrace2 prints it: its name, and its own fields by name. */
interface PrintedEvent {
  readonly name: string;
  readonly pid: number;
  readonly fields: Readonly<Record<string, string | number>>;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-sets-'));
});
afterAll(() => removeTree(folder));

let runs = 0;

/** Runs an ES module under `spoor record` and has babeltrace2 print the trace. */
function printed(sets: string, text: string, options: readonly string[] = []): readonly PrintedEvent[] {
  const program = join(folder, `program-${(runs += 1)}.mjs`);
  const output = join(folder, `trace-${runs}`);
  writeFileSync(program, text);
  const run = spoor(['record', '-o', output, '--auto', sets, ...options, '--', process.execPath, program]);
  expect([run.status, run.stdout]).toEqual([0, '']);
  const peer = spawnSync('timeout', ['60', 'babeltrace2', output], { encoding: 'utf8' });
  expect([peer.status, peer.stderr]).toEqual([0, '']);
  return peer.stdout.split('\n').flatMap((line) => {
    const found = / \w+:[^ ]+:\((\d+)\) (\S+): \{[^}]*\}, \{ (.*) \}$/.exec(line);
    if (found === null) return [];
    const [, pid, name, values] = found;
    const fields = [
      ...values!.matchAll(/(\w+) = (?:"((?:[^"\\]|\\.)*)"|\( "(\w+)" : [^)]*\)|([-\d.]+))/g),
    ].map(([, key, string, label, number]) => [key!, string ?? label ?? Number(number)] as const);
    return [{ name: name!, pid: Number(pid), fields: Object.fromEntries(fields) }];
  });
}

function named(events: readonly PrintedEvent[], name: string): readonly PrintedEvent[] {
  return events.filter((event) => event.name === name);
}

/** Each begin with its end; each end belongs to a begin before it. */
function spans(
  events: readonly PrintedEvent[],
  name: string,
): readonly { readonly begin: PrintedEvent['fields']; readonly end: PrintedEvent['fields'] | undefined }[] {
  return named(events, `${name}_begin`).map(({ pid, fields: begin }) => ({
    begin,
    end: named(events, `${name}_end`).find((end) => end.pid === pid && end.fields['id'] === begin['id'])
      ?.fields,
  }));
}

describeNeeding([command('babeltrace2')], 'sets of automatic events, as babeltrace2 prints them', () => {
  test('fs: synchronous, with callbacks, with promises, by handles and by streams', () => {
    const file = join(folder, 'file.txt');
    const events = printed(
      'fs',
      `import fs, { readFileSync } from 'node:fs';
      import { open, readFile } from 'node:fs/promises';
      import { once } from 'node:events';
      import { pathToFileURL } from 'node:url';
      const file = ${JSON.stringify(file)};
      fs.writeFileSync(file, 'hello');
      readFileSync(file);
      try { fs.statSync(file + '.none'); } catch {}
      await readFile(pathToFileURL(file), 'utf8');
      await fs.promises.stat(file + '.none').catch(() => undefined);
      await new Promise((resolve) => fs.readFile(Buffer.from(file), resolve));
      await new Promise((resolve) => fs.access(file + '.none', resolve));
      await new Promise((resolve) => fs.exists(file, resolve));
      const handle = await open(file, 'r+');
      await handle.read(Buffer.alloc(4), 0, 4, 0);
      await handle.writeFile('more');
      await handle.close();
      await once(fs.createReadStream(file).resume(), 'close');
      fs.realpathSync.native(file);
      await fs.promises.unlink(file);`,
    );
    const told = spans(events, 'fs:operation')
      .filter(({ begin }) => begin['path'] === '-' || String(begin['path']).startsWith(file))
      .map(({ begin, end }) => [
        begin['operation'],
        begin['form'],
        String(begin['path']).replace(file, 'F'),
        begin['fd'] === -1 ? '' : 'fd',
        end?.['error'],
        begin['operation'] === 'open' ? (Number(end?.['result']) > 2 ? 'fd' : '') : end?.['result'],
      ]);
    const streamed = told.filter(([operation]) => operation === 'read' || operation === 'close');
    expect(told.filter((one) => !streamed.includes(one))).toEqual([
      ['writeFile', 'sync', 'F', '', '-', 0],
      ['readFile', 'sync', 'F', '', '-', 5],
      ['stat', 'sync', 'F.none', '', 'failed', 0],
      ['readFile', 'promise', 'F', '', '-', 5],
      ['stat', 'promise', 'F.none', '', 'ENOENT', 0],
      ['readFile', 'callback', 'F', '', '-', 5],
      ['access', 'callback', 'F.none', '', 'ENOENT', 0],
      ['exists', 'callback', 'F', '', '-', 1],
      ['open', 'promise', 'F', '', '-', 'fd'],
      ['FileHandle.read', 'promise', '-', 'fd', '-', 4],
      ['FileHandle.writeFile', 'promise', '-', 'fd', '-', 0],
      ['FileHandle.close', 'promise', '-', 'fd', '-', 0],
      ['open', 'callback', 'F', '', '-', 'fd'],
      ['realpath.native', 'sync', 'F', '', '-', expect.any(Number)],
      ['unlink', 'promise', 'F', '', '-', 0],
    ]);
    expect(streamed.map(([operation, , , , , result]) => `${operation} ${result}`)).toEqual([
      'read 5',
      'read 0',
      'close 0',
    ]);
    // The tracer's own files are not told of.
    expect(events.filter(({ fields }) => /session|status|rings/.test(String(fields['path'])))).toEqual([]);
  });

  test('fs and modules: nothing of what the tracer itself reads, the recorder of functions neither', () => {
    const events = printed('fs,modules', `import fs from 'node:fs'; fs.statSync('/');`, [
      '--functions',
      '/**',
    ]);
    const names = events.map(({ fields }) => String(fields['path'] ?? fields['url'] ?? ''));
    expect(names).toContain('/');
    expect(names.filter((name) => name.includes('bundle'))).toEqual([]);
  });

  test('timers: set, fired, cancelled, and waited for', () => {
    const events = printed(
      'timers',
      `import { setTimeout as sleep } from 'node:timers/promises';
      import timers, { setImmediate } from 'node:timers';
      let left = 3;
      const interval = setInterval(() => { left -= 1; if (left === 0) clearInterval(interval); }, 2);
      setImmediate(() => {});
      clearTimeout(setTimeout(() => {}, 1000));
      setTimeout(() => {}, 2000).close();
      timers.clearImmediate(setImmediate(() => {}));
      const late = setTimeout((value) => { if (value !== 'argument') process.exit(9); }, 5, 'argument');
      clearTimeout(undefined);
      await sleep(8);
      await sleep(1000, undefined, { signal: AbortSignal.abort() }).catch(() => {});
      clearTimeout(late);`,
    );
    const started = named(events, 'timers:start').map(({ fields }) => fields);
    expect(started.map((fields) => [fields['kind'], fields['delay_ms']])).toEqual([
      ['interval', 2],
      ['immediate', 0],
      ['timeout', 1000],
      ['timeout', 2000],
      ['immediate', 0],
      ['timeout', 5],
    ]);
    const firings = started.map(
      ({ id }) => named(events, 'timers:fire_begin').filter(({ fields }) => fields['id'] === id).length,
    );
    expect(firings).toEqual([3, 1, 0, 0, 0, 1]);
    expect(named(events, 'timers:fire_end')).toHaveLength(5);
    const cancelled = named(events, 'timers:cancel').map(({ fields }) => fields['id']);
    expect(new Set(cancelled)).toEqual(new Set([0, 2, 3, 4].map((at) => started[at]!['id'])));
    expect(
      spans(events, 'timers:sleep').map(({ begin, end }) => [begin['delay_ms'], end?.['error']]),
    ).toEqual([
      [8, '-'],
      [1000, 'ABORT_ERR'],
    ]);
  });

  test('http2 and undici: requests of servers and clients, with what a request causes', () => {
    const events = printed(
      'http2,undici,net,request-context,console',
      `import http2 from 'node:http2';
      import http from 'node:http';
      import { once } from 'node:events';
      const inner = http.createServer((request, response) => response.end('inner')).listen(0, '127.0.0.1');
      await once(inner, 'listening');
      const server = http2.createServer();
      server.on('stream', async (stream, headers) => {
        stream.on('error', () => {});
        if (headers[':path'] === '/refused') return void stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
        await (await fetch('http://127.0.0.1:' + inner.address().port + headers[':path'])).text();
        stream.respond({ ':status': 418 });
        stream.end('tea');
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const session = http2.connect('http://127.0.0.1:' + server.address().port);
      const get = (path) => new Promise((resolve) => {
        const stream = session.request({ ':path': path, ':method': path === '/post' ? 'POST' : 'GET' });
        stream.on('error', () => {}).on('close', resolve).resume().end();
      });
      await get('/tea'); await get('/post'); await get('/refused');
      session.close(); server.close(); inner.close(); inner.closeAllConnections();`,
    );
    // Streams of one session, and requests to the other server.
    const connections = spans(events, 'net:connection').filter(({ begin }) => begin['side'] === 'server');
    const requests = spans(events, 'http_server:request').map(({ begin, end }) => [
      begin['id'],
      connections.findIndex((connection) => connection.begin['id'] === begin['connection']),
      begin['method'],
      begin['url'],
      end?.['status'],
      end?.['aborted'],
    ]);
    expect(requests).toEqual([
      [1, 0, 'GET', '/tea', 418, 0],
      [2, 0, 'POST', '/post', 418, 0],
      [3, 0, 'GET', '/refused', 0, 1],
    ]);
    const clients = spans(events, 'http_client:request').map(({ begin, end }) => [
      begin['path'],
      begin['request'],
      end?.['status'],
      end?.['error'],
    ]);
    expect(clients).toEqual([
      ['/tea', 0, 418, '-'],
      ['/tea', 1, 200, '-'],
      ['/post', 0, 418, '-'],
      ['/post', 2, 200, '-'],
      ['/refused', 0, 0, 'ERR_HTTP2_STREAM_ERROR'],
    ]);
    expect(named(events, 'http_client:response')).toHaveLength(4);
    const [connect, ...others] = spans(events, 'undici:connect');
    expect([connect?.begin['request'], connect?.end?.['error'], others.length]).toEqual([1, '-', 0]);
  });

  test('cluster: workers and messages', () => {
    const events = printed(
      'cluster',
      `import cluster from 'node:cluster';
      import net from 'node:net';
      import { once } from 'node:events';
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        worker.on('message', () => worker.send('end'));
        await once(cluster, 'exit');
      } else {
        process.on('message', () => process.exit(3));
        await once(net.createServer().listen(0, '127.0.0.1'), 'listening');
        cluster.worker.send('there');
      }`,
    );
    const [worker] = spans(events, 'cluster:worker');
    expect(worker).toMatchObject({ begin: { id: 1 }, end: { id: 1, exit_code: 3, signal: '-' } });
    for (const name of ['online', 'listening', 'disconnect', 'message_received']) {
      expect([name, named(events, `cluster:${name}`).length]).toEqual([name, 1]);
    }
    expect(named(events, 'cluster:listening')[0]!.fields['port']).toBeGreaterThan(0);
    const sent = named(events, 'cluster:message_sent').map(({ pid }) => pid === worker!.begin['pid']);
    expect(sent).toEqual([true, false]);
  });

  test('modules: CommonJS and ES modules, by name and time', () => {
    const library = join(folder, 'library.cjs');
    const inner = join(folder, 'inner.cjs');
    const other = join(folder, 'other.mjs');
    writeFileSync(library, `exports.inner = require('./inner.cjs');`);
    writeFileSync(inner, `exports.x = 1;`);
    writeFileSync(other, `export const y = 2;`);
    const events = printed(
      'modules',
      `import { createRequire } from 'node:module';
      import './other.mjs';
      createRequire(import.meta.url)('./library.cjs');`,
    );
    const loads = named(events, 'modules:load').map(({ fields }) => fields);
    expect(loads.map((fields) => fields['path'])).toEqual([inner, library]);
    expect(Number(loads[1]!['duration_ns'])).toBeGreaterThan(Number(loads[0]!['duration_ns']));
    const sources = named(events, 'modules:import_source').map(({ fields }) => fields);
    expect(sources.map((fields) => [fields['format'], String(fields['url']).split('/').at(-1)])).toEqual([
      ['module', `program-${runs}.mjs`],
      ['module', 'other.mjs'],
    ]);
    for (const fields of sources) expect(Number(fields['duration_ns'])).toBeGreaterThan(0);
  });

  test('async: resources are made, run and end', () => {
    const events = printed(
      'async,async-end',
      `import { AsyncResource } from 'node:async_hooks';
      const resource = new AsyncResource('MINE');
      resource.runInAsyncScope(() => Promise.resolve().then(() => {}));
      resource.emitDestroy();
      await new Promise(setImmediate);`,
    );
    const mine = named(events, 'async:init').find(({ fields }) => fields['type'] === 'MINE')!.fields['id'];
    const life = events.filter(({ name, fields }) => name.startsWith('async:') && fields['id'] === mine);
    expect(life.map(({ name }) => name)).toEqual([
      'async:init',
      'async:run_begin',
      'async:run_end',
      'async:destroy',
    ]);
    const caused = named(events, 'async:init').filter(({ fields }) => fields['trigger_id'] === mine);
    expect(caused.map(({ fields }) => fields['type'])).toContain('PROMISE');
    expect(named(events, 'async:promise_resolve').length).toBeGreaterThan(0);
  });

  test('event rules choose among the events of a set', () => {
    const program = `import { readFileSync } from 'node:fs'; readFileSync('/etc/hosts'); setTimeout(() => {}, 1);`;
    const events = printed('fs,timers', program, ['-e', 'timers:*', '-e', 'fs:operation_end']);
    expect(new Set(events.map(({ name }) => name))).toEqual(
      new Set(['timers:start', 'timers:fire_begin', 'timers:fire_end', 'fs:operation_end']),
    );
  });
});

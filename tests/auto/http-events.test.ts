// Automatic events of HTTP servers and clients: spans, what requests cause, and their ends whatever becomes of them.
import { describe, expect, test } from 'vitest';
import { named, record, spans, type RecordedEvent } from '../support/recorded.ts';
import { registerUrl } from '../support/session.ts';
import { serverText } from './http-server-text.ts';

/** The request context, also where it is kept only when something asks for it. */
const namedContext = ['--auto', 'default,request-context'];

describe('HTTP', () => {
  test('kept-alive requests to a server: a span each, on one connection', () => {
    const { events, status } =
      record(`${serverText(`(request, response) => { response.statusCode = request.url === '/no' ? 404 : 200; response.end('x'); }`)}
      for (const path of ['/a?b=1', '/no', '/c']) await call(path, { method: path === '/c' ? 'POST' : 'GET' });
      close();`);
    expect(status).toBe(0);
    const requests = spans(events, 'http_server:request');
    expect(
      requests.map(({ begin, end }) => [begin.fields['method'], begin.fields['url'], end?.fields['status']]),
    ).toEqual([
      ['GET', '/a?b=1', 200],
      ['GET', '/no', 404],
      ['POST', '/c', 200],
    ]);
    expect(new Set(requests.map(({ begin }) => begin.fields['connection'])).size).toBe(1);
    const connections = spans(events, 'net:connection');
    expect(connections.map(({ begin }) => String(begin.fields['side'])).toSorted()).toEqual([
      'client',
      'server',
    ]);
    for (const { end } of connections) {
      expect(end?.fields['error']).toBe('-');
      expect(Number(end?.fields['bytes_read'])).toBeGreaterThan(0);
      expect(Number(end?.fields['bytes_written'])).toBeGreaterThan(0);
    }
    const client = spans(events, 'http_client:request');
    expect(
      client.map(({ begin, end }) => [begin.fields['path'], end?.fields['status'], end?.fields['error']]),
    ).toEqual([
      ['/a?b=1', 200, '-'],
      ['/no', 404, '-'],
      ['/c', 200, '-'],
    ]);
    expect(client[0]!.begin.fields['origin']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(named(events, 'http_client:response').map((event) => event.fields['status'])).toEqual([
      200, 404, 200,
    ]);
  });

  test('the host that a request names, in letters of any case, the first of several, or none', () => {
    const { events } = record(`
      import net from 'node:net';
      import http from 'node:http';
      const server = http.createServer({ requireHostHeader: false }, (request, response) => response.end());
      server.listen(0, '127.0.0.1', () => {
        const heads = ['Accept: x\\r\\nHOST: upper\\r\\n', 'host: lower\\r\\nhost: second\\r\\n', 'hosts: none\\r\\n', 'Host:\\r\\n'];
        const ask = () => {
          const head = heads.shift();
          if (head === undefined) return server.close();
          const socket = net.connect(server.address().port, '127.0.0.1');
          socket.end('GET / HTTP/1.1\\r\\n' + head + 'Connection: close\\r\\n\\r\\n');
          socket.resume().on('close', ask);
        };
        ask();
      });`);
    expect(named(events, 'http_server:request_begin').map((event) => event.fields['host'])).toEqual([
      'upper',
      'lower',
      '-',
      '-',
    ]);
  });

  test('origins of servers on several ports, one after another and again', () => {
    const { events } = record(`
      import http from 'node:http';
      const servers = Array.from({ length: 10 }, () => http.createServer((request, response) => response.end()));
      const get = (url) => new Promise((resolve) => http.get(url, (response) => response.resume().on('close', resolve)));
      for (const server of servers) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const urls = servers.map((server) => 'http://127.0.0.1:' + server.address().port + '/');
      for (const url of [...urls, ...urls]) await get(url + url.slice(-6, -1));
      for (const server of servers) server.close();`);
    const begun = named(events, 'http_client:request_begin');
    expect(begun.length).toBe(20);
    for (const { fields } of begun) {
      expect(String(fields['origin']).slice(-5)).toBe(String(fields['path']).slice(1));
    }
    expect(new Set(begun.map(({ fields }) => fields['origin'])).size).toBe(10);
  });

  test('what a request causes carries its id, over promises, timers and callbacks, and side by side', () => {
    const text = `
      import dns from 'node:dns';
      import { setTimeout as sleep } from 'node:timers/promises';
      ${serverText(`async (request, response) => {
        if (request.url.startsWith('/inner')) { response.end('inner'); return; }
        await sleep(5);
        console.log(request.url);
        await new Promise((resolve) => dns.lookup('localhost', 4, resolve));
        await call('/inner' + request.url, { agent: new http.Agent() });
        await (await fetch('http://127.0.0.1:' + port + '/inner/fetch')).text();
        setTimeout(() => response.end('x'), 2);
      }`)}
      await Promise.all(['/1', '/2', '/3'].map((path) => call(path, { agent: new http.Agent() })));
      await call('/inner/outside', { agent: new http.Agent() });
      close();`;
    const { events } = record(text, {}, namedContext);
    const idOf = new Map(
      named(events, 'http_server:request_begin').map((event) => [event.fields['url'], event.fields['id']]),
    );
    for (const path of ['/1', '/2', '/3']) {
      const id = idOf.get(path);
      expect(id).toBeGreaterThan(0);
      const own = events.filter((event) => event.fields['request'] === id);
      expect(
        own.filter((event) => event.name === 'console:message').map((event) => event.fields['text']),
      ).toEqual([path]);
      const names = own.map((event) => event.name);
      expect(names.filter((name) => name === 'dns:lookup_begin').length).toBe(1);
      expect(names.filter((name) => name === 'dns:lookup_end').length).toBe(1);
      expect(names.filter((name) => name === 'http_client:request_begin').length).toBe(2);
      expect(names.filter((name) => name === 'http_client:request_end').length).toBe(2);
      expect(own.some((event) => event.fields['path'] === `/inner${path}`)).toBe(true);
    }
    const outside = events.find((event) => event.fields['path'] === '/inner/outside');
    expect(outside?.fields['request']).toBe(0);
  });

  test('a second copy of the package knows the request too', () => {
    const copy = `${new URL('index.js', registerUrl).href}?copy`;
    const context = `${new URL('auto/request-context.js', registerUrl).href}?copy`;
    const text = `
      import { currentRequest } from '${copy}';
      import { currentRequest as other } from '${context}';
      ${serverText(`(request, response) => { console.log(currentRequest(), other()); response.end(); }`)}
      console.log(currentRequest(), other());
      await call('/1'); await call('/2');
      console.log(currentRequest(), other());
      close();`;
    expect(record(text, {}, namedContext).stdout).toBe('0 0\n1 1\n2 2\n0 0\n');
  });

  test('what asks for the request by itself: events of the program, where they are recorded', () => {
    const text = `
      import { currentRequest, tracepoint } from '${new URL('index.js', registerUrl).href}';
      const handled = tracepoint('shop:handled', { request: 'u32' });
      ${serverText(`(request, response) => { handled(currentRequest()); response.end(); }`)}
      await call('/1'); await call('/2');
      console.log(currentRequest());
      close();`;
    const { events } = record(text);
    expect(named(events, 'shop:handled').map((event) => event.fields['request'])).toEqual([1, 2]);
    const without = text.replaceAll('handled(currentRequest())', 'console.log(currentRequest())');
    expect(record(without, {}, ['-x', 'shop:*']).stdout).toBe('0\n0\n0\n');
  });

  test('events tell their request also where rules leave the events of requests out', () => {
    const { events } = record(
      `${serverText(`(request, response) => { console.log(request.url); response.end(); }`)}
      await call('/1'); await call('/2'); await call('/3');
      close();`,
      {},
      ['-e', 'console:message', '-t', 'request_id'],
    );
    expect(events.map(({ name, fields }) => [name, fields['text'], fields['request']])).toEqual([
      ['console:message', '/1', 1],
      ['console:message', '/2', 2],
      ['console:message', '/3', 3],
    ]);
  });

  test('aborted requests, on either side, have an end', () => {
    const { events } = record(`${serverText(`(request, response) => {
        if (request.url === '/destroyed') response.destroy();
        if (request.url === '/given-up') setImmediate(() => given.destroy());
        if (request.url === '/half') { response.writeHead(200); response.write('x'); setTimeout(() => response.destroy(), 10); }
      }`)}
      console.log(await call('/destroyed'));
      const given = http.get({ host: '127.0.0.1', port, path: '/given-up' });
      given.on('error', () => {});
      await new Promise((resolve) => given.on('close', resolve));
      await call('/half');
      await new Promise((resolve) => setTimeout(resolve, 30));
      close();`);
    const requests = spans(events, 'http_server:request');
    expect(
      requests.map(({ begin, end }) => [begin.fields['url'], end?.fields['aborted'], end?.fields['status']]),
    ).toEqual([
      ['/destroyed', 1, 0],
      ['/given-up', 1, 0],
      ['/half', 1, 200],
    ]);
    const client = spans(events, 'http_client:request');
    expect(client.map(({ begin, end }) => [begin.fields['path'], end?.fields['error']])).toEqual([
      ['/destroyed', 'ECONNRESET'],
      ['/given-up', 'ECONNRESET'],
      ['/half', 'ECONNRESET'],
    ]);
  });

  test('responses that are given up, connections that are upgraded, and what a signal aborts', () => {
    const { events } = record(`${serverText(`(request, response) => {
        if (request.url !== '/hang') { response.writeHead(200); response.write('x'); }
      }`)}
      server.on('upgrade', (request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: x\\r\\n\\r\\n'));
      server.on('connect', (request, socket) => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\n'));
      const given = (path, error) => new Promise((resolve) => {
        const request = http.get({ host: '127.0.0.1', port, path }, (response) => response.on('error', () => {}).destroy(error));
        request.on('error', () => {}).on('close', resolve);
      });
      const raised = (options, name) => new Promise((resolve) => {
        const request = http.request({ host: '127.0.0.1', port, agent: false, ...options });
        request.on(name, (response, socket) => socket.resume().on('close', resolve)).end();
      });
      await given('/given-up');
      await given('/why', Object.assign(new Error('mine'), { code: 'EMINE' }));
      await raised({ path: '/upgrade', headers: { connection: 'upgrade', upgrade: 'x' } }, 'upgrade');
      await raised({ method: 'CONNECT', path: 'other:1' }, 'connect');
      const controller = new AbortController();
      server.once('request', () => controller.abort());
      await fetch('http://127.0.0.1:' + port + '/hang', { signal: controller.signal }).catch(() => {});
      server.closeAllConnections();
      close();`);
    const client = spans(events, 'http_client:request');
    expect(
      client.map(({ begin, end }) => [begin.fields['path'], end?.fields['status'], end?.fields['error']]),
    ).toEqual([
      ['/given-up', 200, 'ECONNRESET'],
      ['/why', 200, 'EMINE'],
      ['/upgrade', 101, '-'],
      ['other:1', 200, '-'],
      ['/hang', 0, 'AbortError'],
    ]);
  });

  test('pipelined requests are told apart', () => {
    const { events } =
      record(`${serverText(`(request, response) => setTimeout(() => response.end(request.url), request.url === '/1' ? 20 : 1)`)}
      const socket = net.connect(port, '127.0.0.1');
      socket.write('GET /1 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nGET /2 HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');
      await new Promise((resolve) => socket.resume().on('close', resolve));
      close();`);
    const requests = spans(events, 'http_server:request');
    expect(requests.map(({ begin }) => begin.fields['url'])).toEqual(['/1', '/2']);
    expect(requests.every(({ end }) => end?.fields['status'] === 200)).toBe(true);
    expect(requests[0]!.begin.fields['id']).not.toBe(requests[1]!.begin.fields['id']);
  });

  test('whatever becomes of requests, each begin has its end', () => {
    const { events, status, stdout, stderr } = record(`
      let seed = 42;
      const random = () => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32);
      ${serverText(`(request, response) => {
        const fate = random();
        if (fate < 0.1) { request.socket.destroy(); return; }
        if (fate < 0.2) { response.write('begun'); setTimeout(() => response.destroy(), 2); return; }
        if (fate < 0.3) { response.writeHead(204).end(); return; }
        if (fate < 0.5) { request.on('error', () => {}).resume().on('end', () => setTimeout(() => response.end('x'.repeat(100_000)), 1)); return; }
        setTimeout(() => response.end('late'), random() * 5);
      }`)}
      server.on('clientError', (error, socket) => socket.destroy());
      const one = async (number) => {
        const kept = random() < 0.7 ? agent : undefined;
        if (random() < 0.3) { await fetch('http://127.0.0.1:' + port + '/f' + number, { signal: AbortSignal.timeout(1 + Math.floor(random() * 30)) }).then((r) => r.text()).catch(() => {}); return; }
        await new Promise((resolve) => {
          const request = http.request({ host: '127.0.0.1', port, path: '/h' + number, method: 'POST', ...(kept && { agent: kept }) }, (response) => {
            response.on('error', () => {}); if (random() < 0.2) response.destroy(); else response.resume();
          });
          request.on('error', () => {}).on('close', resolve);
          if (random() < 0.15) setTimeout(() => request.destroy(), random() * 6);
          request.write('body'); setTimeout(() => request.end(), random() * 2);
        });
      };
      let next = 0;
      await Promise.all(Array.from({ length: 12 }, async () => { while (next < 500) await one(next++); }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      agent.destroy(); server.close(); server.closeAllConnections();
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log('done');`);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe('done\n');
    for (const name of ['http_server:request', 'http_client:request', 'net:connect', 'net:connection']) {
      const begins = named(events, `${name}_begin`);
      const ends = named(events, `${name}_end`);
      const ids = (list: readonly RecordedEvent[]): string[] =>
        list.map((event) => `${event.thread} ${String(event.fields['id'])}`).toSorted();
      expect(begins.length).toBeGreaterThan(50);
      // The pool of `fetch` keeps connections beyond the end of the program's work.
      if (name !== 'net:connection') expect(ids(ends), name).toEqual(ids(begins));
      expect(new Set(ids(begins)).size).toBe(begins.length);
      expect(new Set(ids(ends)).size).toBe(ends.length);
    }
  });

  test('https, on either side', () => {
    const { events, status } = record(`
      import https from 'node:https';
      // Without a certificate: the cipher suites that need none end with TLS 1.2.
      const tls = { ciphers: 'aNULL:@SECLEVEL=0', maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined, rejectUnauthorized: false };
      const server = https.createServer(tls, (request, response) => response.end('secret'));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      await new Promise((resolve, reject) => https.get({ ...tls, host: '127.0.0.1', port: server.address().port, path: '/tls', agent: new https.Agent(tls) },
        (response) => response.resume().on('close', resolve)).on('error', reject));
      server.close(); server.closeAllConnections();`);
    expect(status).toBe(0);
    const [request] = spans(events, 'http_server:request');
    expect([request?.begin.fields['url'], request?.end?.fields['status']]).toEqual(['/tls', 200]);
    const server = spans(events, 'net:connection').find(({ begin }) => begin.fields['side'] === 'server');
    expect(request?.begin.fields['connection']).toBe(server?.begin.fields['id']);
    expect(server?.begin.fields['id']).toBeGreaterThan(0);
    const [client] = spans(events, 'http_client:request');
    expect(client?.begin.fields['origin']).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(client?.end?.fields).toMatchObject({ status: 200, error: '-' });
  });

  test('refused connections', () => {
    const { events } = record(`
      import http from 'node:http';
      await new Promise((resolve) => http.get('http://127.0.0.1:1/x').on('error', () => {}).on('close', resolve));
      await fetch('http://127.0.0.1:2/y').catch(() => {});`);
    const client = spans(events, 'http_client:request');
    expect(
      client.map(({ begin, end }) => [begin.fields['path'], end?.fields['status'], end?.fields['error']]),
    ).toEqual([
      ['/x', 0, 'ECONNREFUSED'],
      ['/y', 0, 'ECONNREFUSED'],
    ]);
    const connects = spans(events, 'net:connect');
    expect(connects.map(({ end }) => end?.fields['error'])).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    expect(named(events, 'net:connection_begin')).toEqual([]);
  });
});

test('the loop’s idle time tells a request that waits from one that works', () => {
  const { events } = record(`${serverText(`(request, response) => {
      if (request.url === '/waits') { setTimeout(() => response.end(), 200); return; }
      const end = Date.now() + 60; while (Date.now() < end);
      response.end();
    }`)}
    await call('/warm'); await call('/waits'); for (let i = 0; i < 3; i++) await call('/works'); close();`);
  const idle = (url: string): number[] =>
    spans(events, 'http_server:request')
      .filter(({ begin }) => begin.fields['url'] === url)
      .map(({ end }) => Number(end?.fields['loop_idle_ns']));
  expect(idle('/waits')[0]).toBeGreaterThan(50e6);
  // A machine that stalls while a response is sent makes the loop idle there, but hardly three times.
  expect(Math.min(...idle('/works'))).toBeLessThan(40e6);
});

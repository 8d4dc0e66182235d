import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveView, type ViewServer } from './serve.ts';
import { syntheticSource } from './testing/index.ts';

let pageDir = '';
let server: ViewServer;

beforeAll(async () => {
  pageDir = mkdtempSync(join(tmpdir(), 'spoor-page-'));
  mkdirSync(join(pageDir, 'assets'));
  writeFileSync(join(pageDir, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(pageDir, 'assets', 'a.js'), '1');
  writeFileSync(join(pageDir, 'secret.txt'), 'not a kind of file that is served');
  server = await serveView(syntheticSource({ eventCount: 50_000 }), { port: 0, pageDir });
  await server.indexed;
});
afterAll(async () => {
  await server.close();
  rmSync(pageDir, { recursive: true, force: true });
});

const get = (path: string): Promise<Response> => fetch(new URL(path, server.url));

/** A request whose path and Host go out as they are. */
function raw(path: string, host: string, method = 'GET', more: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port: server.port, host: '127.0.0.1', path, method, headers: { host, ...more } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('serves the page, and only its files', async () => {
  const page = await get('/');
  expect(await page.text()).toContain('<title>page</title>');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect((await get('/assets/a.js')).headers.get('cache-control')).toContain('immutable');
  expect((await get('/secret.txt')).status).toBe(404);
  expect(await raw('/../../etc/passwd', `127.0.0.1:${server.port}`)).toBe(404);
  expect(await raw('/%2e%2e/%2e%2e/etc/passwd', `127.0.0.1:${server.port}`)).toBe(404);
});

test('refuses other hosts and other methods', async () => {
  expect(await raw('/api/trace', 'evil.example')).toBe(403);
  expect(await raw('/api/trace', `127.0.0.1.evil.example:${server.port}`)).toBe(403);
  expect(await raw('/api/trace', `localhost:${server.port}`)).toBe(200);
  expect(await raw('/api/trace', `127.0.0.1:${server.port}`, 'POST')).toBe(405);
  expect(await raw('/api/trace', `127.0.0.1:${server.port}`, 'DELETE')).toBe(405);
});

test('refuses to work for pages from elsewhere, which may still link here', async () => {
  const host = `127.0.0.1:${server.port}`;
  for (const site of ['cross-site', 'same-site']) {
    expect(await raw('/api/trace', host, 'GET', { 'sec-fetch-site': site })).toBe(403);
    expect(await raw('/', host, 'GET', { 'sec-fetch-site': site })).toBe(200);
  }
  expect(await raw('/api/trace', host, 'GET', { 'sec-fetch-site': 'same-origin' })).toBe(200);
});

test('a regular expression that does not end is given up, and the server goes on', async () => {
  const endless = encodeURIComponent('/^(.+)+~$/');
  for (const address of [
    `/api/search?from=0&fields=${endless}`,
    `/api/rows?first=0&count=5&fields=${endless}`,
    `/api/position?time=0&fields=${endless}`,
  ]) {
    const answer = await get(address);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('takes too long');
  }
  expect((await get('/api/rows?first=0&count=5&fields=%2F.%2F')).status).toBe(200);
}, 30_000);

test('wrong parameters are said to be wrong', async () => {
  for (const path of [
    '/api/tiles?level=99&index=0&rows=l0',
    '/api/tiles?level=4&index=0&rows=zzz',
    '/api/tiles?level=4',
    '/api/marks?rows=l0&from=5&to=1&min=0',
    '/api/rows?first=-1&count=1',
    '/api/rows?first=0&count=100000',
    '/api/rows?first=0&count=1&fields=%2F(%2F',
    '/api/selection?from=x&to=1',
  ]) {
    const answer = await get(path);
    expect([path, answer.status]).toEqual([path, 400]);
    expect(typeof ((await answer.json()) as { error: unknown }).error).toBe('string');
  }
  expect((await get('/api/event?event=99999999')).status).toBe(404);
  expect((await get('/api/nothing')).status).toBe(404);
});

test('tiles and histograms are the words of the index', async () => {
  const tile = new Uint32Array(await (await get('/api/tiles?level=20&index=0&rows=l0,p0')).arrayBuffer());
  const expected = server.view.tile({ level: 20, index: 0 }, [
    { kind: 'points', lane: 0 },
    { kind: 'process', process: 0 },
  ]);
  expect(tile).toEqual(expected);
  const { firstNs, lastNs } = server.view.summary();
  const words = new Uint32Array(
    await (await get(`/api/histogram?from=${firstNs}&to=${lastNs + 1}&bins=100`)).arrayBuffer(),
  );
  expect(words[0]).toBe(100);
  const counts = words.subarray(2 + words[1]!);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50_000);
});

test('rows, positions, details and picks agree', async () => {
  const rows = (await (await get('/api/rows?first=4000&count=3')).json()) as {
    rows: { event: number; timeNs: number; deltaNs: number }[];
  };
  expect(rows.rows.map(({ event }) => event)).toEqual([4000, 4001, 4002]);
  expect(rows.rows[1]!.deltaNs).toBe(rows.rows[1]!.timeNs - rows.rows[0]!.timeNs);
  const detail = (await (await get('/api/event?event=4001')).json()) as { timeNs: number; lane: number };
  expect(detail.timeNs).toBe(rows.rows[1]!.timeNs);
  expect(await (await get('/api/position?event=4001')).json()).toEqual({ row: 4001, event: 4001 });
  const pick = (await (
    await get(`/api/pick?rows=a${detail.lane}&time=${detail.timeNs}&tolerance=0`)
  ).json()) as { event: { timeNs: number } };
  expect(pick.event.timeNs).toBe(detail.timeNs);
});

test('a port that is taken and a page that is not built are one-line errors', async () => {
  const source = syntheticSource({ eventCount: 10 });
  await expect(serveView(source, { port: server.port, pageDir })).rejects.toMatchObject({
    code: 'view/port',
    message: `port ${server.port} is in use`,
  });
  await expect(serveView(source, { port: 0, pageDir: join(pageDir, 'absent') })).rejects.toMatchObject({
    code: 'view/page',
  });
});

// The library in a real browser: the page of examples/browser, bundled, reads what it is given as the command does.
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { DirectoryOutput } from '@spoor/ctf/node';
import { writeSmallTrace } from '@spoor/server/testing';
import type * as Library from '@spoor/trace/browser';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { chromium, command, describeNeeding } from './support/needs.ts';
import { spoor } from './support/spoor.ts';
import { launchChromium } from './support/viewer.ts';
import { removeTree } from './support/removal.ts';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** What was asked of the server below `/traces`: bytes sent, by path. */
type Sent = Map<string, number>;

/** Serves a folder; with range requests, unless the path begins with `/whole/`. */
function serve(folder: string, sent: Sent): Promise<Server> {
  const server = createServer((request, response) => {
    const url = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname);
    const knowsRanges = !url.startsWith('/whole/');
    const path = join(folder, normalize(url.replace(/^\/whole/, '')));
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (stat.isDirectory()) {
      if (!url.endsWith('/')) {
        response.writeHead(301, { location: `${url}/` }).end();
        return;
      }
      const links = readdirSync(path, { withFileTypes: true }).map((entry) => {
        const name = encodeURIComponent(entry.name) + (entry.isDirectory() ? '/' : '');
        return `<a href="${name}">${entry.name}</a>`;
      });
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<a href="../">..</a> <a href="?sort=size">size</a> ${links.join('\n')}`);
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const from = range === null || !knowsRanges ? 0 : Number(range[1]);
    const to = range === null || !knowsRanges ? stat.size : Math.min(stat.size, Number(range[2]) + 1);
    if (range !== null && knowsRanges && from >= stat.size) {
      response.writeHead(416, { 'content-range': `bytes */${stat.size}` }).end();
      return;
    }
    sent.set(url, (sent.get(url) ?? 0) + to - from);
    const bytes = Buffer.alloc(to - from);
    const fd = openSync(path, 'r');
    readSync(fd, bytes, 0, bytes.length, from);
    closeSync(fd);
    const type = { 'content-type': types[extname(path)] ?? 'application/octet-stream' };
    const isPart = range !== null && knowsRanges;
    response.writeHead(isPart ? 206 : 200, {
      ...type,
      ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${stat.size}` } : {}),
    });
    response.end(bytes);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describeNeeding(
  [chromium(), command('zip', 'e2e'), command('zstd', 'e2e')],
  'the library in Chromium',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-browser-'));
    const at = (...parts: string[]): string => join(folder, ...parts);
    const sent: Sent = new Map();
    let server: Server;
    let origin = '';
    let browser: Browser;
    let page: Page;
    let complaints: string[] = [];
    let expected = '';
    /** Of the large trace: text of its last events, and when they begin. */
    const lateNs = 1_700_000_000_000_000_000n + 299_990n * 1_000_000n;

    beforeAll(async () => {
      await build({
        root: join(repoRoot, 'examples/browser'),
        base: './',
        logLevel: 'warn',
        build: { outDir: at('page'), emptyOutDir: true },
      });
      mkdirSync(at('traces'), { recursive: true });
      writeSmallTrace(at('traces', 'pair', 'small'), 3000);
      const traceClass = describeTrace({
        environment: { hostname: 'lab' },
        streams: [{ events: [{ name: 'n:e', fields: { n: 'u32', text: 'string' } }] }],
      });
      const two = createTraceWriter(traceClass, new DirectoryOutput(at('traces', 'pair', 'deep', 'two')), {
        index: true,
      });
      const streams = [two.stream(), two.stream()];
      for (let n = 0; n < 2000; n++) {
        streams[n % 2]!.append('n:e', 1_760_000_005_000_000_000n + BigInt(n) * 10_000n, {
          n,
          text: `é ${n}`,
        });
      }
      two.close();
      const large = createTraceWriter(traceClass, new DirectoryOutput(at('traces', 'large')), {
        packetSizeBytes: 65_536,
      });
      const stream = large.stream();
      const text = 'x'.repeat(40);
      for (let n = 0; n < 300_000; n++) {
        stream.append('n:e', 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000n, { n, text });
      }
      large.close();
      const pack = (program: string, ...args: string[]): void => {
        expect(spawnSync(program, args, { cwd: at('traces', 'pair') }).status).toBe(0);
      };
      pack('tar', '-cf', at('traces', 'pair.tar'), '.');
      pack('tar', '-czf', at('traces', 'pair.tgz'), '.');
      pack('tar', '--zstd', '-cf', at('traces', 'pair.tar.zst'), '.');
      pack('zip', '-qr', at('traces', 'pair.zip'), '.');
      expect(
        spawnSync('tar', ['-cf', at('traces', 'large.tar'), 'large'], { cwd: at('traces') }).status,
      ).toBe(0);
      expected = spoor(['--clock-gmt', at('traces', 'pair')]).stdout;
      expect(expected.split('\n').length).toBe(5001);
      [server, browser] = await Promise.all([serve(folder, sent), launchChromium()]);
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(async () => {
      await browser?.close();
      server?.closeAllConnections();
      server?.close();
      removeTree(folder);
    });
    beforeEach(async () => {
      complaints = [];
      sent.clear();
      page = await browser.newPage();
      // The machine may be busy.
      page.setDefaultTimeout(100_000);
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${origin}/page/index.html`);
      await page.fill('#lines', '100000');
    });
    afterEach(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });

    /** Text and status of the page, once it has read. */
    async function shown(): Promise<{
      readonly state: string;
      readonly status: string;
      readonly text: string;
    }> {
      await page.waitForFunction(() =>
        ['done', 'failed'].includes(document.getElementById('status')!.dataset['state'] ?? ''),
      );
      return page.evaluate(() => ({
        state: document.getElementById('status')!.dataset['state']!,
        status: document.getElementById('status')!.textContent!,
        text: document.getElementById('text')!.textContent!,
      }));
    }

    async function ask(url: string): ReturnType<typeof shown> {
      await page.fill('#url', url);
      await page.evaluate(() => delete document.getElementById('status')!.dataset['state']);
      await page.click('button');
      return shown();
    }

    test('no module of Node.js is in the bundle', () => {
      const scripts = readdirSync(at('page', 'assets')).filter((name) => name.endsWith('.js'));
      expect(scripts.length).toBeGreaterThan(0);
      for (const name of scripts) {
        const code = readFileSync(at('page', 'assets', name), 'utf8');
        expect(code.match(/\b(?:from|import|require)\s*\(?\s*["'`]node:/)).toBeNull();
        expect(code).not.toContain('browser-external');
        expect(code).not.toMatch(/\b(?:readFileSync|createRequire|mkdtempSync)\b/);
      }
    });

    test('a chosen folder', async () => {
      await page.setInputFiles('#folder', at('traces', 'pair'));
      expect(await shown()).toMatchObject({ state: 'done', text: expected });
    });

    test('fewer lines than there are: the page says so', async () => {
      const total = expected.split('\n').length - 1;
      for (const lines of [100, total - 1, total]) {
        await page.fill('#lines', String(lines));
        const { text, status } = await ask(`${origin}/traces/pair/`);
        expect(text).toBe(`${expected.split('\n').slice(0, lines).join('\n')}\n`);
        if (lines < total) expect(status).toContain(`only the first ${lines} lines are shown`);
        else expect(status).not.toContain('lines are shown');
      }
    });

    test.each(['pair.tar', 'pair.tgz', 'pair.tar.zst', 'pair.zip'])(
      'an archive as a file: %s',
      async (name) => {
        await page.setInputFiles('#files', at('traces', name));
        expect(await shown()).toMatchObject({ state: 'done', text: expected });
      },
    );

    test('a dropped folder', async () => {
      const box = (await page.locator('#drop').boundingBox())!;
      const session = await page.context().newCDPSession(page);
      const data = { items: [], files: [at('traces', 'pair')], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await session.send('Input.dispatchDragEvent', { type, x: box.x + 20, y: box.y + 10, data });
      }
      expect(await shown()).toMatchObject({ state: 'done', text: expected });
    });

    test('a directory handle, and events one by one', async () => {
      const files = ['metadata', 'ch0_0', 'ch0_1'].map(
        (name) => [name, readFileSync(at('traces', 'pair', 'small', name)).toString('base64')] as const,
      );
      const found = await page.evaluate(async (list) => {
        const root = await navigator.storage.getDirectory();
        const directory = await root.getDirectoryHandle('small', { create: true });
        for (const [name, content] of list) {
          const handle = await directory.getFileHandle(name, { create: true });
          const writable = await handle.createWritable();
          await writable.write(Uint8Array.from(atob(content), (char) => char.charCodeAt(0)));
          await writable.close();
        }
        const { openTrace } = (globalThis as unknown as { spoor: typeof Library }).spoor;
        const names = new Set<string>();
        let sum = 0;
        for await (const event of openTrace(root, { events: 'http_*', filter: 'id < 50' })) {
          names.add(event.name);
          sum += event.fields['id'] as number;
        }
        const trace = await openTrace(directory);
        const { rowCount, time } = await trace.loadColumns(['time']);
        return { names: [...names].sort(), sum, rowCount, first: String(time[0]) };
      }, files);
      // Identifiers 1 to 49 begin once and end once.
      expect(found).toEqual({
        names: ['http_server:request_begin', 'http_server:request_end'],
        sum: 2 * ((49 * 50) / 2),
        rowCount: 3000,
        first: '1760000005000000500',
      });
    });

    test('addresses of folders and archives, by ranges or whole', async () => {
      for (const name of [
        'traces/pair/',
        'traces/pair',
        'traces/pair.tar',
        'traces/pair.zip',
        'whole/traces/pair.tar.zst',
      ]) {
        expect(await ask(`${origin}/${name}`), name).toMatchObject({ state: 'done', text: expected });
      }
      writeFileSync(at('traces', 'pair', 'files.txt'), './small/metadata\n./small/ch0_0\n./small/ch0_1\n');
      const small = spoor(['--clock-gmt', at('traces', 'pair', 'small')]).stdout;
      expect(await ask('../traces/pair/')).toMatchObject({ state: 'done', text: small });
      rmSync(at('traces', 'pair', 'files.txt'));
    });

    test.each(['large/', 'large.tar'])('of %s only what is needed is fetched', async (name) => {
      const size = statSync(at('traces', 'large', 'stream_0')).size;
      expect(size).toBeGreaterThan(14_000_000);
      const url = `${origin}/traces/${name}`;
      const numbers = await page.evaluate(
        async ([address, begin]) => {
          const { openTrace } = (globalThis as unknown as { spoor: typeof Library }).spoor;
          const trace = await openTrace(address!);
          const late: unknown[] = [];
          for await (const event of trace.events({ begin: BigInt(begin!) })) late.push(event.fields['n']);
          const early: unknown[] = [];
          for await (const event of trace) if (early.push(event.fields['n']) === 3) break;
          return { late, early };
        },
        [url, String(lateNs)] as const,
      );
      expect(numbers).toEqual({ late: Array.from({ length: 10 }, (_, n) => 299_990 + n), early: [0, 1, 2] });
      const fetched = [...sent]
        .filter(([path]) => path.startsWith('/traces/'))
        .reduce((sum, [, bytes]) => sum + bytes, 0);
      expect(fetched).toBeLessThan(size / 5);
    });

    test('the example of the manual', async () => {
      const manual = readFileSync(join(repoRoot, 'docs/manual/library.md'), 'utf8');
      const examples = [...manual.matchAll(/```javascript\nimport \{ openTrace \}[^\n]*\n([\s\S]*?)```/g)];
      expect(examples.length).toBe(1);
      const lines = await page.evaluate(`(async () => {
      const { openTrace } = globalThis.spoor;
      const lines = [];
      const console = { log: (...words) => lines.push(words.join(' ')) };
      ${examples[0]![1]!}
      return lines;
    })()`);
      expect(lines).toEqual(['n:e é 0', 'n:e é 1', 'n:e é 2']);
    });

    test('what goes wrong is said', async () => {
      expect(await ask(`${origin}/traces/nothing.tar`)).toMatchObject({
        state: 'failed',
        status: expect.stringContaining('404'),
      });
      expect(await ask(`${origin}/page/`)).toMatchObject({
        state: 'failed',
        status: expect.stringContaining('no trace in'),
      });
      expect(await ask(`${origin}/traces/pair/small/ch0_0`)).toMatchObject({
        status: expect.stringContaining('no archive'),
      });
      writeFileSync(at('traces', 'cut.tar'), readFileSync(at('traces', 'pair.tar')).subarray(0, 30_000));
      expect(await ask(`${origin}/traces/cut.tar`)).toMatchObject({
        state: 'failed',
        status: expect.stringContaining('cut short'),
      });
      expect(existsSync(at('traces', 'cut.tar'))).toBe(true);
      const sync = await page.evaluate(async (url) => {
        const { openTrace } = (globalThis as unknown as { spoor: typeof Library }).spoor;
        const trace = await openTrace(url);
        try {
          return [...trace.events({ events: 'n:e' })].length;
        } catch (error) {
          return String(error);
        }
      }, `${origin}/traces/large/`);
      expect(sync).toMatch(/read it with `for await`/);
    });
  },
);

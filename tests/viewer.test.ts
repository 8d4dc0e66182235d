// The viewer in a real browser, on a small trace whose events are known one by one.
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { serveView, type ViewServer } from '@spoor/server';
import { syntheticSource, writeSmallTrace, type SmallTrace } from '@spoor/server/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { chromium, describeNeeding } from './support/needs.ts';
import { spoor } from './support/spoor.ts';
import { launchChromium, startViewer, type Viewer } from './support/viewer.ts';
import { removeTree } from './support/removal.ts';

const background = { dark: [17, 22, 29], light: [255, 255, 255] } as const;
/** Waits for what the page comes to, longer than `expect.poll` does: the machine may be busy. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000 });
/** Left edge of the lanes in a window of 1600 pixels. */
const lanesLeft = 240;

describeNeeding([chromium()], 'the viewer in Chromium', () => {
  let directory = '';
  let trace: SmallTrace;
  let viewer: Viewer;
  let browser: Browser;
  let page: Page;
  let complaints: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'spoor-viewer-'));
    trace = writeSmallTrace(directory);
    [viewer, browser] = await Promise.all([startViewer([directory]), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await viewer?.stop();
    removeTree(directory);
  });
  beforeEach(async () => {
    complaints = [];
    page = await openPage('dark');
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  async function openPage(
    colorScheme: 'dark' | 'light',
    hash = '',
    reducedMotion: 'reduce' | 'no-preference' = 'reduce',
  ): Promise<Page> {
    const made = await browser.newPage({
      viewport: { width: 1600, height: 900 },
      colorScheme,
      timezoneId: 'UTC',
      reducedMotion,
    });
    made.setDefaultTimeout(60_000);
    made.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    made.on('pageerror', (error) => complaints.push(String(error)));
    await made.goto(viewer.url + hash);
    await made.waitForFunction(() => performance.getEntriesByName('spoor:painted').length > 0);
    await made.waitForFunction(() => document.querySelector('.progress') === null);
    return made;
  }

  /** The window in view, from the address, once it is other than `before` and holds still. */
  async function windowOf(before?: readonly number[]): Promise<readonly [number, number]> {
    const old = before?.map(String).join('_');
    let last: string | null = null;
    let text: string | null = null;
    await expect
      .poll(
        async () => {
          last = text;
          text = await page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('t'));
          return text !== null && text !== old && text === last;
        },
        { interval: 450, timeout: 60_000 },
      )
      .toBe(true);
    const [from, to] = text!.split('_').map(Number);
    return [from!, to!];
  }

  /** Colour of the lanes' picture at a place of the page. */
  function pixelAt(x: number, y: number): Promise<readonly number[]> {
    return page.evaluate(
      ([px, py]) => {
        const canvas = document.querySelector<HTMLCanvasElement>('.lanes-canvases canvas')!;
        const box = canvas.getBoundingClientRect();
        const data = canvas.getContext('2d')!.getImageData(px! - box.left, py! - box.top, 1, 1).data;
        return [data[0]!, data[1]!, data[2]!];
      },
      [x, y],
    );
  }

  /** Middle of the first row of a track, by its label. */
  async function rowOf(label: string, nth = 0): Promise<number> {
    const box = await page.getByRole('treeitem').filter({ hasText: label }).nth(nth).boundingBox();
    return box!.y + 8;
  }

  const timeOfX = (view: readonly [number, number], x: number): number =>
    view[0] + ((view[1] - view[0]) * (x - lanesLeft)) / (1600 - lanesLeft);
  const xOfTime = (view: readonly [number, number], timeNs: number): number =>
    lanesLeft + ((timeNs - view[0]) / (view[1] - view[0])) * (1600 - lanesLeft);

  test('lanes are painted: busy where events are, empty where there are none', async () => {
    const view = await windowOf();
    const y = await rowOf('http_server:request');
    const { events } = trace;
    const half = events.length >> 1;
    const busy = await pixelAt(xOfTime(view, events[half - 1000]!.timeNs), y);
    expect(busy).not.toEqual(background.dark);
    expect(Math.max(...busy) - Math.min(...busy)).toBeGreaterThan(40);
    // Ticks stop during the pause; the lane of points shows it.
    const pause = (events[half - 1]!.timeNs + events[half]!.timeNs) / 2;
    const pointsY = await rowOf('main');
    expect(await pixelAt(xOfTime(view, pause), pointsY)).toEqual(background.dark);
    expect(await pixelAt(xOfTime(view, events[half - 1000]!.timeNs), pointsY)).not.toEqual(background.dark);
    await eventually(() => page.locator('.lost').textContent()).toContain('321 events lost');
  });

  test('keys zoom and move', async () => {
    const whole = await windowOf();
    await page.keyboard.press('w');
    await page.keyboard.press('w');
    const zoomed = await windowOf(whole);
    expect((zoomed[1] - zoomed[0]) / (whole[1] - whole[0])).toBeCloseTo(0.72 * 0.72, 2);
    await page.keyboard.press('d');
    const moved = await windowOf(zoomed);
    expect(moved[0]).toBeGreaterThan(zoomed[0]);
    expect(moved[1] - moved[0]).toBeCloseTo(zoomed[1] - zoomed[0], -3);
    await page.keyboard.press('ArrowLeft');
    const back = await windowOf(moved);
    expect(back[0]).toBeCloseTo(zoomed[0], -4);
    await page.keyboard.press('s');
    await windowOf(back);
    await page.keyboard.press('Home');
    await eventually(async () => windowOf()).toEqual(whole);
  });

  test('a movement under way does not carry away from an event that was chosen', async () => {
    await page.close();
    page = await openPage('dark', '', 'no-preference');
    const whole = await windowOf();
    const chosen = trace.events[17_000]!.timeNs;
    await page.mouse.click(xOfTime(whole, chosen), await rowOf('main'));
    await page.keyboard.press('w');
    await page.locator('.event-panel').waitFor();
    for (let i = 0; i < 10; i++) await page.keyboard.press('w', { delay: 30 });
    const shown = await page.waitForFunction(
      () => new URLSearchParams(location.hash.slice(1)).get('e') ?? undefined,
    );
    const at = trace.events[Number(await shown.jsonValue())]!.timeNs;
    await eventually(async () => {
      const [from, to] = await windowOf();
      return [to - from < (whole[1] - whole[0]) / 10, at >= from && at <= to];
    }).toEqual([true, true]);
  });

  test('wheel zooms at the pointer, dragging moves, the brush of the overview resizes', async () => {
    const whole = await windowOf();
    await page.mouse.move(900, 300);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -600);
    await page.keyboard.up('Control');
    const zoomed = await windowOf(whole);
    expect(zoomed[1] - zoomed[0]).toBeLessThan((whole[1] - whole[0]) * 0.4);
    expect(timeOfX(zoomed, 900)).toBeCloseTo(timeOfX(whole, 900), -4);
    await page.mouse.move(900, 300);
    await page.mouse.down();
    await page.mouse.move(700, 305, { steps: 4 });
    await page.mouse.up();
    const dragged = await windowOf(zoomed);
    expect(timeOfX(dragged, 700)).toBeCloseTo(timeOfX(zoomed, 900), -4);
    const overview = (await page.locator('.overview-picture').boundingBox())!;
    const grip = overview.x + ((dragged[1] - whole[0]) / (whole[1] - whole[0])) * overview.width;
    await page.mouse.move(grip, overview.y + 30);
    await page.mouse.down();
    await page.mouse.move(grip + 120, overview.y + 30, { steps: 4 });
    await page.mouse.up();
    const widened = await windowOf(dragged);
    expect(widened[0]).toBeCloseTo(dragged[0], -4);
    expect(widened[1]).toBeGreaterThan(dragged[1]);
  });

  test('the table scrolls to the end, searches and filters', async () => {
    const { events } = trace;
    const rows = page.locator('.grid-rows .row');
    await eventually(() => rows.first().textContent()).toContain('app:tick');
    await page.locator('.grid-scroller').evaluate((element) => (element.scrollTop = element.scrollHeight));
    await eventually(() => rows.last().getAttribute('aria-rowindex')).toBe(String(events.length));
    await eventually(() => rows.last().textContent()).toContain(events.at(-1)!.name);

    const failing = events.flatMap((event, k) =>
      event.name === 'http_server:request_end' && event.number % 41 === 0 ? [k] : [],
    );
    const box = page.locator('[data-search="fields"]');
    await box.fill('/status = 500/');
    await box.press('Enter');
    await eventually(() => page.url()).toContain(`e=${failing[0]}&`);
    await box.press('Enter');
    await eventually(() => page.url()).toContain(`e=${failing[1]}&`);
    await eventually(() => page.locator('.row.chosen').textContent()).toContain('status = 500');
    await box.press('Shift+Enter');
    await eventually(() => page.url()).toContain(`e=${failing[0]}&`);
    await page.getByRole('button', { name: 'Filter' }).click();
    await eventually(() => page.locator('.row-count').textContent()).toBe(`${failing.length} events`);
    await eventually(() => rows.nth(3).textContent()).toContain('status = 500');
    await page.getByRole('button', { name: 'Clear' }).click();
    await eventually(async () =>
      (await page.locator('.row-count').textContent())?.replaceAll('\u202f', ''),
    ).toBe(`${events.length} events`);
  });

  test('a selected range counts exactly the events that the text output has in it', async () => {
    await page.mouse.move(600, 118);
    await page.mouse.down();
    await page.mouse.move(1000, 118, { steps: 5 });
    await page.mouse.up();
    await page.locator('[data-range-count]').waitFor();
    const [from, to] = await page
      .waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('r') ?? undefined)
      .then(async (handle) => (await handle.jsonValue())!.split('_').map(Number));
    // The address holds whole nanoseconds, and so do the events: the page's own figures are for the exact ends.
    await page.goto('about:blank');
    await page.goto(`${viewer.url}#t=0_1000000&r=${from}_${to}`);
    await page.locator('[data-range-count]').waitFor();
    const printed = spoor([directory, '--clock-seconds', '--no-delta']);
    const counts = new Map<string, number>();
    for (const line of printed.stdout.split('\n')) {
      const match = /^\[(\d+)\.(\d{9})\] (?:\S+ )?(\S+): \{/.exec(line);
      if (match === null) continue;
      const timeNs = Number(BigInt(match[1]!) * 1_000_000_000n + BigInt(match[2]!) - trace.baseNs);
      if (timeNs < from! || timeNs >= to!) continue;
      counts.set(match[3]!, (counts.get(match[3]!) ?? 0) + 1);
    }
    expect(counts.size).toBe(3);
    const shown = await page
      .locator('tr[data-type]')
      .evaluateAll((lines) =>
        lines.map((line) => [line.getAttribute('data-type'), Number(line.getAttribute('data-count'))]),
      );
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(counts));
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    expect(Number(await page.locator('[data-range-count]').getAttribute('data-range-count'))).toBe(all);
    const status = page.locator('.announcement');
    await eventually(() => status.textContent()).toMatch(/^Selected range: /);
    await page.keyboard.press('Escape');
    await eventually(() => status.textContent()).not.toMatch(/range/);
  });

  test('clicking a span shows its fields and moves the table; a row moves the time line', async () => {
    const whole = await windowOf();
    const begin = trace.events.findIndex(
      ({ name, thread }, k) => k > 5000 && thread === 0 && name === 'http_server:request_begin',
    );
    const at = trace.events[begin]!.timeNs;
    await page.goto('about:blank');
    await page.goto(`${viewer.url}#t=${at - 20_000}_${at + 20_000}`);
    await page.waitForFunction(() => performance.getEntriesByName('spoor:painted').length > 0);
    const y = await rowOf('http_server:request');
    await eventually(() => pixelAt(xOfTime([at - 20_000, at + 20_000], at) + 3, y)).not.toEqual(
      background.dark,
    );
    await page.mouse.click(xOfTime([at - 20_000, at + 20_000], at) + 3, y);
    const side = page.locator('.event-panel');
    await side.waitFor();
    await eventually(() => side.textContent()).toContain('Packet context');
    await eventually(() => side.textContent()).toContain('Duration');
    await eventually(() => page.locator('.row.chosen').count()).toBe(1);
    await page.getByRole('button', { name: /Go to its (?:end|begin)/ }).click();
    await eventually(() => side.locator('h2').textContent()).toMatch(/request_(?:end|begin)/);
    await page.locator('.grid-scroller').focus();
    await page.keyboard.press('End');
    const last = await windowOf([at - 20_000, at + 20_000]);
    expect(last[1]).toBeGreaterThan(trace.events.at(-1)!.timeNs);
    expect(whole[1]).toBeGreaterThan(last[0]);
  });

  test('hovering a span tells what it is', async () => {
    const view = await windowOf();
    const y = await rowOf('http_server:request');
    const x = xOfTime(view, trace.events[3000]!.timeNs);
    await page.mouse.move(x, y);
    await page.mouse.move(x + 1, y);
    await eventually(() => page.locator('.hover-card').textContent()).toContain('http_server:request');
    expect(await page.locator('.hover-card').textContent()).toContain('GET /orders/');
  });

  test('dark and light, by preference and by hand', async () => {
    const corner = async (): Promise<readonly number[]> => pixelAt(lanesLeft + 4, 500);
    expect(await corner()).toEqual(background.dark);
    await page.keyboard.press('l');
    await eventually(corner).toEqual(background.light);
    await page.close();
    page = await openPage('light');
    expect(await corner()).toEqual(background.light);
  });

  test('everything is reached by the keyboard, and pictures have tables', async () => {
    const reached = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(() => {
          const at = document.activeElement;
          return at?.getAttribute('aria-label') ?? at?.getAttribute('role') ?? at?.tagName ?? '';
        }),
      );
    }
    const labels = [...reached].join('\n');
    for (const wanted of [
      'Zoom in',
      'Density of events',
      'treeitem',
      'Lanes of processes',
      'Height of the time line',
      'Search in fields',
      'Rows of events',
      'tab',
    ]) {
      expect(labels).toContain(wanted);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('Zoom in');
    await page.keyboard.press('Escape');
    await eventually(() => page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('t');
    const table = page.locator('[data-lanes-table]');
    await eventually(() => table.isVisible()).toBe(true);
    const lines = await table
      .locator('tbody tr')
      .evaluateAll((all) =>
        all.map((line) => [...line.children].map((cell) => cell.textContent?.replaceAll('\u202f', '') ?? '')),
      );
    const process = lines.find((cells) => cells[1] === 'small');
    expect(process?.[2]).toBe(String(trace.events.length));
  });

  test('folding a process leaves its density', async () => {
    const before = await page.getByRole('treeitem').count();
    await page.getByRole('treeitem').first().focus();
    await page.keyboard.press('ArrowLeft');
    await eventually(() => page.getByRole('treeitem').count()).toBe(1);
    await eventually(() => page.url()).toContain('x=p0');
    const view = await windowOf();
    const box = (await page.getByRole('treeitem').first().boundingBox())!;
    await eventually(() => pixelAt(xOfTime(view, trace.events[2000]!.timeNs), box.y + 10)).not.toEqual(
      background.dark,
    );
    await page.keyboard.press('ArrowRight');
    await eventually(() => page.getByRole('treeitem').count()).toBe(before);
  });

  test('a link shows another person the same', async () => {
    await page.close();
    const hash = '#t=1000000_9000000&e=1234&r=2000000_3000000&q.eventName=tick&f=1';
    page = await openPage('dark', hash);
    expect(await windowOf()).toEqual([1_000_000, 9_000_000]);
    await eventually(() => page.locator('[data-search="eventName"]').inputValue()).toBe('tick');
    const ticks = trace.events.filter(({ name }) => name === 'app:tick').length;
    await eventually(async () =>
      (await page.locator('.row-count').textContent())?.replaceAll('\u202f', ''),
    ).toBe(`${ticks} events`);
    await eventually(() => page.url()).toContain('r=2000000_3000000');
    await eventually(() => page.url()).toContain('e=1234');
  });

  test('in a narrow window the panes stand one below the other', async () => {
    await page.setViewportSize({ width: 420, height: 760 });
    const boxOf = (selector: string) => page.locator(selector).first().boundingBox();
    await eventually(async () => (await boxOf('.table'))?.width).toBe(420);
    const bottomOf = async (selector: string) => {
      const box = await boxOf(selector);
      return box === null ? Infinity : box.y + box.height;
    };
    await eventually(
      async () => ((await boxOf('.side'))?.y ?? 0) - (await bottomOf('.table')),
    ).toBeGreaterThanOrEqual(0);
    const rightOf = async (selector: string) => {
      const box = await boxOf(selector);
      return box === null ? Infinity : box.x + box.width;
    };
    await eventually(() => rightOf('.titles .fields')).toBeLessThanOrEqual(420);
    await page.keyboard.press('?');
    await eventually(async () => (await boxOf('.help'))?.width ?? Infinity).toBeLessThan(420);
  });

  test('a trace without events says so', async () => {
    const pageDir = join(repoRoot, 'packages/viewer/dist');
    const server = await serveView(syntheticSource({ eventCount: 0 }), { port: 0, pageDir });
    try {
      await page.goto(server.url);
      await eventually(() => page.locator('.empty-note').textContent()).toBe('This trace has no events.');
      expect(await page.locator('.lanes-note').isVisible()).toBe(true);
    } finally {
      await page.goto('about:blank');
      await server.close();
    }
  });

  test('the page weighs at most 150 KB of compressed script', () => {
    const assets = join(repoRoot, 'packages/viewer/dist/assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const sizes = scripts.map((name) => gzipSync(readFileSync(join(assets, name))).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
  });
});

describeNeeding([chromium()], 'the viewer on many events', () => {
  const eventCount = 600_000;
  let server: ViewServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const pageDir = join(repoRoot, 'packages/viewer/dist');
    server = await serveView(syntheticSource({ eventCount }), { port: 0, pageDir });
    browser = await launchChromium({ scrollbars: true });
    page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    await page.goto(server.url);
    await server.indexed;
    await page.waitForFunction(() => document.querySelector('.numbers') !== null);
    await page.waitForFunction(() => document.querySelector('.progress') === null);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const firstRow = async (): Promise<number> =>
    Number(await page.locator('.grid-rows .row').first().getAttribute('aria-rowindex'));

  test('every row is reached although the scrollbar is coarser than the rows', async () => {
    const box = (await page.locator('.grid-scroller').boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 50);
    expect(await firstRow()).toBe(1);
    await page.mouse.wheel(0, 220);
    await eventually(firstRow).toBe(11);
    await page.locator('.grid-scroller').focus();
    await page.keyboard.press('End');
    await eventually(() => page.url()).toContain(`e=${eventCount - 1}`);
    await eventually(() => page.locator('.row.chosen').getAttribute('aria-rowindex')).toBe(
      String(eventCount),
    );
    await page.keyboard.press('ArrowUp');
    await eventually(() => page.url()).toContain(`e=${eventCount - 2}`);
    await page.keyboard.press('Home');
    await eventually(() => page.locator('.row.chosen').getAttribute('aria-rowindex')).toBe('1');
  });

  test('one time is at one place in overview, ruler and lanes, beside scrollbars too', async () => {
    const edges = await page.evaluate(() =>
      ['.overview-picture canvas', '.ruler canvas', '.lanes-canvases canvas'].map((selector) => {
        const box = document.querySelector(selector)!.getBoundingClientRect();
        return [Math.round(box.left), Math.round(box.right)];
      }),
    );
    expect(edges[1]).toEqual(edges[0]);
    expect(edges[2]).toEqual(edges[0]);
    expect(edges[0]![1]).toBeLessThan(1600);
  });

  test('a server that is gone is told', async () => {
    await server.close();
    await page.mouse.click(900, 300);
    await eventually(() => page.locator('.trouble').textContent()).toContain(
      'Is `spoor view` still running?',
    );
  });
});

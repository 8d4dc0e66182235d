// The viewer on a trace of 1 M events, from `spoor view` to pixels: how soon the first lanes are there after the
// browser was sent to the page (the server has only just started and is indexing), and how long frames take while a
// person pans and zooms. Frames are measured between animation frames, so they hold everything the browser does; the
// drawing alone is measured too. Chromium runs without a GPU.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { TraceView, traceSetSource } from '@spoor/server';
import { writeSmallTrace } from '@spoor/server/testing';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, startViewer } from '../tests/support/viewer.ts';
import { atMost, compare, ratioAtMost, type Sample } from './harness.ts';

const eventCount = 1_000_000;
const directory = mkdtempSync(join(tmpdir(), 'spoor-bench-view-'));
writeSmallTrace(directory, eventCount);
const browser = await launchChromium();
try {
  await compare({
    name: 'view',
    question: 'How soon does the viewer show a trace of 1 M events, and how smoothly does it move?',
    contenders: [
      { name: 'spoor view', run: () => lookAt(browser) },
      { name: 'indexing', run: index },
      { name: 'reading only', run: readOnly },
    ],
    judge: [
      atMost('spoor view', 'firstLanesMs', 2000),
      atMost('spoor view', 'frameP95Ms', 33),
      atMost('spoor view', 'drawP95Ms', 16),
      ratioAtMost('indexing', 'reading only', 'cpuMs'),
    ],
    facts: { events: eventCount, window: '1600x900' },
  });
} finally {
  await browser.close();
  rmSync(directory, { recursive: true, force: true });
}

/** Milliseconds of processor time that `work` takes in this process. */
async function cpuMsOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function index(): Promise<Sample> {
  const view = new TraceView(traceSetSource(openTrace(directory), [directory]));
  const cpuMs = await cpuMsOf(() => view.index());
  return {
    cpuMs,
    eventsPerCpuSecond: eventCount / (cpuMs / 1000),
    indexBytesPerEvent: view.store.sizeBytes / eventCount,
  };
}

async function readOnly(): Promise<Sample> {
  let count = 0;
  const cpuMs = await cpuMsOf(() => {
    for (const batch of openTrace(directory).batches()) count += batch.count;
  });
  if (count !== eventCount) throw new Error(`read ${count} events`);
  return { cpuMs, eventsPerCpuSecond: eventCount / (cpuMs / 1000) };
}

async function lookAt(inBrowser: Browser): Promise<Sample> {
  const viewer = await startViewer([directory]);
  const page = await inBrowser.newPage({ viewport: { width: 1600, height: 900 } });
  try {
    await page.goto(viewer.url);
    await page.waitForFunction(() => performance.getEntriesByName('spoor:painted').length > 0);
    const firstLanesMs = await page.evaluate(
      () => performance.getEntriesByName('spoor:painted')[0]!.startTime,
    );
    await page.waitForFunction(() => document.querySelector('.progress') === null);
    const wholeMs = await page.evaluate(() => performance.now());
    await page.waitForTimeout(500);
    return { firstLanesMs, wholeMs, ...(await move(page)) };
  } finally {
    await page.close();
    await viewer.stop();
  }
}

/** Zooms in by the wheel, pans by drag and keys, zooms out; returns what the frames took. */
async function move(page: Page): Promise<Sample> {
  await page.evaluate(() => {
    performance.clearMeasures('spoor:lanes');
    const frames: number[] = [];
    let last = performance.now();
    const frame = (now: number): void => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const tasks: number[] = [];
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      type: 'longtask',
    });
    Object.assign(globalThis, { benchFrames: frames, benchTasks: tasks });
  });
  await page.mouse.move(900, 250);
  await page.keyboard.down('Control');
  for (let i = 0; i < 40; i++) {
    await page.mouse.wheel(0, -100);
    await page.waitForTimeout(16);
  }
  await page.keyboard.up('Control');
  await page.mouse.down();
  await page.mouse.move(500, 260, { steps: 30 });
  await page.mouse.up();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('d');
    await page.waitForTimeout(16);
  }
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('s');
    await page.waitForTimeout(16);
  }
  return page.evaluate(() => {
    const { benchFrames, benchTasks } = globalThis as unknown as Record<string, number[]>;
    const share = (values: readonly number[], part: number): number =>
      values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;
    const draws = performance.getEntriesByName('spoor:lanes').map(({ duration }) => duration);
    return {
      frameP50Ms: share(benchFrames!, 0.5),
      frameP95Ms: share(benchFrames!, 0.95),
      drawP50Ms: share(draws, 0.5),
      drawP95Ms: share(draws, 0.95),
      longestTaskMs: Math.max(0, ...benchTasks!),
    };
  });
}

// How late the event loops of real little programs are.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';
import { named, record } from '../support/recorded.ts';

const delay = 'nodejs:event_loop_delay';
const subscribeModule = pathToFileURL(join(repoRoot, 'packages/tracer/dist/subscribe.js')).href;

test('a blocked event loop shows', () => {
  const { events } = record(`
    let turn = 0;
    // From the first block on, this and what tells of delays are called right after one another.
    const timer = setInterval(() => {
      turn += 1;
      if (turn % 4 === 0) for (const end = Date.now() + 120; Date.now() < end;);
      if (turn === 36) clearInterval(timer);
    }, 100);`);
  const delays = named(events, delay);
  const longest = delays.map((event) => Number(event.fields['max_ns']));
  // On a busy machine several are told of at once; the last one, by a program that ends, is not.
  expect(longest.filter((delayNs) => delayNs > 80e6).length).toBeGreaterThanOrEqual(4);
  for (const { fields } of delays) {
    expect(Number(fields['utilization'])).toBeGreaterThanOrEqual(0);
    expect(Number(fields['utilization'])).toBeLessThanOrEqual(1);
  }
});

test('a loop that sleeps is only looked at, one that is busy is sampled', () => {
  const { events, status } = record(`
    import { subscribe } from '${subscribeModule}';
    const waiting = [];
    subscribe({ events: '${delay}', intervalMs: 20 }, ({ fields }) => waiting.shift()?.(Number(fields.samples)));
    const samples = () => new Promise((done) => waiting.push(done));
    const lasts = setInterval(() => {}, 60_000);
    const asleep = async () => { for (let looks = 0; looks < 3;) looks = (await samples()) === 1 ? looks + 1 : 0; };
    await asleep();
    for (const end = Date.now() + 250; Date.now() < end;);
    let isSampled = false;
    const spin = () => { for (const end = Date.now() + 2; Date.now() < end;); if (!isSampled) setImmediate(spin); };
    spin();
    while ((await samples()) === 1);
    isSampled = true;
    await asleep();
    clearInterval(lasts);`);
  expect(status).toBe(0);
  const told = named(events, delay).map(({ fields }) => ({
    samples: Number(fields['samples']),
    maxNs: Number(fields['max_ns']),
  }));
  // Nothing sampled it, but it ended long after the next look at it was due.
  expect(told.some(({ samples, maxNs }) => samples === 1 && maxNs > 140e6)).toBe(true);
  expect(told.some(({ samples }) => samples > 1)).toBe(true);
});

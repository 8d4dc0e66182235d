import { tileBins } from '@spoor/store';
import { expect, test } from 'vitest';
import { TileCache, type TileFetch } from './tile-cache.ts';

/** A server that answers when told to. */
function slowServer(): {
  fetch: TileFetch;
  requests: {
    level: number;
    index: number;
    rows: readonly string[];
    signal: AbortSignal;
    answer: () => void;
  }[];
} {
  const requests: ReturnType<typeof slowServer>['requests'] = [];
  const fetch: TileFetch = ({ level, index }, rows, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      const words = new Uint32Array(rows.length * tileBins).map(
        (_, i) => index * 1000 + Math.floor(i / tileBins),
      );
      requests.push({ level, index, rows, signal, answer: () => resolve(words) });
    });
  return { fetch, requests };
}

test('asks once for what is missing, and keeps it', async () => {
  const server = slowServer();
  let arrived = 0;
  const cache = new TileCache(server.fetch, () => (arrived += 1));
  cache.want([{ level: 3, index: 7 }], ['l0', 'l1']);
  cache.want([{ level: 3, index: 7 }], ['l0', 'l1', 'l2']);
  expect(server.requests.map(({ rows }) => rows)).toEqual([['l0', 'l1'], ['l2']]);
  for (const request of server.requests) request.answer();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(arrived).toBe(2);
  expect(cache.find(3, 7, 'l1')![0]).toBe(7001);
  expect(cache.pendingCount).toBe(0);
  cache.want([{ level: 3, index: 7 }], ['l0', 'l1', 'l2']);
  expect(server.requests).toHaveLength(2);
});

test('cancels what a newer view does not need, and asks again for what is out of date', async () => {
  const server = slowServer();
  const cache = new TileCache(server.fetch, () => undefined);
  cache.want([{ level: 3, index: 7 }], ['l0']);
  cache.want([{ level: 3, index: 8 }], ['l0']);
  expect(server.requests.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  server.requests[1]!.answer();
  await new Promise((resolve) => setTimeout(resolve, 0));
  cache.revision = 1;
  cache.want([{ level: 3, index: 8 }], ['l0']);
  expect(server.requests).toHaveLength(3);
  expect(cache.find(3, 8, 'l0')).toBeDefined();
});

// Threads that ask each other to read their rings.
import { expect, test, vi } from 'vitest';
import { ReaderPeers, peerWords } from './reader-peers.node.ts';

/** Longer than any test. */
const longMs = 600_000;

test('who asks goes on when all others have read their rings since', () => {
  const words = peerWords(3);
  const order: string[] = [];
  const peers: ReaderPeers[] = [0, 1, 2].map(
    (index) =>
      new ReaderPeers({ words, index, bells: [] }, (other) => {
        order.push(`${index} wakes ${other}`);
        const one = peers[other]!;
        const { asked } = one;
        expect(one.isAsked(asked)).toBe(true);
        one.answer(asked);
        expect(one.isAsked(asked)).toBe(false);
      }),
  );
  const serve = (): void => void order.push('serve');
  for (const one of peers) one.join(0);
  // Nobody waits who must not.
  peers[0]!.settle(serve);
  expect(order).toEqual([]);
  peers[0]!.join(longMs);
  peers[0]!.settle(serve);
  expect(order.splice(0)).toEqual(['0 wakes 1', '0 wakes 2']);
  peers[1]!.leave();
  peers[0]!.settleNow();
  expect(order.splice(0)).toEqual(['0 wakes 2']);
  peers[2]!.leave();
  peers[0]!.settle(serve);
  expect(order).toEqual([]);
});

test('those that wait for each other answer meanwhile, or do not wait where they cannot', () => {
  const words = peerWords(2);
  const order: string[] = [];
  const first = new ReaderPeers({ words, index: 0, bells: [] }, () => {
    // Amid its work the second meets something, too.
    if (order.length < 3) second.settleNow();
    order.push('second goes on');
    second.answer(second.asked);
  });
  const second = new ReaderPeers({ words, index: 1, bells: [] }, () => {
    order.push('first is asked');
    first.answer(first.asked);
  });
  for (const one of [first, second]) one.join(longMs);
  first.settleNow();
  expect(order.splice(0)).toEqual(['second goes on']);
  first.settle(() => undefined);
  expect(order).toEqual(['first is asked', 'second goes on']);
});

test('who has no rings asks nobody and is not asked; answers that take long are waited for a time in all', () => {
  const words = peerWords(2);
  let nowMs = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  let asked = 0;
  const other = new ReaderPeers({ words, index: 1, bells: [] }, () => undefined);
  const one = new ReaderPeers({ words, index: 0, bells: [] }, () => {
    asked += 1;
    nowMs += 8;
    other.answer(other.asked);
  });
  other.join(20);
  one.leave();
  one.settleNow();
  expect(asked).toBe(0);
  // Nor does it look afterwards as if it would answer.
  other.settle(() => undefined);
  expect(one.isAsked(one.asked)).toBe(false);
  one.join(20);
  for (let round = 0; round < 10; round += 1) one.settleNow();
  expect(asked).toBe(3);
  nowMs += 100;
  one.settleNow();
  expect(asked).toBe(4);
  clock.mockRestore();
});

import {
  array,
  assert,
  boolean,
  constant,
  integer,
  property,
  record,
  shuffledSubarray,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { expect, test } from 'vitest';
import { TaskLives } from './task-lives.ts';

test('whoever began and did not end is alive, in whatever order that is told, also by another thread', () => {
  const happenings = array(record({ tid: integer({ min: 1, max: 99 }), isBirth: boolean() }), {
    maxLength: 60,
  });
  assert(
    property(
      happenings.chain((list) => tuple(constant(list), shuffled(list.length))),
      ([list, order]) => {
        const lives = new TaskLives(100);
        const other = new TaskLives(lives.memory);
        for (const index of order) {
          const { tid, isBirth } = list[index]!;
          const teller = index % 2 === 0 ? lives : other;
          if (isBirth) teller.born(tid, 1000 + index);
          else teller.died(tid, 1000 + index);
        }
        for (let tid = 1; tid < 100; tid += 1) {
          expect(lives.isAlive(tid)).toBe(list.findLast((one) => one.tid === tid)?.isBirth ?? false);
        }
        const born = new Set(list.flatMap(({ tid, isBirth }) => (isBirth ? [tid] : [])));
        expect(new Set(other.takeFresh())).toEqual(born);
        expect(lives.takeFresh()).toEqual([]);
      },
    ),
  );
});

function shuffled(count: number): Arbitrary<readonly number[]> {
  const all = Array.from({ length: count }, (_, index) => index);
  return shuffledSubarray(all, { minLength: count });
}

test('numbers beyond the greatest are passed over', () => {
  const lives = new TaskLives(64);
  for (const tid of [-1, 0, 64, 4_194_304]) lives.born(tid, 1);
  expect(lives.takeFresh()).toEqual([]);
});

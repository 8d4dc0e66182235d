// What a flight recorder knows of a task that is there, this process, when its rings tell of that no more.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RingTasks } from '../contexts/task-births.ts';
import { parseThreadStat } from '../statedump/proc-text.ts';
import { sleptNs, startNs } from '../statedump/task-start.node.ts';
import { KnownTasks } from './known-tasks.node.ts';

const { pid } = process;
const stat = parseThreadStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
const begunNs = startNs(stat.startTicks, sleptNs());

/** Whether it is still known after rings were read. */
function isKept(told: Partial<RingTasks>, name: string, bornNs: number): boolean {
  const known = new KnownTasks();
  const { table } = known;
  table.setName(pid, Buffer.from(name));
  table.setStart(pid, bornNs);
  known.learn([{ births: [], seen: [pid], named: [], ...told }]);
  return table.isKnown(pid);
}

test('who began after what is known of the number is another task', () => {
  expect(isKept({}, stat.name, begunNs)).toBe(true);
  expect(isKept({}, stat.name, begunNs - 1e9)).toBe(false);
  // What did nothing is not looked at, and who is there though the ring tells of its making is looked up.
  expect(isKept({ seen: [] }, stat.name, begunNs - 1e9)).toBe(true);
  const birth = { timeNs: begunNs, parent: 1, child: pid, cloneFlags: 0, cloneFlagsHigh: 0, name: undefined };
  expect(isKept({ births: [birth] }, stat.name, begunNs - 1e9)).toBe(false);
  expect(isKept({ births: [birth] }, stat.name, begunNs)).toBe(true);
});

test('who has got another name is looked up, unless the ring tells it', () => {
  expect(isKept({}, 'before', begunNs)).toBe(false);
  expect(isKept({ named: [pid] }, 'before', begunNs)).toBe(true);
});

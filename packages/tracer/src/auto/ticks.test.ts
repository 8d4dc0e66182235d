import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { keepTickClass } from './ticks.ts';

test('what was queued for a tick outlives garbage collections, which others do not', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queued: WeakRef<object>[] = [];
  const hook = createHook({
    init(_id, type, _triggerId, resource) {
      if (type === 'TickObject') queued.push(new WeakRef(resource));
    },
  });
  hook.enable();
  process.nextTick(() => undefined);
  const others = queued.splice(0);
  keepTickClass();
  await Promise.resolve();
  const kept = queued.splice(0);
  // Not once more: one is enough.
  keepTickClass();
  await Promise.resolve();
  const again = queued.splice(0);
  hook.disable();
  expect([others.length, kept.length, again.length]).toEqual([1, 1, 0]);
  // What a turn of the event loop has seen through a WeakRef stays until its end.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  collect();
  expect(others[0]!.deref()).toBeUndefined();
  expect(kept[0]!.deref()).toBeDefined();
});

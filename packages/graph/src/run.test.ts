import { expect, test } from 'vitest';
import { InputPort, OutputPort, run, runInSlices } from './index.ts';

function sinkOf(batches: number, log: string[], name: string) {
  let left = batches;
  return {
    consume(): boolean {
      if (left === 0) return false;
      left -= 1;
      log.push(name);
      return true;
    },
    finish(): void {
      log.push(`${name} end`);
    },
  };
}

test('sinks take turns until each has ended', () => {
  const log: string[] = [];
  expect(run([sinkOf(2, log, 'a'), sinkOf(1, log, 'b')])).toBe('end');
  expect(log).toEqual(['a', 'b', 'a', 'b end', 'a end']);
});

test('a signal ends a run between batches, and sinks finish', () => {
  const log: string[] = [];
  const controller = new AbortController();
  const onRound = (): void => controller.abort();
  expect(run([sinkOf(5, log, 'a')], { signal: controller.signal, onRound })).toBe('aborted');
  expect(log).toEqual(['a', 'a end']);
});

test('a run in slices lets timers abort it', async () => {
  const log: string[] = [];
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const endless = { consume: () => true, finish: () => log.push('end') };
  expect(await runInSlices([endless], { signal: controller.signal })).toBe('aborted');
  expect(log).toEqual(['end']);
});

test('ports are joined once, and must be', () => {
  const output = new OutputPort('out', () => [1, 2]);
  const input = new InputPort<number[]>('in');
  expect(input.isConnected).toBe(false);
  expect(() => input.open()).toThrow('input port in is not connected');
  input.connect(output);
  expect(input.open()).toEqual([1, 2]);
  expect(() => input.connect(output)).toThrow('connected already');
});

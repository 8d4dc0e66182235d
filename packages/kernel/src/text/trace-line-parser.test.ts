import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTraceLine } from './trace-line-parser.ts';

describe('lines of tracefs', () => {
  test('an event', () => {
    const line =
      '          <idle>-0       [001] d..2.  1234.567890: sched_switch: prev_comm=swapper/1 prev_pid=0 ==> next_comm=a b';
    expect(parseTraceLine(line)).toEqual({
      kind: 'event',
      event: {
        comm: '<idle>',
        tid: 0,
        cpu: 1,
        flags: 'd..2.',
        timeNs: 1_234_567_890_000n,
        name: 'sched_switch',
        text: 'prev_comm=swapper/1 prev_pid=0 ==> next_comm=a b',
      },
    });
  });

  test('names with spaces, dashes and numbers; thread groups; times in nanoseconds; no text', () => {
    const line = '  my-1 [x] y-77      (  70) [012] ..... 5.000000001: sys_enter: NR 1 (0, [1], 2)';
    expect(parseTraceLine(line)).toMatchObject({
      kind: 'event',
      event: { comm: 'my-1 [x] y', tid: 77, cpu: 12, timeNs: 5_000_000_001n, text: 'NR 1 (0, [1], 2)' },
    });
    expect(parseTraceLine(' a-1 [000] 5.000000: bare:')).toMatchObject({
      event: { flags: '', name: 'bare', text: '' },
    });
  });

  test('losses and heads', () => {
    expect(parseTraceLine('CPU:3 [LOST 17 EVENTS]')).toEqual({ kind: 'loss', loss: { cpu: 3, count: 17 } });
    expect(parseTraceLine('CPU:0 [LOST EVENTS]')).toEqual({
      kind: 'loss',
      loss: { cpu: 0, count: undefined },
    });
    for (const line of ['# tracer: nop', '', '---------------------------------']) {
      expect(parseTraceLine(line).kind).toBe('other');
    }
  });
});

describe('lines of a dump', () => {
  const event = {
    comm: 'kworker/',
    tid: 31,
    cpu: 0,
    flags: 'd.h1.',
    timeNs: 74_005_123_000n,
    name: 'irq_handler_entry',
    text: 'irq=24 name=virtio0',
  };

  test.each([
    ['bare', ''],
    ['on a console', '[   74.012345] '],
    ['with level and thread', '<4>[   74.012345] [  T831] '],
  ])('%s', (_, head) => {
    const line = `${head}kworker/-31        0d.h1. 74005123us : irq_handler_entry: irq=24 name=virtio0\r`;
    expect(parseTraceLine(line)).toEqual({ kind: 'event', event });
  });

  test('delays are marked; what else the console says is none', () => {
    expect(parseTraceLine('      sh-9         1..... 12us+: sys_exit: NR 0 = 1')).toMatchObject({
      event: { timeNs: 12_000n, cpu: 1 },
    });
    expect(parseTraceLine('[   74.1] Kernel panic - not syncing').kind).toBe('unknown');
    expect(parseTraceLine('[   74.012345] Dumping ftrace buffer:').kind).toBe('other');
  });
});

test('any line is taken or left, and quickly', () => {
  const part = fc.constantFrom('a', '-', '1', ' ', '[', ']', '0', '.', 'us', ':', '(', ')', 'LOST', '\t');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 80 }), (parts) => {
      expect(['event', 'loss', 'other', 'unknown']).toContain(parseTraceLine(parts.join('')).kind);
    }),
  );
});

test('what is written as the kernel writes it is read back', () => {
  const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(
      fc.stringMatching(/^[\w/:.-]{1,15}$/),
      number(4_194_303),
      number(255),
      number(999_999_999),
      number(999_999),
      fc.stringMatching(/^[\w=<>(),: -]{0,40}$/),
      (comm, tid, cpu, seconds, micros, text) => {
        const fraction = String(micros).padStart(6, '0');
        const line = `${comm.padStart(16)}-${String(tid).padEnd(7)} [${String(cpu).padStart(3, '0')}] d..1. ${seconds}.${fraction}: sys_enter: ${text}x`;
        expect(parseTraceLine(line)).toEqual({
          kind: 'event',
          event: {
            comm,
            tid,
            cpu,
            flags: 'd..1.',
            timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1000n,
            name: 'sys_enter',
            text: `${text}x`,
          },
        });
      },
    ),
  );
});

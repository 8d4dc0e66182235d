// Elements of arrays that have no bits fit in any number: their number in an event is bounded.
import { expect, test } from 'vitest';
import { packetPaddingBytes } from './bits.ts';
import { compileFunction } from './compile.ts';
import { Emitter } from './emitter.ts';
import { emitWalk } from './emit-walk.ts';
import { interpret, SilentVisitor } from './interpret.ts';
import { parseTsdl } from './metadata.ts';
import type { FieldClass } from './model.ts';
import type { Plan } from './plan.ts';
import { makePlan, tooLargeCode } from './planner.ts';

function planOf(fields: string): Plan {
  const { streamClasses } = parseTsdl(`/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
event { name = "e"; fields := struct { integer { size = 32; } n; ${fields} }; };`);
  const { payload } = streamClasses[0]!.eventClasses[0]!;
  return makePlan('e', [{ scope: 'event-payload', fieldClass: payload! }], 8);
}

/** Whether an event of this `n` is refused, by both ways to pass over it. */
function isRefused(plan: Plan, n: number): boolean {
  const bytes = new Uint8Array(64 + packetPaddingBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, n, true);
  const e = new Emitter();
  e.line(`return ${emitWalk(e, plan, undefined, 'return -1;')};`);
  const skip = compileFunction('skip', ['bytes', 'view', 'p', 'end', 'ext'], e) as (
    ...args: readonly unknown[]
  ) => number;
  const isOver = skip(bytes, view, 0, 512, []) < 0;
  let isInterpreted = false;
  try {
    interpret(plan, bytes, 0, 512, new SilentVisitor());
  } catch (error) {
    expect(error).toMatchObject({ code: 'ctf/packet-overrun' });
    isInterpreted = true;
  }
  expect(isInterpreted).toBe(isOver);
  return isOver;
}

test.each([
  ['struct {} x[n];', 1 << 20, true],
  ['struct {} x[n][n];', 1000, true],
  ['struct {} x[n][n][n];', 100, true],
  ['struct {} x[n][n][n][n][n];', 15, true],
  ['struct { struct {} y[1024]; } x[n];', 1022, true],
  ['struct {} x[n]; struct {} y[n];', 1 << 19, true],
  ['struct { integer { size = 1; } m; struct {} y[n]; } x[n];', 400, false],
] as const)('%s of n up to %i', (fields, n, squared) => {
  const plan = planOf(fields);
  expect(isRefused(plan, n)).toBe(false);
  expect(isRefused(plan, 0)).toBe(false);
  if (squared) expect(isRefused(plan, n + 40)).toBe(true);
  expect(isRefused(plan, 0xffff_ffff)).toBe(true);
});

test('known lengths are looked at when the class is planned', () => {
  const arrays = (...lengths: readonly number[]): Plan => {
    const nothing: FieldClass = { kind: 'structure', members: [], alignmentBits: 1 };
    const fieldClass = lengths.reduceRight<FieldClass>(
      (element, length) => ({ kind: 'static-array', length, element, alignmentBits: 1 }),
      nothing,
    );
    const members = [{ name: 'x', fieldClass }];
    return makePlan(
      'e',
      [{ scope: 'event-payload', fieldClass: { kind: 'structure', members, alignmentBits: 1 } }],
      8,
    );
  };
  expect(() => arrays(1024, 1025)).toThrow(expect.objectContaining({ code: tooLargeCode }));
  expect(() => arrays(1 << 30, 1 << 30, 1 << 30)).toThrow(expect.objectContaining({ code: tooLargeCode }));
  expect(arrays(1024, 1000).fixedBits).toBe(0);
});

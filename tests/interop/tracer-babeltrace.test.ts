// What the tracer writes, as the real babeltrace2 reads it: names, ids, values, and not a word of complaint.
import * as fc from 'fast-check';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compileSerialiser } from '../../packages/tracer/src/compile.ts';
import { declare } from '../../packages/tracer/src/declaration.ts';
import type { FieldList, FieldType } from '../../packages/tracer/src/field-types.ts';
import { stringDeclaration } from '../../packages/tracer/src/interned-strings.ts';
import {
  arbitraryEvent,
  plainText,
  type Expected,
} from '../../packages/tracer/src/testing/arbitrary-event.ts';
import {
  makeMemoryRing,
  sinksOf,
  sinksWithStrings,
  writeTrace,
} from '../../packages/tracer/src/testing/memory-trace.ts';
import { makeWalkingSerialiser } from '../../packages/tracer/src/walk.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-interop-'));
afterAll(() => {
  removeTree(folder);
});

/** A value as `sink.text.pretty` prints it; floats as a mark, since their digits are another test's matter. */
function pretty(value: Expected, type: FieldType | undefined): string {
  if (typeof type === 'object' && type.kind === 'struct') {
    return prettyMembers(Object.entries(type.members), value as Record<string, Expected>);
  }
  if (typeof type === 'object' && (type.kind === 'array' || type.kind === 'sequence')) {
    const elements = (value as readonly Expected[]).map(
      (each, index) => `[${index}] = ${pretty(each, type.element)}`,
    );
    return elements.length === 0 ? '[ ]' : `[ ${elements.join(', ')} ]`;
  }
  if (type === 'f32' || type === 'f64') return '#';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'object' && value !== null && 'enumeration' in value) {
    const { enumeration, labels } = value as { enumeration: number; labels: readonly string[] };
    const shown = labels.length === 0 ? '<unknown>' : labels.map((label) => `"${label}"`).join(', ');
    return `( ${shown} : container = ${enumeration} )`;
  }
  if (typeof type === 'object' && type.kind === 'hex') return `0x${Number(value).toString(16).toUpperCase()}`;
  return String(value as number | bigint);
}

function prettyMembers(fields: FieldList, payload: Readonly<Record<string, Expected>>): string {
  const types = new Map(fields);
  const shown = Object.entries(payload).map(([name, value]) => `${name} = ${pretty(value, types.get(name))}`);
  return shown.length === 0 ? '{ }' : `{ ${shown.join(', ')} }`;
}

const events = fc
  .tuple(arbitraryEvent(0, plainText), arbitraryEvent(1, plainText), arbitraryEvent(2, plainText))
  .chain((declared) =>
    fc.record({
      declared: fc.constant(declared),
      idBase: fc.constantFrom(0, 29, 40),
      walks: fc.boolean(),
      calls: fc.array(
        fc.oneof(...declared.map((event, index) => event.calls.map((call) => ({ index, ...call })))),
        { minLength: 1, maxLength: 40 },
      ),
    }),
  );

describeNeeding([command('babeltrace2')], 'the real babeltrace2', () => {
  test('reads what the tracer writes, name by name and value by value', () => {
    let run = 0;
    fc.assert(
      fc.property(events, ({ declared, idBase, walks, calls }) => {
        run += 1;
        const fillers = Array.from({ length: idBase }, (_, id) => declare(`filler:f${id}`, []));
        const declarations = declared.map(({ name, fields }) => declare(name, fields));
        const ring = makeMemoryRing();
        const make = walks ? makeWalkingSerialiser : compileSerialiser;
        const emits = declarations.map((declaration, index) =>
          make(declaration, sinksOf(ring, idBase + index), ring.stacks),
        );
        for (const { index, args } of calls) emits[index]!(...args);
        const path = join(folder, String(run));
        writeTrace(path, [...fillers, ...declarations], ring);
        const { status, stdout, stderr } = babeltrace2(['--no-delta', path]);
        expect(stderr).toBe('');
        expect(status).toBe(0);
        // [TIME] HOST NAME: { packet context }, { payload }
        const lines = stdout.trimEnd().split('\n');
        expect(lines.length).toBe(calls.length);
        calls.forEach(({ index, payload }, call) => {
          const { name, fields } = declared[index]!;
          const text = prettyMembers(fields, payload);
          const tail = `${name}: { cpu_id = 0, vtid = 2 }, ${text}`;
          const floats = /(?<== )(?:-?(?:\d[\d.]*(?:e[+-]\d+)?|inf))(?=[ ,])/g;
          const line = lines[call]!.slice(lines[call]!.indexOf(name));
          if (text.includes('#')) expect(line.replaceAll(floats, '#')).toBe(tail.replaceAll(floats, '#'));
          else expect(line).toBe(tail);
        });
        removeTree(path);
      }),
      { numRuns: 100 },
    );
  });

  test('shows interned strings as numbers, and the events that tell their texts', () => {
    const ring = makeMemoryRing();
    const declaration = declare('shop:request', { route: 'interned-string', ms: 'u32' });
    const emit = compileSerialiser(declaration, sinksWithStrings(ring, 0, 1), ring.stacks);
    for (const [route, ms] of [
      ['GET /orders', 1],
      ['GET /orders', 2],
      ['PUT /größe', 3],
    ] as const) {
      emit(route, ms);
    }
    const path = join(folder, 'interned');
    writeTrace(path, [declaration, stringDeclaration], ring);
    const { status, stdout, stderr } = babeltrace2(['--no-delta', path]);
    expect([status, stderr]).toEqual([0, '']);
    const context = '{ cpu_id = 0, vtid = 2 }';
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^\[.*?\] test /, '')),
    ).toEqual([
      `spoor:string: ${context}, { id = 1, text = "GET /orders" }`,
      `shop:request: ${context}, { route = 1, ms = 1 }`,
      `shop:request: ${context}, { route = 1, ms = 2 }`,
      `spoor:string: ${context}, { id = 2, text = "PUT /größe" }`,
      `shop:request: ${context}, { route = 2, ms = 3 }`,
    ]);
  });

  test('tells how many events a full ring lost, and nothing else', () => {
    const ring = makeMemoryRing({ subBufferSizeBytes: 4096, subBufferCount: 2 });
    const declaration = declare('test:e0', [['n', 'u32']]);
    const emit = compileSerialiser(declaration, sinksOf(ring, 0), ring.stacks);
    for (let n = 0; n < 5000; n += 1) emit(n);
    const lost = ring.writer.ring.lostEvents;
    const path = join(folder, 'lossy');
    writeTrace(path, [declaration], ring);
    const { status, stdout, stderr } = babeltrace2(['--no-delta', path]);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(5000 - lost);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(`Tracer discarded ${lost} events between`);
  });
});

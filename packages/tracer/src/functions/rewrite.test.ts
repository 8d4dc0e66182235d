import { setImmediate as turn } from 'node:timers/promises';
import { createContext, runInContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rewriteModule, type FoundFunction } from './rewrite.ts';
import type { Activation, Probe } from './runtime.ts';
import { arbitraryProgram } from './testing/arbitrary-program.ts';
import { syntacticForms } from './testing/syntactic-forms.ts';

/** What a run told: through `out`, and to the probe. */
interface Told {
  readonly out: readonly string[];
  readonly events: readonly string[];
}

/** Runs a program as the body of an async function; what it throws is told too. */
async function run(code: string, functions: readonly FoundFunction[]): Promise<Told> {
  const out: string[] = [];
  const events: string[] = [];
  const context = createContext({
    out: (...values: unknown[]) => void out.push(values.map(String).join(' ')),
    $spoor: recordingProbe(events, functions),
  });
  try {
    await (runInContext(code, context, { filename: 'program.js' }) as Promise<void>);
  } catch (error) {
    out.push(`thrown ${String(error)}`);
  }
  // What it has not awaited goes on.
  await turn();
  return { out, events };
}

/** Writes events down, and holds each coroutine to the order that it may tell things in. */
function recordingProbe(events: string[], functions: readonly FoundFunction[]): Probe {
  const nameOf = (id: number): string => functions[id]?.name ?? `unknown ${id}`;
  const flags = new Uint16Array(functions.length).fill(1);
  let runs = 0;
  return {
    f: flags,
    e: (id) => void events.push(`> ${nameOf(id)}`),
    x: (id, _flag, hasThrown) => void events.push(`< ${nameOf(id)}${hasThrown ? ' threw' : ''}`),
    c(id): Activation {
      const name = `${nameOf(id)} ${(runs += 1)}`;
      let state: 'running' | 'waiting' | 'over' = 'running';
      const tell = (what: string, next: typeof state): void => {
        if (state === 'over') throw new Error(`${name} goes on after its end`);
        state = next;
        events.push(`${what} ${name}`);
      };
      const wake = (): void => {
        if (state === 'waiting') tell('resume', 'running');
      };
      events.push(`> ${name}`);
      return {
        s(value) {
          if (state === 'running') tell('suspend', 'waiting');
          return value;
        },
        r(value) {
          wake();
          return value;
        },
        w: wake,
        x(hasThrown) {
          wake();
          tell(hasThrown ? 'threw' : '<', 'over');
        },
      };
    },
  };
}

/** Whether plain functions and stretches of coroutines lie in each other. Leftovers are generators that nobody ended. */
function checkNesting(events: readonly string[]): void {
  const stack: string[] = [];
  for (const event of events) {
    const [what = '', ...rest] = event.replace(/ threw$/, '').split(' ');
    const name = rest.join(' ');
    if (what === '>' || what === 'resume') stack.push(name);
    else expect(stack.pop(), event).toBe(name);
  }
  expect(stack).toEqual([]);
}

const asProgram = (text: string): string => `(async () => {${text}\n})()`;

describe('a rewritten program does what it did', () => {
  test.each(syntacticForms)('%s', async (_name, text) => {
    const source = asProgram(text);
    const { code, functions } = rewriteModule(source, 'commonjs', 0);
    const before = await run(source, []);
    const after = await run(code, functions);
    expect(after.out).toEqual(before.out);
    expect(before.out.length).toBeGreaterThan(0);
    expect(code.split('\n').length).toBe(source.split('\n').length);
    expect(after.events.length).toBeGreaterThan(0);
    checkNesting(after.events);
  });

  test.each(syntacticForms)('%s: without a tracer', async (_name, text) => {
    const source = asProgram(text);
    const { code } = rewriteModule(source, 'commonjs', 0);
    const context = createContext({ out: () => {} });
    await expect(runInContext(code, context)).resolves.toBeUndefined();
  });
});

/** What is not awaited tells something after the program is over. */
const goesOn = `
  void (async () => await Promise.reject(await (async () => await (async (all) => {
    for await (const x of (async function* () { out(0); })()) all.push(x);
    return all.join();
  })([]))()))().catch((error) => out('later', error));`;

test('programs that return, throw and wait in any order do what they did', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryProgram, async (text) => {
      const source = asProgram(text);
      const { code, functions } = rewriteModule(source, 'commonjs', 0);
      const before = await run(source, []);
      const after = await run(code, functions);
      expect(after.out).toEqual(before.out);
      checkNesting(after.events);
    }),
    { numRuns: 300, examples: [[goesOn]] },
  );
}, 60_000);

/** Events of a program, each function by its name. */
async function eventsOf(text: string): Promise<readonly string[]> {
  const { code, functions } = rewriteModule(text, 'commonjs', 0);
  return (await run(code, functions)).events;
}

describe('events', () => {
  test('tell how a function was left', async () => {
    const text = `function f(x) { if (x) throw 1; try { f(1) } catch {} return } f(0); (() => f(1)).call();`;
    expect(await eventsOf(text)).toEqual([
      '> f',
      '> f',
      '< f threw',
      '< f',
      '> <anonymous>',
      '> f',
      '< f threw',
      '< <anonymous> threw',
    ]);
  });

  test('have the stretches of coroutines', async () => {
    const text = `async function a() { try { await Promise.reject(1) } catch { b() } await 0; throw 2; function b() {} }
      (async () => { try { await a() } catch {} })()`;
    expect(await eventsOf(text)).toEqual([
      '> <anonymous> 1',
      '> a 2',
      'suspend a 2',
      'suspend <anonymous> 1',
      'resume a 2',
      '> b',
      '< b',
      'suspend a 2',
      'resume a 2',
      'threw a 2',
      'resume <anonymous> 1',
      '< <anonymous> 1',
    ]);
  });
});

test('functions are called what they are in stack traces, or nearly', () => {
  const text = `function a() {} const b = () => {}; const c = function d() {}; x.y.z = () => {}; this.w = class { m() {} static n() {} #p() {} get g() {} set g(v) {} constructor() {} f = () => {}; static { } };
    class K { ['a' + 1]() {} async *s() {} 'b "q"'() {} } const o = { p() {}, q: () => {}, get r() {}, t: { u() {} } }; function outer() { [1].map(x => x) } export default () => {};
    const { v = () => {} } = {}; l ||= () => {}; foo(function () {})`;
  const { functions } = rewriteModule(text, 'module', 0);
  expect(functions.map(({ name }) => name)).toEqual([
    'a',
    'b',
    'd',
    'x.y.z',
    'this.w.m',
    'this.w.n',
    'this.w.#p',
    'get this.w.g',
    'set this.w.g',
    'new this.w',
    'this.w.f',
    'this.w.<static>',
    "K.['a' + 1]",
    'K.s',
    'K.b q',
    'p',
    'q',
    'get r',
    'u',
    'outer',
    'outer.<anonymous>',
    'default',
    'v',
    'l',
    '<anonymous>',
  ]);
  expect(functions.filter(({ isCoroutine }) => isCoroutine).map(({ name }) => name)).toEqual(['K.s']);
});

test('functions that a block would change are left as they are, those in them are not', () => {
  const leftOut = (text: string): number => rewriteModule(text, 'commonjs', 0).leftOutCount;
  expect(leftOut('function f() { var g; function g() {} }')).toBe(1);
  expect(leftOut('function f() { for (var { a: [g] } of []); function g() {} }')).toBe(1);
  expect(leftOut('function f() { function g() {} { function g() {} } }')).toBe(1);
  expect(leftOut('function f() { "use strict"; function g() {} { function g() {} } }')).toBe(0);
  expect(leftOut('function f() { "use strict"; function g() {} function g() {} }')).toBe(1);
  expect(leftOut('function f() { function g() {} function g() {} }')).toBe(0);
  expect(leftOut('function f() { function g() {} async function g() {} }')).toBe(1);
  expect(leftOut('function f(g) { function g() {} (() => { var g })(); class A { static { var g } } }')).toBe(
    0,
  );
  expect(leftOut('function f() { "use asm"; function g() {} return g }')).toBe(1);
  expect(rewriteModule('function f() { var g; function g() {} }', 'commonjs', 0).functions).toHaveLength(1);
});

test('a module keeps what stands at its top', () => {
  const text = `#!/usr/bin/env node\n'use strict';\nimport x from 'y' with { type: 'json' };\nawait x;\nexport { f };\nfunction f() {}\n`;
  const { code } = rewriteModule(text, 'module', 0);
  expect(code.split('\n').slice(0, 5)).toEqual(text.split('\n').slice(0, 5));
  expect(rewriteModule('export const a = 1;', 'module', 0).code).toBe('export const a = 1;');
  expect(() => rewriteModule('function (', 'commonjs', 0)).toThrow(SyntaxError);
});

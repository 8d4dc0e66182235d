// What a program does must not depend on its being traced, whatever it does to the tracer, and whatever the machine
// refuses: each program of the table runs untraced once, then by every way to trace it, with the same outcome.
import { beforeAll, describe, expect, test } from 'vitest';
import { ownNode } from '../support/node-versions.ts';
import { TracedRun, type Ended } from '../support/traced.ts';
import { coreTiersOf } from './tiers.ts';

const tick = `const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });`;
const failing = `const fail = () => { throw new Error('called'); };`;

/** Programs by name. Each must have an end of its own. */
const programs: Readonly<Record<string, string>> = {
  'arguments that throw, nest and never end': `
    const wide = tracepoint('test:wide', { big: 'i64', real: 'f64', list: sequence('u16'), names: sequence('string'),
      kind: enumeration('u8', { a: 1 }), inner: struct({ x: 'u8', text: 'string' }) });
    ${tick}
    const loop = {}; loop.loop = loop;
    const { proxy, revoke } = Proxy.revocable([], {}); revoke();
    const odd = [undefined, null, NaN, -1, 2 ** 70, 10n ** 40n, '', 'x'.repeat(1e6), Symbol('s'), () => {}, {}, [], loop, proxy,
      new Proxy({}, { get() { throw new Error('trap'); } }), Object.create(null), new Date(NaN), /x/, new Map(), Promise.resolve(),
      { valueOf() { throw new Error('valueOf'); } }, { valueOf() { tick(1, 'inside'); return 3; } },
      { toString() { wide(1); throw new Error('toString'); } }, { get length() { throw new Error('length'); } },
      { length: 2 ** 31 }, { length: -1 }, { length: 'x' }, { *[Symbol.iterator]() { yield 1; throw new Error('iterator'); } },
      { [Symbol.toPrimitive]() { throw new Error('primitive'); } }];
    for (const a of odd) { tick(a, a); wide(a, a, a, a, a, a); wide(...odd.map(() => a)); tick(); }
    for (const a of odd) for (const b of odd) wide(a, b, [a, b], [b, a], b, { x: a, text: b });
    console.log('unharmed');`,
  'the directory of the recording is taken away': `
    import { rmSync } from 'node:fs';
    import { Worker, isMainThread } from 'node:worker_threads';
    ${tick} tick(1, 'before');
    if (isMainThread && process.env.SPOOR_SESSION) rmSync(process.env.SPOOR_SESSION + '/session.json');
    if (isMainThread && process.env.SPOOR_SESSION)
      for (const name of process.getBuiltinModule('node:fs').readdirSync(process.env.SPOOR_SESSION))
        if (/^\\d/.test(name)) rmSync(process.env.SPOOR_SESSION + '/' + name, { recursive: true });
    for (let n = 0; n < 50_000; n += 1) tick(n, 'after');
    tracepoint('test:new', { n: 'u8' })(1);
    counter('test:c').add();
    try { snapshot('/dev/null/nowhere'); } catch (error) { console.log(error.constructor.name); }
    if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('worker', code));`,
  'no descriptors are left': `
    import { closeSync, openSync } from 'node:fs';
    const open = [];
    // A hundred thousand is the usual limit at most; the program's own files come from those that are closed again.
    try { for (;;) open.push(openSync('/dev/null')); } catch (error) { console.log(error.code); }
    ${tick}
    for (let n = 0; n < 1000; n += 1) tick(n, 'none');
    counter('test:c').add();
    const { value } = counter('test:c');
    for (const fd of open) closeSync(fd);
    tick(1, 'again'); tracepoint('test:more', { n: 'u8' })(2);
    console.log(value);`,
  'timers, clocks and files are replaced before the first event': `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    ${tick} ${failing}
    globalThis.setTimeout = globalThis.setInterval = globalThis.queueMicrotask = fail;
    Date.now = performance.now = process.hrtime.bigint = process.hrtime = fail;
    for (const name of ['openSync', 'writeSync', 'readSync', 'linkSync', 'mkdirSync', 'statSync', 'readFileSync']) fs[name] = fail;
    syncBuiltinESMExports();
    for (let n = 0; n < 30_000; n += 1) tick(n, 'x');
    tracepoint('test:other', { n: 'u8' })(1);
    counter('test:c').add();
    process.stdout.write('unharmed\\n');`,
  'methods of collections and texts throw before the first event': `
    ${tick}
    const replaced = [[Array.prototype, 'map', 'push', 'flatMap', 'some', 'splice', 'slice'], [Map.prototype, 'get', 'set', 'has'],
      [Set.prototype, 'add', 'has'], [String.prototype, 'split', 'slice', 'padEnd', 'charCodeAt', 'replaceAll'],
      [RegExp.prototype, 'exec', 'test']];
    for (const [holder, ...names] of replaced) for (const name of names) {
      Object.defineProperty(holder, name, { value() { throw new Error('called ' + name); }, configurable: true });
    }
    for (let n = 0; n < 5000; n += 1) tick(n, 'x');
    process.stdout.write('unharmed\\n');`,
  'globals are gone before the first event': `
    ${tick}
    for (const name of ['Map', 'Set', 'Array', 'Object', 'JSON', 'Math', 'String', 'Number', 'BigInt', 'Promise', 'Error', 'Symbol', 'Reflect',
      'Uint8Array', 'DataView', 'Atomics', 'BigUint64Array', 'Uint32Array', 'TextEncoder', 'Buffer', 'console', 'performance',
      'Function', 'RegExp', 'setTimeout', 'queueMicrotask']) globalThis[name] = undefined;
    for (let n = 0; n < 5000; n += 1) tick(n, 'x');
    process.stdout.write('unharmed\\n');`,
  'every object inherits a getter': `
    ${tick}
    Object.prototype.get = () => 'inherited';
    for (let n = 0; n < 5000; n += 1) tick(n, 'x');
    tracepoint('test:other', { n: 'u8' })(1);
    delete Object.prototype.get;
    console.log('unharmed');`,
  'events at its very end': `
    ${tick}
    process.on('exit', () => { for (let n = 0; n < 5000; n += 1) tick(n, 'exit'); tracepoint('test:late', {})(); console.log('last'); });
    process.prependListener('exit', () => tick(1, 'first'));
    tick(0, 'x');`,
  'its environment is taken away': `
    import { Worker, isMainThread } from 'node:worker_threads';
    ${tick} tick(1, 'x');
    process.env = {};
    tracepoint('test:again', { n: 'u8' })(1);
    if (isMainThread) new Worker(new URL(import.meta.url), { env: {} }).on('exit', (code) => console.log('worker', code));`,
  'nothing keeps it alive, and nothing is seen of a timer': `
    import { createHook } from 'node:async_hooks';
    ${tick} tick(1, 'x');
    for (let n = 0; n < 20_000; n += 1) tick(n, 'more');
    console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || /Port|Worker/.test(name)));`,
  'asynchronous contexts are its own': `
    import { AsyncLocalStorage } from 'node:async_hooks';
    const storage = new AsyncLocalStorage();
    ${tick}
    storage.run('request', () => tick(1, 'x'));
    console.log(storage.getStore());
    storage.enterWith('later');
    for (let n = 0; n < 20_000; n += 1) tick(n, 'more');
    setTimeout(() => console.log(storage.getStore()), 250);`,
  'an event larger than a sub-buffer, and one of a class with too many fields': `
    ${tick}
    tick(1, 'y'.repeat(200_000));
    const many = tracepoint('test:many', Object.fromEntries(Array.from({ length: 500 }, (_, n) => ['f' + n, 'string'])));
    many(...Array.from({ length: 500 }, () => 'z'.repeat(500)));
    tick(2, 'small');
    console.log('unharmed');`,
};

async function runOnce(
  code: string,
  nodeArgs: readonly string[],
  env: Readonly<Record<string, string>>,
  settings: { readonly commonJs?: boolean } = {},
): Promise<Ended> {
  using run = new TracedRun({ auto: true, subBufferSizeBytes: 64 * 1024, subBufferCount: 4 });
  return await run.run(code, { ...settings, nodeArgs: ['--no-warnings', ...nodeArgs], env });
}

describe('a program whatever its tracer meets', () => {
  const untraced = new Map<string, Ended>();
  beforeAll(async () => {
    for (const [name, code] of Object.entries(programs)) {
      untraced.set(name, await runOnce(code, [], { SPOOR_SESSION: '' }));
    }
  });

  describe.each(coreTiersOf(ownNode).map((tier) => [tier.name, tier] as const))('by way of %s', (_, tier) => {
    test.each(Object.keys(programs))('%s', async (name) => {
      const ended = await runOnce(programs[name]!, tier.nodeArgs, tier.environment);
      expect(ended).toEqual(untraced.get(name));
      expect(ended.status).toBe(0);
    });
  });

  test.each(Object.keys(programs))('%s (CommonJS)', async (name) => {
    const plain = await runOnce(programs[name]!, [], { SPOOR_SESSION: '' }, { commonJs: true });
    const ended = await runOnce(programs[name]!, [], {}, { commonJs: true });
    expect(ended).toEqual(plain);
    expect(ended.status).toBe(0);
  });
});

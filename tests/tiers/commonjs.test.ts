// A CommonJS program runs under the tracer as without it, on every release of Node.js: what runs before what, where errors
// arrive, what it sees of its modules and of how it was started. ES modules beside it, since both are loaded by `--require`.
import { afterAll, describe, expect, test } from 'vitest';
import { describeNeeding } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';
import { ProgramPlace } from '../support/program-place.ts';
import { TestSession } from '../support/session.ts';

interface Program {
  readonly text: string;
  /** Ending of the file; `cjs` by default. */
  readonly ending?: string;
  /** Arguments of Node.js before the file's path. */
  readonly args?: readonly string[];
  /**
   * Whether it is traced by the usual events alone, for it shows what Node.js does for others: before 22.15 module hooks are
   * run in a thread that preloads what the program preloads, and hooks of asynchronous work number what waits.
   */
  readonly usualOnly?: boolean;
}

const order = `
  setImmediate(() => console.log('immediate'));
  Promise.resolve().then(() => console.log('promise'));
  process.nextTick(() => console.log('tick'));
  queueMicrotask(() => { console.log('microtask'); process.nextTick(() => console.log('tick of a microtask')); });
  (async () => { await null; console.log('awaited'); process.nextTick(() => console.log('tick after await')); })();
  process.nextTick(() => Promise.resolve().then(() => console.log('promise of a tick')));
  console.log('top');`;

const facts = `
  const { executionAsyncId, triggerAsyncId } = require('node:async_hooks');
  const name = (path) => path.replace(__dirname, '.');
  console.log(require.main === module, module.id, module.parent, module.children.length, Object.keys(require.cache).map(name));
  console.log(process.execArgv, process.argv.slice(1).map(name), process.argv0.length, process.title === process.argv0 || process.title);
  console.log(executionAsyncId(), triggerAsyncId(), arguments.length, this === exports, module.loaded, module.filename === __filename);
  console.log(Object.getOwnPropertyNames(globalThis).join(), Error.stackTraceLimit, process.getActiveResourcesInfo(), process.exitCode); console.error(new Error('here').stack);
  for (const key of Object.getOwnPropertySymbols(globalThis)) if (Object.prototype.propertyIsEnumerable.call(globalThis, key)) console.log(key);
  console.log(process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection'), process.listenerCount('warning'), process.hasUncaughtExceptionCaptureCallback());
  console.log(Object.keys(require.extensions), require('node:module').globalPaths.length, require.resolve.paths('x').length);`;

/** Programs by name, in files that know their neighbours: `other.cjs`, `module.mjs`. */
const programs: Readonly<Record<string, Program>> = {
  'what runs before what': { text: order },
  'the same in an ES module': { text: order, ending: 'mjs' },
  'what it sees of itself': { text: facts },
  'modules that it loads': {
    text: `const other = require('./other.cjs'); console.log(other.main, module.children.length, other.parent === module.id);
      import('./module.mjs').then((loaded) => { console.log(Object.keys(loaded), require.cache[require.resolve('./other.cjs')].loaded); ${order} });`,
  },
  'an ES module that is required': {
    text: `const loaded = require('./module.mjs'); console.log(Object.keys(loaded), module.children.length, Object.keys(require.cache).length);`,
  },
  'CommonJS that is imported': {
    text: `import other, { main } from './other.cjs'; console.log(other, main); ${order}`,
    ending: 'mjs',
  },
  'an error at the top': { text: `${order} throw new TypeError('at the top');` },
  'an error at the top that is handled': {
    text: `${order}
      process.on('uncaughtExceptionMonitor', (error, origin) => console.log('monitor', error.message, origin));
      process.on('uncaughtException', (error, origin) => console.log('handler', error.message, origin));
      throw new Error('handled');`,
  },
  'an error at the top that is captured': {
    text: `process.setUncaughtExceptionCaptureCallback((error) => console.log('captured', error.message)); ${order} throw new Error('x');`,
  },
  'an error in a domain': {
    text: `const d = require('node:domain').create(); d.on('error', (error) => console.log('domain', error.message));
      d.run(() => { setImmediate(() => { throw new Error('later'); }); throw new Error('now'); });`,
  },
  'a rejection at the top': { text: `${order} Promise.reject(new RangeError('rejected'));` },
  'a rejection at the top that is handled': {
    text: `process.on('unhandledRejection', (error) => console.log('unhandled', error.message)); Promise.reject(new Error('r')); ${order}`,
  },
  'rejections are warnings': {
    text: `${order} Promise.reject(new Error('r'));`,
    args: ['--unhandled-rejections=warn'],
  },
  'warnings that are errors': {
    text: `${order} process.emitWarning('old', 'DeprecationWarning');`,
    args: ['--throw-deprecation'],
  },
  'its exit code': {
    text: `process.exitCode = 7; ${order} process.on('exit', (code) => console.log(code));`,
  },
  'its exit at the top': {
    text: `${order} process.on('exit', (code) => console.log(code)); process.exit(5);`,
  },
  'a file that is no JavaScript': { text: 'const = 1;' },
  'a module that is not there': { text: `console.log('top'); require('./none.cjs');` },
  'a preloaded module of its own': {
    text: facts,
    args: ['--require', './other.cjs', '--import', './module.mjs'],
    usualOnly: true,
  },
  'the flags that it was given': { text: facts, args: ['--no-warnings', '--no-deprecation'] },
  'a text': { text: '', args: ['--no-warnings', '-e', `${order} ${facts} throw new Error('text')`] },
  'a text that is printed': {
    text: '',
    args: [
      '-p',
      'process.nextTick(() => console.log(1)); Promise.resolve().then(() => console.log(2)); module.id',
    ],
  },
  'a text that is an ES module': { text: '', args: ['--input-type=module', '-e', order] },
  'a syntax check': { text: order, args: ['--check'] },
  workers: {
    text: `const { Worker, isMainThread, workerData } = require('node:worker_threads'); ${order}
      const run = (...args) => new Promise((done) => { const worker = new Worker(...args); worker.on('error', (error) => console.log('error', error.message)); worker.on('exit', (code) => { console.log('exit', code); done(); }); });
      if (!isMainThread) { console.log(workerData, process.execArgv, require.main === module); process.on('uncaughtException', (error, origin) => console.log(error.message, origin)); throw new Error('in a worker'); }
      (async () => { await run(__filename, { workerData: 1 }); await run(__filename, { execArgv: [], workerData: 2 }); await run(__filename, { env: {}, workerData: 3 }); await run(__filename, { execArgv: ['--no-warnings'], workerData: 4 });
        await run(${JSON.stringify(`${order} console.log(require.main, __filename, process.argv.length); throw new Error('of a text')`)}, { eval: true }); await run(require('node:path').join(__dirname, 'module.mjs')); })();`,
  },
  children: {
    text: `const { fork, spawnSync } = require('node:child_process'); ${order}
      if (process.send) { process.send([process.execArgv, process.argv.length, require.main === module]); process.disconnect(); }
      else { const said = []; const child = fork(__filename, ['child']); child.on('message', (message) => said.push(message)); let left = 2; const over = () => { if ((left -= 1) > 0) return; console.log(child.exitCode, ...said);
        const done = spawnSync(process.execPath, ['-e', ${JSON.stringify(`${order} throw new Error('x')`)}], { encoding: 'utf8' }); console.log(done.status, done.stdout, done.stderr); }; child.on('exit', over); child.on('disconnect', over); }`,
  },
};

/** How it is traced. */
const ways: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'the usual events': {},
  'all events, and functions': { SPOOR_AUTO: 'all', SPOOR_FUNCTIONS: '**' },
};

const place = new ProgramPlace();
afterAll(() => place.remove());
place.write(
  'other.cjs',
  `exports.main = require.main === module; exports.parent = module.parent?.id; console.log('other');`,
);
place.write(
  'module.mjs',
  `export const one = 1; console.log('module'); process.nextTick(() => console.log('tick of a module'));`,
);

describeNeeding([otherNodes()], 'a CommonJS program', () => {
  describe.each(nodeReleases.map((release) => [release.major, release] as const))(
    'of Node.js %i',
    (_, { path }) => {
      test.concurrent.each(Object.entries(programs))(
        '%s',
        async (name, { text, ending = 'cjs', args = [], usualOnly = false }) => {
          const file = place.write(`${name.replaceAll(/\W+/g, '-')}.${ending}`, text);
          // Frames of the tracer push none of the program's out.
          const all = ['--stack-trace-limit=50', ...args, ...(text === '' ? [] : [file])];
          const plain = await place.run(all, {}, path);
          for (const [way, environment] of Object.entries(ways)) {
            if (usualOnly && way !== 'the usual events') continue;
            using session = new TestSession();
            const traced = await place.run(all, { ...session.environment, ...environment }, path);
            expect(traced, way).toEqual(plain);
          }
        },
      );
    },
  );
});

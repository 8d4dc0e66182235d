// Stacks are what they are without the tracer, on every release of Node.js: what waits for Node.js when the program begins
// decides by which way it runs the program, and each way has its frames.
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeNeeding } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';
import { ProgramPlace } from '../support/program-place.ts';
import { TestSession, registerPath } from '../support/session.ts';

const place = new ProgramPlace();
afterAll(() => place.remove());

const thrown = `function fail() { throw new TypeError('at the top'); }\nfail();\n`;
const told = `
const tell = (name) => process._rawDebug(new Error(name).stack);
tell('top');
Promise.resolve().then(() => { tell('promise'); process.nextTick(tell, 'tick of a promise'); });
void (async () => { await undefined; tell('async'); })();
`;
const rejected = `Promise.reject(new RangeError('not handled'));\n`;
const ticking = `process.nextTick(() => process._rawDebug(new Error('tick').stack));\n${told}`;
const files = Object.entries({ thrown, told, rejected, ticking }).flatMap(([name, text]) =>
  ['mjs', 'cjs'].map((ending) => place.write(`${name}.${ending}`, text)),
);
const inWorker = place.write(
  'in-worker.cjs',
  `const { Worker } = require('node:worker_threads');\nnew Worker(process.argv[2]).on('error', (error) => process._rawDebug(error.stack));\n`,
);
const programs = [...files.map((file) => [file]), ...files.map((file) => [inWorker, file])];
const names = programs.map((args) => args.map((file) => file.slice(place.folder.length + 1)).join(' '));

/** Traces of the console as Node.js and as others call it, the first of which loads what a thread's first event takes. */
const tracing = place.write(
  'tracing.cjs',
  `function deep(n) { if (n > 0) deep(n - 1); else console.trace('%s in\\n    at nothing', 'deep', { n }); }
deep(12);
console.trace();
console.error('Trace: told\\n    at nothing');
const { trace } = console;
setImmediate(() => { Error.stackTraceLimit = 2; trace('few'); console.log(Object.getOwnPropertyNames(console.trace)); });
`,
);

/**
 * Something that is preloaded too, and waits for a promise: it goes on when the program has begun to. Not in the thread that only
 * makes a worker: both would tell at the same time.
 */
const preload = place.write(
  'preload.cjs',
  `if (!process.argv[1]?.endsWith('in-worker.cjs')) Promise.resolve().then(() => process._rawDebug(new Error('preload').stack));\n`,
);
// Where no session daemon is.
const unrecorded = { SPOOR_RUN_DIR: join(place.folder, 'nobody'), HOME: place.folder };

describeNeeding([otherNodes()], 'stacks', () => {
  describe.each(nodeReleases)('on Node.js $major', ({ path: node }) => {
    test('of console.trace', async () => {
      using session = new TestSession();
      const plain = await place.run([tracing], {}, node);
      expect(plain.stderr.match(/^ +at deep /gm)).toHaveLength(10);
      expect(await place.run([tracing], session.environment, node)).toEqual(plain);
    });

    test.concurrent.each(programs.map((args, index) => [names[index]!, args] as const))(
      '%s',
      async (_, args) => {
        using session = new TestSession();
        const plain = await place.run(args, {}, node);
        expect(plain.stderr).toContain('Error: ');
        expect(await place.run(args, session.environment, node)).toEqual(plain);
        const followed = { ...unrecorded, NODE_OPTIONS: `--require ${registerPath}` };
        expect(await place.run(args, followed, node)).toEqual(plain);
        const preloaded = await place.run(args, { NODE_OPTIONS: `--require ${preload}` }, node);
        // What a CommonJS module throws at its top comes first, and ends it.
        const isPreloadHeard = preloaded.stderr.includes('Error: preload\n');
        expect(isPreloadHeard).toBe(!args.at(-1)!.endsWith('thrown.cjs'));
        const behind = {
          ...session.environment,
          NODE_OPTIONS: `--require ${preload} --require ${registerPath}`,
        };
        expect(await place.run(args, behind, node)).toEqual(preloaded);
      },
    );
  });
});

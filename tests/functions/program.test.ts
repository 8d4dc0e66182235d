// What happens in the program itself: functions that are switched while it runs, on all versions of Node.js, where no
// code may be made from text, and what stack traces say.
import { HUB_FILE, RUN_VERSION, SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';
import { textOfPeer } from '../support/recording.ts';
import { TestSession, describeSession, registerPath } from '../support/session.ts';
import { TracedRun } from '../support/traced.ts';
import { removeTree } from '../support/removal.ts';

/** Events as babeltrace2 prints them: name, and what is in quotes. */
function eventsOf(path: string): string[] {
  return textOfPeer(path)
    .trim()
    .split('\n')
    .map((line) => {
      const texts = [...line.matchAll(/"([^"]*)"/g)].map(([, text]) => text);
      return [/ (\w+:\w+): \{/.exec(line)?.[1], ...texts].join(' ');
    });
}

describeNeeding([command('babeltrace2')], 'functions of a program', () => {
  test('are switched while it runs', async () => {
    // Programs leave something beside the hub.
    const runDir = mkdtempSync('/dev/shm/spoor-test-');
    const hub = join(runDir, 'hub');
    try {
      using run = new TracedRun();
      const own = join(hub, 'sessions', 'own');
      mkdirSync(join(hub, 'sessions'), { recursive: true });
      symlinkSync(run.path, own);
      /** Stage by stage: a filter over functions, and a tracepoint that the program tells the stage by. */
      const begin = (stage: number, filter: string): void => {
        const rules = [
          { name: 'js:*', exclude: [], filter },
          { name: 'test:mark', exclude: [] },
          { name: `test:stage${stage}`, exclude: [] },
        ];
        writeFileSync(join(own, '.draft'), JSON.stringify(describeSession('/nowhere', { rules })));
        renameSync(join(own, '.draft'), join(own, SESSION_FILE));
        writeFileSync(join(hub, '.hub'), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
        renameSync(join(hub, '.hub'), join(hub, HUB_FILE));
      };
      const filters = [
        'func == "nothing*"',
        'func == "first (*"',
        'func == "*(*program.mjs:*" && func != "first*"',
      ];
      begin(0, filters[0]!);
      let stage = 0;
      const ended = await run.run(
        `import { writeFileSync } from 'node:fs';
        const mark = tracepoint('test:mark', { stage: 'string' });
        const stages = [0, 1, 2].map((n) => tracepoint('test:stage' + n));
        function first() { return 1; }
        function second() { return first() + 1; }
        let now = -1;
        const timer = setInterval(() => {
          const seen = stages.findIndex((stage) => stage.enabled);
          if (seen === now) return;
          now = seen;
          mark(String(seen)); second(); mark('over');
          writeFileSync(${JSON.stringify(run.path)} + '/stage' + seen, '');
          if (seen === 2) clearInterval(timer);
        }, 5);`,
        {
          env: { [SESSION_VARIABLE]: hub, SPOOR_FUNCTIONS: join(run.path, '*.mjs') },
          whileRunning: () => {
            if (stage === 2 || !existsSync(join(run.path, `stage${stage}`))) return;
            stage += 1;
            begin(stage, filters[stage]!);
          },
        },
      );
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      run.drain();
      const events = eventsOf(run.tracePath);
      const between = (mark: string): string[] => {
        const from = events.indexOf(`test:mark ${mark}`);
        return events.slice(from + 1, events.indexOf('test:mark over', from));
      };
      expect(between('0')).toEqual([]);
      expect(between('1').map((event) => event.replace(/ \(.*:\d+\)/, ''))).toEqual([
        'js:func_entry first',
        'js:func_exit first returned',
      ]);
      expect(between('2').map((event) => event.replace(/ \(.*:\d+\)/, ''))).toEqual([
        'js:func_entry second',
        'js:func_exit second returned',
      ]);
    } finally {
      removeTree(runDir);
    }
  });

  test('of a program that was there before any daemon are recorded by its sessions', () => {
    const runDir = mkdtempSync('/dev/shm/spoor-test-');
    try {
      const hub = join(runDir, 'hub');
      const session = join(hub, 'sessions', 'first');
      const file = join(runDir, 'program.mjs');
      writeFileSync(
        file,
        `import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
        import { setTimeout as sleep } from 'node:timers/promises';
        function f() { return 1; }
        f();
        mkdirSync('${session}', { recursive: true, mode: 0o700 });
        writeFileSync('${session}/session.json', process.argv[2]);
        writeFileSync('${hub}/${HUB_FILE}', '${JSON.stringify({ version: RUN_VERSION, watchMs: 10 })}');
        const rings = () => readdirSync('${session}').filter((name) => /^\\d+-\\d+$/.test(name))
          .map((name) => '${session}/' + name + '/rings').filter((path) => existsSync(path)).flatMap((path) => readdirSync(path));
        // Nothing else emits.
        while (rings().length === 0) { f(); await sleep(5); }
        console.log('recorded');`,
      );
      const done = spawnSync(
        process.execPath,
        ['--require', registerPath, file, JSON.stringify(describeSession('/nowhere'))],
        {
          env: { ...process.env, SPOOR_RUN_DIR: runDir, [SESSION_VARIABLE]: '', SPOOR_FUNCTIONS: file },
          encoding: 'utf8',
          timeout: 110_000,
        },
      );
      expect(done).toMatchObject({ status: 0, stdout: 'recorded\n', stderr: '' });
    } finally {
      removeTree(runDir);
    }
  });

  test.each(['--require', '--import'])(
    'are rewritten for the sessions of a daemon that has none yet, or is not there (%s)',
    (how) => {
      const runDir = mkdtempSync('/dev/shm/spoor-test-');
      try {
        const hub = join(runDir, 'hub');
        mkdirSync(join(hub, 'sessions'), { recursive: true, mode: 0o700 });
        const file = join(runDir, 'program.mjs');
        const text = 'function f() { return 1; }';
        writeFileSync(file, `${text}\nconsole.log(f.toString() !== '${text}');`);
        const run = () =>
          spawnSync(process.execPath, [how, registerPath, file], {
            env: { ...process.env, SPOOR_RUN_DIR: runDir, [SESSION_VARIABLE]: '', SPOOR_FUNCTIONS: file },
            encoding: 'utf8',
            timeout: 60_000,
          });
        // Nor need the daemon be there yet.
        expect(run()).toMatchObject({ status: 0, stdout: 'true\n', stderr: '' });
        writeFileSync(join(hub, HUB_FILE), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
        expect(run()).toMatchObject({ status: 0, stdout: 'true\n', stderr: '' });
      } finally {
        removeTree(runDir);
      }
    },
  );

  test('are recorded where no code may be made from text', async () => {
    using run = new TracedRun();
    const ended = await run.run('function f() { throw 1 } try { f() } catch {} await (async () => {})();', {
      nodeArgs: ['--disallow-code-generation-from-strings'],
      env: { SPOOR_FUNCTIONS: run.path },
    });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    run.drain();
    expect(eventsOf(run.tracePath).map((event) => event.replace(/ \(.*:\d+\)/, ''))).toEqual([
      'js:func_entry f',
      'js:func_exit f threw',
      'js:coroutine_entry <anonymous>',
      'js:coroutine_exit <anonymous> returned',
    ]);
  });
});

describe('stack traces', () => {
  const text = `const f = (x) => { if (x) throw new Error('x'); return x }; function g() { return f(1) }
async function h() { await null; return g() }
h().catch((error) => console.log(error.stack));
console.log(new Error('here').stack);
`;

  test.each(['.mjs', '.cjs'])(
    'are the same with --enable-source-maps, have the same lines without (%s)',
    (ending) => {
      using session = new TestSession({ auto: false });
      const program = join(session.folder, `program${ending}`);
      writeFileSync(program, text);
      const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]): string =>
        spawnSync(process.execPath, [...args, program], {
          cwd: session.folder,
          env: { ...process.env, ...env },
          encoding: 'utf8',
        }).stdout;
      const traced = { ...session.environment, SPOOR_FUNCTIONS: '**' };
      /** Function, line and column of each line of the program's own. */
      const places = (stack: string): string[] =>
        [...stack.matchAll(/^ +at (?:(?:async )?(\w+) )?.*program\..js:(\d+):(\d+)/gm)].map(([, ...parts]) =>
          parts.join(':'),
        );
      const before = places(run({}, '--enable-source-maps'));
      expect(before).toHaveLength(4);
      expect(before.slice(1)).toEqual(['f:1:33', 'g:1:83', 'h:2:41']);
      expect(places(run(traced, '--enable-source-maps')).slice(1)).toEqual(before.slice(1));
      const lines = (all: readonly string[]): string[] => all.map((place) => place.replace(/:\d+$/, ''));
      expect(lines(places(run(traced)))).toEqual(lines(places(run({}))));
    },
  );
});

describeNeeding([otherNodes()], 'on each version of Node.js', () => {
  const files = {
    'main.mjs': `import { a } from './a.cjs'; import { createRequire } from 'node:module';
function f() { return a() } f(); createRequire(import.meta.url)('./b.js'); await import('./c.mjs');
async function* g() { yield 1 } for await (const x of g()) f(); console.log('end')`,
    'a.cjs': `exports.a = () => 1`,
    'b.js': `(function b() { return require('./a.cjs').a() })()`,
    'c.mjs': `export class C { static { f(); function f() {} } }`,
  };

  test.each(nodeReleases.map(({ major, path }) => [major, path] as const))('%i', (_, node) => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-functions-'));
    try {
      using run = new TracedRun();
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
      const { status, stdout, stderr } = spawnSync(node, ['main.mjs'], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          ...process.env,
          [SESSION_VARIABLE]: run.path,
          SPOOR_FUNCTIONS: '**',
          NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, '../../packages/tracer/dist/register.js')).href}`,
        },
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'end\n', stderr: '' });
      expect(run.statuses().flatMap(({ reasons }) => reasons)).toEqual([]);
      const [ring] = run.drain();
      // 3 calls each of f and a in pairs, b with a, the block with its f, g with two waits and one for its end.
      expect(eventsOf(run.tracePath).filter((event) => event.includes('entry'))).toEqual([
        'js:func_entry f (main.mjs:2:1)',
        'js:func_entry exports.a (a.cjs:1:13)',
        'js:func_entry b (b.js:1:2)',
        'js:func_entry exports.a (a.cjs:1:13)',
        'js:func_entry C.<static> (c.mjs:1:18)',
        'js:func_entry f (c.mjs:1:32)',
        'js:coroutine_entry g (main.mjs:3:1)',
        'js:func_entry f (main.mjs:2:1)',
        'js:func_entry exports.a (a.cjs:1:13)',
      ]);
      expect(ring!.eventCount).toBe(2 * 8 + 4);
    } finally {
      removeTree(folder);
    }
  });
});

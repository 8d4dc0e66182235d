// All automatic events on every release of Node.js: what a release lacks is left out, nothing breaks, and the real
// babeltrace2 reads what came of it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';
import { registerUrl } from '../support/session.ts';
import { RecordingPlace, readByPeer, summaryOf, textOfPeer } from '../support/recording.ts';

const program = join(repoRoot, 'tests/tiers/automatic.mjs');
const ticksProgram = join(repoRoot, 'tests/tiers/ticks.cjs');
const contextProgram = join(repoRoot, 'tests/tiers/request-context.mjs');

/** What the program does, as spans and events; how often where that is certain. */
const expected: Readonly<Record<string, number | undefined>> = {
  'http_server:request_begin': 5,
  'http_server:request_end': 5,
  'http_client:request_begin': 5,
  'http_client:request_end': 5,
  'dns:lookup_begin': undefined,
  'fs:operation_begin': undefined,
  'timers:start': undefined,
  'async:init': undefined,
  'net:connection_begin': undefined,
  'worker:thread_begin': 1,
  'worker:thread_end': 1,
  'child_process:run_begin': 1,
  'child_process:run_end': 1,
  'console:message': 2,
  'nodejs:process_start': 2,
  'nodejs:thread_begin': 3,
  'nodejs:unhandled_rejection': 1,
};

describeNeeding([command('babeltrace2'), otherNodes()], 'all automatic events', () => {
  test.each(nodeReleases)('on Node.js $major', ({ path }) => {
    using place = new RecordingPlace();
    const done = place.record(['--auto', 'all', '--', path, program]);
    expect(done.status, done.stderr).toBe(1);
    expect(done.stdout).toBe('in a worker\nabout to end\n');
    expect(done.stderr).toContain('Error: on purpose');
    expect(done.stderr).not.toContain('note:');
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(lostCount).toBe(0);
    expect(readByPeer(place.traceDir)).toEqual({ eventCount, stderr: '' });
    const counts = new Map<string, number>();
    for (const [, name = ''] of textOfPeer(place.traceDir).matchAll(/ ([a-z_]+:[a-z_]+): \{/g))
      counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [name, count] of Object.entries(expected)) {
      if (count === undefined) expect(counts.get(name), name).toBeGreaterThan(0);
      else expect(counts.get(name), name).toBe(count);
    }
  });

  // V8 remembers for good that a hook of promises was there, and makes worse code of async functions from then on.
  test.each(nodeReleases)('no hook of promises, and no word of how, on Node.js $major', ({ path }) => {
    const told = '--trace-protector-invalidation';
    const hook = "require('node:async_hooks').createHook({ init() {} }).enable().disable();";
    const hooked = spawnSync(path, [told, '-e', hook], { encoding: 'utf8', timeout: 60_000 });
    expect(hooked.stdout).toContain('PromiseHook');
    using place = new RecordingPlace();
    const flags = [told, '--pending-deprecation'];
    const code = "process.nextTick(() => console.log(Object.hasOwn(process, 'noDeprecation')));";
    const done = place.record(['--auto', 'default', '--', path, ...flags, '-e', code]);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toContain('false');
    expect(done.stdout).not.toContain('PromiseHook');
    expect(done.stderr).not.toContain('Deprecation');
  });

  // Else V8 forgets it when it finds no tick waiting, and each that is queued later costs calls of its runtime.
  test.each(nodeReleases)('the hidden class of ticks outlives collections, on Node.js $major', ({ path }) => {
    using place = new RecordingPlace();
    const flags = ['--allow-natives-syntax', '--expose-gc'];
    const done = place.record(['--auto', 'default', '--', path, ...flags, ticksProgram]);
    expect(done.status, done.stderr).toBe(0);
    const classes = [...done.stdout.matchAll(/^ - map: (0x\w+) <Map\[/gm)].map(([, address]) => address);
    expect(classes).toEqual([classes[0], classes[0]]);
  });

  test.each(nodeReleases)('requests in every kind of execution, on Node.js $major', ({ path }) => {
    using place = new RecordingPlace();
    const tracer = new URL('index.js', registerUrl).href;
    const options = ['--auto', 'default,request-context', '-e', 'http_server:*'];
    const done = place.record([...options, '--', path, contextProgram, tracer]);
    expect(done.status, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toEqual({ isAsked: true, different: [] });
  });
});

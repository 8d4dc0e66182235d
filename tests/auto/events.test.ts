// Automatic events of real little programs, recorded and read back.
import { expect, test } from 'vitest';
import { named, record, spans } from '../support/recorded.ts';
import { serverText } from './http-server-text.ts';

test('names that are found, and names that are not', () => {
  const { events } = record(`
    import dns from 'node:dns'; import promises from 'node:dns/promises';
    await promises.lookup('localhost', { family: 4 });
    await new Promise((resolve) => dns.lookup('does-not-exist.invalid', resolve));
    const resolver = new promises.Resolver({ timeout: 50, tries: 1 }); resolver.setServers(['127.0.0.1:1']);
    await resolver.resolve4('x.invalid').catch(() => {});`);
  const lookups = spans(events, 'dns:lookup');
  expect(lookups.map(({ begin, end }) => [begin.fields['hostname'], end?.fields['address']])).toEqual([
    ['localhost', '127.0.0.1'],
    ['does-not-exist.invalid', '-'],
  ]);
  expect(lookups[1]!.end?.fields['error']).toMatch(/^E[A-Z_]+$/);
  const resolves = spans(events, 'dns:resolve');
  expect(resolves.map(({ begin }) => [begin.fields['operation'], begin.fields['hostname']])).toEqual([
    ['resolve4', 'x.invalid'],
  ]);
  expect(resolves[0]!.end?.fields['error']).toMatch(/^E[A-Z]+$/);
});

test('workers and children have spans, threads and processes say who they are', () => {
  const { events, status } = record(`
    import { spawn } from 'node:child_process'; import { once } from 'node:events'; import { Worker } from 'node:worker_threads';
    const worker = new Worker(new URL('data:text/javascript,process.exit(3)')); await once(worker, 'exit');
    await once(spawn(process.execPath, ['-e', 'process.exitCode = 4']), 'exit');
    await once(spawn('/no/such/program').on('error', () => {}), 'close').catch(() => {});
    process.exitCode = 5;`);
  expect(status).toBe(5);
  const workers = spans(events, 'worker:thread');
  expect(workers.map(({ end }) => end?.fields['exit_code'])).toEqual([3]);
  const children = spans(events, 'child_process:run');
  expect(children.map(({ begin, end }) => [begin.fields['file'], end?.fields['exit_code']])).toEqual([
    [process.execPath, 4],
    ['/no/such/program', expect.any(Number)],
  ]);
  const threads = spans(events, 'nodejs:thread');
  expect(
    threads
      .map(({ begin, end }) => `${String(begin.fields['name'])} ${String(end?.fields['exit_code'])}`)
      .toSorted(),
  ).toEqual(['main 4', 'main 5', 'worker 1 3']);
  expect(workers[0]!.begin.fields['id']).toBe(
    threads.find(({ begin }) => begin.fields['name'] === 'worker 1')?.begin.fields['id'],
  );
  const processes = named(events, 'nodejs:process_start');
  expect(processes.length).toBe(2);
  expect(processes[0]!.fields).toMatchObject({ pid: processes[0]!.pid, node_version: process.version });
  expect(processes[0]!.fields['script']).toMatch(/program\.mjs$/);
  expect(children[0]!.begin.fields['pid']).toBe(processes[1]!.pid);
});

test('children that the program waits for have spans, whoever imported what starts them', () => {
  const { events, stdout } = record(
    `
    import { execFileSync, spawnSync } from 'node:child_process'; import { createRequire } from 'node:module';
    createRequire(import.meta.url)('child_process').execSync('exit 0');
    spawnSync('/no/such/program');
    try { execFileSync('/bin/sh', ['-c', 'kill -KILL $$']); } catch {}
    const { status, pid } = spawnSync('/bin/sh', ['-c', 'exit 7']);
    console.log(status, pid > 0, 'noDeprecation' in process);
    try { spawnSync('a', { cwd: 5 }); } catch (error) { console.log(error.code); }`,
  );
  expect(stdout).toBe('7 true false\nERR_INVALID_ARG_TYPE\n');
  const children = spans(events, 'child_process:run_sync').map(({ begin, end }) => [
    begin.fields['file'],
    end?.fields['exit_code'],
    end?.fields['signal'],
    end?.fields['error'],
  ]);
  expect(children).toEqual([
    ['/bin/sh', 0, '-', '-'],
    ['/no/such/program', 0, '-', 'ENOENT'],
    ['/bin/sh', 0, 'SIGKILL', '-'],
    ['/bin/sh', 7, '-', '-'],
  ]);
});

test('garbage collections lie where they happened', () => {
  const { events, baseNs, stdout } = record(`
    const before = process.hrtime.bigint();
    const kept = []; for (let n = 0; n < 2_000_000; n += 1) kept[n % 50_000] = { n };
    const after = process.hrtime.bigint();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stdout.write(before + ' ' + after);`);
  expect(baseNs).toBeGreaterThan(0n);
  const [before = 0, after = 0] = stdout.split(' ').map(Number);
  const pauses = named(events, 'nodejs:gc');
  const inside = pauses.filter((event) => {
    const start = Number(event.fields['start_ns']);
    return start >= before - 1000 && start + Number(event.fields['duration_ns']) <= after + 1000;
  });
  expect(inside.length).toBeGreaterThan(0);
  expect(inside.every((event) => typeof event.fields['kind'] === 'string')).toBe(true);
});

test('errors that nobody caught, rejections and warnings', () => {
  const { events, status } = record(`
    process.emitWarning('careful', 'MyWarning', 'MY1');
    process.on('unhandledRejection', () => {});
    Promise.reject(new RangeError('rejected'));
    setTimeout(() => { throw Object.assign(new TypeError('boom'), { code: 'EBOOM' }); }, 20);`);
  expect(status).toBe(1);
  expect(named(events, 'nodejs:warning').map((event) => event.fields)).toMatchObject([
    { name: 'MyWarning', code: 'MY1', message: 'careful' },
  ]);
  expect(named(events, 'nodejs:unhandled_rejection').map((event) => event.fields)).toMatchObject([
    { name: 'RangeError', message: 'rejected' },
  ]);
  const [uncaught] = named(events, 'nodejs:uncaught_error');
  expect(uncaught?.fields).toMatchObject({
    origin: 'uncaughtException',
    name: 'TypeError',
    code: 'EBOOM',
    message: 'boom',
  });
  expect(uncaught?.fields['stack']).toContain('program.mjs');
});

test('errors of the web’s kind, whose name and message are getters, are told by both', () => {
  const { events, status } = record(`
    process.on('unhandledRejection', () => {});
    Promise.reject(AbortSignal.abort().reason);
    Promise.reject(Object.create(DOMException.prototype));
    setTimeout(() => { throw new DOMException('too late', 'TimeoutError'); }, 20);`);
  expect(status).not.toBe(0);
  expect(named(events, 'nodejs:unhandled_rejection').map((event) => event.fields)).toMatchObject([
    { name: 'AbortError', message: 'This operation was aborted' },
    { name: 'object', message: '-' },
  ]);
  expect(named(events, 'nodejs:uncaught_error').map((event) => event.fields)).toMatchObject([
    { name: 'TimeoutError', message: 'too late' },
  ]);
});

test('an error that ends a worker is recorded in its stream', () => {
  const { events } = record(`
    import { Worker } from 'node:worker_threads';
    new Worker(new URL('data:text/javascript,throw new Error("in worker")')).on('error', () => {});`);
  const [uncaught] = named(events, 'nodejs:uncaught_error');
  expect(uncaught?.fields).toMatchObject({ name: 'Error', message: 'in worker' });
  expect(uncaught?.thread).not.toBe(named(events, 'nodejs:process_start')[0]?.thread);
});

test('the console by level, as printed', () => {
  const { events, stdout } = record(`
    console.log('a %d', 1, { b: 2 }); console.info('i'); console.debug('d'); console.warn('w'); console.error('e');
    console.group('g'); console.log('in'); console.groupEnd(); console.table([{ x: 1 }]); console.assert(false, 'no'); console.trace('t');
    console.dir([1]); console.log('x'.repeat(5000));`);
  const messages = named(events, 'console:message').map((event) => [
    event.fields['level'],
    String(event.fields['text']).split('\n')[0],
  ]);
  expect(messages.slice(0, 7)).toEqual([
    ['log', 'a 1 { b: 2 }'],
    ['info', 'i'],
    ['debug', 'd'],
    ['warn', 'w'],
    ['error', 'e'],
    ['log', 'g'],
    ['log', 'in'],
  ]);
  expect(messages.slice(8, 11)).toEqual([
    ['warn', 'Assertion failed: no'],
    ['trace', 'Trace: t'],
    ['log', '[ 1 ]'],
  ]);
  expect(messages[11]![1]).toHaveLength(2048);
  expect(stdout).toContain('a 1 { b: 2 }\n');
});

test('what only looks like a trace of the console is an error', () => {
  const { events } = record(`
    console.error('Trace: mine\\n    at nothing'); console.trace('theirs'); console.trace();
    Error.prepareStackTrace = () => { console.log('asked'); return 'Trace: formatted\\n    at somewhere'; };
    console.trace('again'); Error.stackTraceLimit = 1; delete Error.prepareStackTrace; console.trace('few');
    Error.stackTraceLimit = 10; const { error } = console; console.error = (...args) => error(...args); console.trace('through');`);
  const messages = named(events, 'console:message').map((event) => [
    event.fields['level'],
    String(event.fields['text']).split('\n')[0],
  ]);
  expect(messages).toEqual([
    ['error', 'Trace: mine'],
    ['trace', 'Trace: theirs'],
    ['trace', 'Trace'],
    ['log', 'asked'],
    ['trace', 'Trace: formatted'],
    ['trace', 'Trace: few'],
    ['trace', 'Trace: through'],
  ]);
});

test('sets are left out when SPOOR_AUTO says so', () => {
  const { events } = record(
    `console.log('x'); import('node:dns').then((dns) => dns.lookup('localhost', () => {}));`,
    {
      SPOOR_AUTO: '-console,-dns,-gc,-event-loop,-errors',
    },
  );
  expect([...new Set(events.map((event) => event.name))].toSorted()).toEqual([
    'nodejs:process_start',
    'nodejs:thread_begin',
  ]);
});

test('a text that is absent or empty is a dash, never an empty string', () => {
  const { events } = record(`
    import net from 'node:net'; import os from 'node:os'; import path from 'node:path'; import fs from 'node:fs';
    ${serverText(`(request, response) => response.end()`).replace("import net from 'node:net';", '')}
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 's-')); process.on('exit', () => fs.rmSync(folder, { recursive: true }));
    const pipe = path.join(folder, 'pipe');
    const local = net.createServer((socket) => socket.end()); await new Promise((done) => local.listen(pipe, done));
    await new Promise((done) => net.connect(pipe).resume().on('close', done)); local.close();
    await new Promise((done) => net.connect(port, '127.0.0.1').resume().on('close', done).write('GET / HTTP/1.0\\r\\n\\r\\n'));
    close();
    await import('node:dns/promises').then((dns) => dns.lookup('').catch(() => {}));
    process.emitWarning(''); console.log(''); console.log();
    process.on('unhandledRejection', () => {}); Promise.reject(''); Promise.reject(new Error()); Promise.reject(() => 1);
    await new Promise((done) => setTimeout(done, 20));
    throw '';`);
  for (const name of [
    'net:connection_end',
    'http_server:request_begin',
    'dns:lookup_end',
    'nodejs:warning',
    'nodejs:unhandled_rejection',
    'nodejs:uncaught_error',
    'console:message',
  ])
    expect(named(events, name), name).not.toEqual([]);
  const empty = events.filter(({ fields }) => Object.values(fields).includes(''));
  expect(empty).toEqual([]);
  expect(named(events, 'console:message').map((event) => event.fields['text'])).toContain('-');
  expect(named(events, 'http_server:request_begin')[0]?.fields['host']).toBe('-');
});

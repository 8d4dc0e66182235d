// A program must not be able to tell that it is traced: each program of the table runs without the tracer and with
// it, and must leave the same output and the same exit status.
import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { asCommonJs } from '../support/as-commonjs.ts';
import { ProgramPlace } from '../support/program-place.ts';
import { TestSession } from '../support/session.ts';

/** Names of the programs, and their text (ES modules). */
const programs: Readonly<Record<string, string>> = {
  'an error that nobody catches': `
    console.log('before');
    setTimeout(() => { throw new TypeError('boom'); }, 5);`,
  'an error thrown at once': `throw new RangeError('at once');`,
  'something thrown that is no error': `setTimeout(() => { throw { toString() { process.stdout.write('called'); return 'x'; } }; }, 1);`,
  'an error with getters': `
    const error = new Error('hidden');
    Object.defineProperty(error, 'message', { get() { process.stdout.write('message read\\n'); return 'got'; } });
    process.on('uncaughtException', () => process.exit(9));
    throw error;`,
  'Error.prepareStackTrace of its own': `
    Error.prepareStackTrace = () => { process.stdout.write('formatted\\n'); return 'mine'; };
    process.on('uncaughtException', () => process.exit(3));
    throw new Error('x');`,
  'a handler of uncaught errors': `
    process.on('uncaughtException', (error, origin) => console.log(error.message, origin, process.listenerCount('uncaughtExceptionMonitor')));
    setTimeout(() => console.log('still here'), 20);
    throw new Error('caught late');`,
  'a rejection that nobody handles': `Promise.reject(new Error('unhandled')); setTimeout(() => console.log('never'), 200);`,
  'a rejection without an error': `Promise.reject(42);`,
  'a handler of unhandled rejections': `
    process.on('unhandledRejection', (reason) => console.log('reason', reason, process.listenerCount('unhandledRejection')));
    Promise.reject('why');
    setTimeout(() => console.log('still here'), 20);`,
  'a rejection handled late': `
    process.on('unhandledRejection', () => console.log('unhandled'));
    process.on('rejectionHandled', () => console.log('handled'));
    const promise = Promise.reject(1);
    setTimeout(() => promise.catch(() => {}), 10);`,
  'process.exit in an exit handler': `process.on('exit', (code) => { console.log('exit', code); process.exitCode = 5; });`,
  'process.exit in a timer': `setTimeout(() => process.exit(7), 5); setInterval(() => {}, 1000);`,
  'process.exit in a server handler': `
    import http from 'node:http';
    http.createServer(() => process.exit(4)).listen(0, function () { http.get({ port: this.address().port }).on('error', () => {}); });`,
  'a beforeExit handler': `let n = 0; process.on('beforeExit', () => { if (n++ < 2) setTimeout(() => console.log('again', n), 1); });`,
  'nothing to do': ``,
  'an unsettled top-level await': `await new Promise(() => {});`,
  'a signal': `process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 1000);`,
  'listeners and names of process': `
    console.log(process.eventNames().filter((name) => name !== 'exit').map(String).sort(), process.emit.name, process.emit.length, Object.keys(process).includes('emit'));`,
  'the console with odd arguments': `
    console.log(); console.log('%s %d %i %j %o %%', 'a', 1.5, 2.7, { a: 1 }, [1], 'rest'); console.log('%', Symbol('s'), 1n, -0, null, undefined);
    console.error(new Map([[1, { a: [] }]])); console.warn('w\\nw'); console.info(); console.debug('d');
    console.group('g'); console.log('in\\nside'); console.groupEnd(); console.table([{ a: 1 }, { b: 2 }]); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
    console.assert(false, 'no', 1); console.assert(true, 'yes'); console.count(); console.countReset(); console.count('x');
    const loop = {}; loop.loop = loop; console.log(loop); console.log({ get x() { process.stdout.write('getter'); return 1; } });
    console.log(new Proxy({}, { get(t, k) { process.stdout.write('trap'); } }));
    console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { process.stdout.write('inspected '); return 'I'; } });`,
  'console.trace': `function here() { console.trace('where', 1); } here();`,
  'the look of console functions': `
    for (const key of Object.keys(console)) console.log(key, console[key].name, console[key].length, Object.getOwnPropertyNames(console[key]).join());
    const { log } = console; log('detached'); console.log.call(null, 'null this');
    console.log(Object.keys(console).length, String(Object.getOwnPropertySymbols(console).map(String)));`,
  'a console of its own': `import { Console } from 'node:console'; new Console(process.stdout).log('mine'); console.log(console instanceof Console);`,
  'a console method replaced': `const seen = []; const real = console.error; console.error = (...args) => seen.push(args); console.trace('t'); console.error('e'); console.error = real; console.log(seen.length);`,
  'an inspection that throws': `try { console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no'); } }); } catch (error) { console.log('caught', error.message); } console.warn('after');`,
  'console after a closed stdout': `process.stdout.destroy(); console.log('lost'); console.error('kept');`,
  'look-ups of names': `
    import dns from 'node:dns'; import { lookup } from 'node:dns/promises'; import util from 'node:util';
    console.log(await lookup('127.0.0.1'), await dns.promises.lookup('localhost', { family: 4 }));
    console.log(await util.promisify(dns.lookup)('localhost', 4), dns.lookup.length, dns.lookup.name, dns.promises === (await import('node:dns/promises')).default);
    await new Promise((resolve) => dns.lookup('localhost', { family: 4, all: true }, function (error, all) { console.log(error, all, this === undefined, arguments.length, typeof this); resolve(); }));
    await new Promise((resolve) => dns.lookup('localhost', 4, (...args) => { console.log(args); resolve(); }));`,
  // Names that no name server is asked for: its answer may change from one run to the next.
  'look-ups that fail': `
    import dns from 'node:dns'; import { lookup } from 'node:dns/promises';
    for (const args of [[], ['..'], ['..', 1], ['localhost', { family: 9 }, () => {}], [5, () => {}], ['..', {}, 'no']]) {
      try { dns.lookup(...args); } catch (error) { console.log(error.code, error.message); }
      try { await dns.promises.lookup(...args.slice(0, 2)); } catch (error) { console.log(error.code); }
    }
    await new Promise((resolve) => dns.lookup('-..-', (error) => { console.log(error.code, error.syscall, error.hostname); resolve(); }));
    await lookup('-..-').catch((error) => console.log(error.code));
    console.log(Object.keys(dns).map((key) => key + ':' + typeof dns[key] + ':' + dns[key]?.length).join());
    const resolver = new dns.Resolver(); console.log(Object.getOwnPropertyNames(dns.Resolver.prototype).join(), resolver.resolve4.length);`,
  'a failed look-up that nobody handles': `import { lookup } from 'node:dns/promises'; lookup('-..-'); setTimeout(() => console.log('never'), 30_000);`,
  'an error in the callback of a look-up': `import dns from 'node:dns'; dns.lookup('127.0.0.1', () => { throw new Error('mine'); });`,
  // More of them are more hidden classes, and V8 looks properties of sockets up in a slow way from the fifth on.
  'the own properties of sockets and requests': `
    import http from 'node:http';
    const tell = (what, object) => console.log(what, Reflect.ownKeys(object).map(String).join());
    const server = http.createServer((request, response) => {
      tell('server', request.socket); tell('incoming', request); tell('response', response);
      response.end('x', () => tell('after', request.socket));
    }).listen(0, '127.0.0.1', () => {
      const request = http.get({ host: '127.0.0.1', port: server.address().port, agent: false }, (response) => {
        tell('client', request.socket); tell('request', request); tell('answer', response);
        response.resume().on('close', () => server.close());
      });
    });`,
  'a refused connection': `
    import net from 'node:net'; import http from 'node:http';
    const closed = (emitter) => new Promise((resolve) => emitter.on('close', resolve));
    await closed(net.connect({ port: 1, host: '127.0.0.1' }).on('error', (error) => console.log(error.code, error.port)).on('close', (had) => console.log('closed', had)));
    await closed(http.get({ port: 1, host: '127.0.0.1' }).on('error', (error) => console.log('http', error.code)).on('close', () => console.log('http closed')));
    await fetch('http://127.0.0.1:9/').catch((error) => console.log('fetch', error.cause?.code ?? error.cause?.message));`,
  'a refused connection that nobody handles': `import net from 'node:net'; net.connect({ port: 1, host: '127.0.0.1' });`,
  'a socket destroyed while it connects': `import net from 'node:net'; const s = net.connect({ port: 1, host: '127.0.0.1' }); s.on('close', (had) => console.log('closed', had)); s.destroy();`,
  'HTTP with everything': `
    import http from 'node:http';
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const server = http.createServer((request, response) => {
      response.on('close', () => console.log('closed', request.url, response.writableFinished));
      if (request.url === '/never') return;
      if (request.url === '/throw') { setTimeout(() => response.destroy(new Error('server gone')), 5); return; }
      response.setHeader('x', '1'); response.statusCode = request.url === '/teapot' ? 418 : 200; response.end('ok ' + request.method);
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    const call = (path, options = {}) => new Promise((resolve) => {
      const request = http.request({ port, host: '127.0.0.1', path, agent, ...options }, (response) => {
        let text = ''; response.on('data', (d) => (text += d)); response.on('end', () => resolve(response.statusCode + text)); response.on('aborted', () => resolve('aborted'));
      });
      request.on('error', (error) => resolve(error.code)); request.end();
      if (path === '/never') setTimeout(() => request.destroy(), 20);
    });
    console.log(await call('/a'), await call('/teapot', { method: 'POST' }), await call('/never'), await call('/throw'));
    console.log(await (await fetch('http://127.0.0.1:' + port + '/f')).text());
    agent.destroy(); server.close(() => console.log('server closed')); server.closeAllConnections();`,
  'sync-only imports of wrapped modules': `
    import { lookup, resolve4, promises } from 'node:dns'; import dns, { lookup as again } from 'node:dns'; import { createRequire } from 'node:module';
    console.log(lookup === dns.lookup, again === lookup, createRequire(import.meta.url)('dns').lookup === lookup, promises === dns.promises, resolve4 === dns.resolve4);`,
  'a worker that ends': `
    import { Worker } from 'node:worker_threads';
    const text = 'import { workerData } from "node:worker_threads"; console.log(workerData, process.listenerCount("message"), process.eventNames().map(String).join()); process.exit(6);';
    const worker = new Worker(new URL('data:text/javascript,' + text), { workerData: 'data' });
    worker.on('exit', (code) => console.log('exit', code));`,
  'a worker made of text': `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker('console.log(require("worker_threads").workerData); process.exit(6)', { eval: true, workerData: 'data' });
    worker.on('exit', (code) => console.log('exit', code));`,
  'a worker that fails': `
    import { Worker } from 'node:worker_threads';
    new Worker(new URL('data:text/javascript,throw new Error("in worker")')).on('error', (error) => console.log('error', error.message)).on('exit', (code) => console.log('exit', code));`,
  'a worker that fails and nobody hears': `import { Worker } from 'node:worker_threads'; new Worker(new URL('data:text/javascript,setTimeout(() => { throw new Error("in worker") }, 5)'));`,
  'a worker with a rejection': `import { Worker } from 'node:worker_threads'; new Worker(new URL('data:text/javascript,Promise.reject(new Error("r"))')).on('error', (e) => console.log(e.message)).on('exit', console.log);`,
  'a worker terminated': `import { Worker } from 'node:worker_threads'; const w = new Worker(new URL('data:text/javascript,setInterval(() => {}, 1000)')); w.on('online', async () => console.log(await w.terminate()));`,
  children: `
    import { execFileSync, spawn, spawnSync } from 'node:child_process';
    spawn('/does/not/exist').on('error', (error) => console.log(error.code)).on('close', (...args) => console.log('close', args));
    console.log(String(execFileSync(process.execPath, ['-p', '1+1'])), spawnSync('sh', ['-c', 'exit 3']).status);
    const child = spawn(process.execPath, ['-e', 'process.exit(2)']); child.on('exit', (...args) => console.log('exit', args));`,
  warnings: `process.emitWarning('careful', 'MyWarning', 'MY1'); process.on('warning', (warning) => console.log(warning.name, warning.code));`,
  'events of process': `process.on('mine', function (...args) { console.log(args, this === process); }); console.log(process.emit('mine', 1, 2), process.emit('other'));
    process.once('mine', () => { throw new Error('from listener'); }); try { process.emit('mine'); } catch (error) { console.log(error.message); }`,
  'a subclass of AsyncLocalStorage in a request': `
    import http from 'node:http'; import { AsyncLocalStorage } from 'node:async_hooks';
    const mine = new AsyncLocalStorage();
    const server = http.createServer((request, response) => mine.run(request.url, async () => { await null; await new Promise(setImmediate); response.end(mine.getStore()); }));
    server.listen(0, async () => { for (const path of ['/1', '/2']) console.log(await (await fetch('http://localhost:' + server.address().port + path)).text()); server.close(); server.closeAllConnections(); });`,
  'deep recursion in the console': `function f(n) { try { f(n + 1); } catch { } } f(0); console.log('survived');`,
  'files in every form': `
    import fs, { readFileSync, promises } from 'node:fs'; import fsp, { readFile } from 'node:fs/promises'; import util from 'node:util'; import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    console.log(fs.promises === fsp, promises === fsp, require('fs') === fs, readFileSync === fs.readFileSync, readFile === fsp.readFile, require('fs/promises').readFile === readFile);
    console.log(Object.keys(fs).map((key) => [key, typeof fs[key], fs[key]?.name, fs[key]?.length, Object.getOwnPropertyNames(fs[key] ?? {}).join()].join(':')).join(' '));
    console.log(Object.keys(fsp).map((key) => [key, fsp[key]?.name, fsp[key]?.length, fsp[key]?.constructor?.name].join(':')).join(' '));
    for (const key of ['exists', 'read', 'write', 'readv', 'writev']) console.log(Reflect.ownKeys(fs[key]).map(String).join());
    console.log(fs.realpath.native.name, fs.realpathSync.native('/'), await util.promisify(fs.exists)('/'), await util.promisify(fs.realpath.native)('/'));
    const path = import.meta.filename ?? new URL(import.meta.url).pathname, fd = fs.openSync(path);
    console.log((await util.promisify(fs.read)(fd, Buffer.alloc(4), 0, 4, 0)).bytesRead, fs.readSync(fd, Buffer.alloc(6)), fs.existsSync('/none'), fs.existsSync(undefined));
    fs.closeSync(fd); try { fs.closeSync(fd); } catch (error) { console.log(error.message, error.code, error.syscall); }
    for (const args of [['/none'], ['/none', () => {}], [undefined], [{}], ['/none', 'utf8']]) for (const name of ['stat', 'statSync', 'readFile', 'readFileSync'])
      try { const result = fs[name](...args.slice(0, name.endsWith('Sync') ? 1 : 2)); console.log(name, typeof result); } catch (error) { console.log(name, error.code, error.name, error.message); }
    await new Promise((resolve) => fs.readFile('/none', function (error, data) { resolve(console.log(error.code, data, arguments.length, this === undefined || this === null || typeof this)); }));
    await new Promise((resolve) => fs.exists(5, (there) => resolve(console.log('exists', there)))); await new Promise((resolve) => fs.access('/', (...args) => resolve(console.log(args))));
    console.log(await fsp.readFile('/none').catch((error) => error.code), await fsp.readFile().catch((error) => error.code));
    const handle = await fsp.open(path); console.log(Object.getOwnPropertyNames(Object.getPrototypeOf(handle)).join(), handle.read.name, handle.close.name, (await handle.stat()).isFile(), (await handle.readFile('utf8')).length);
    for await (const line of handle.readLines()) console.log(line.length);
    await handle.close().catch((error) => console.log(error.code)); console.log(handle.fd);
    let bytes = 0; for await (const part of fs.createReadStream(path, { highWaterMark: 500 })) bytes += part.length; console.log(bytes);
    const folder = fs.mkdtempSync(path + '-'); fs.cpSync(path, folder + '/a'); await fsp.cp(folder + '/a', folder + '/b'); await util.promisify(fs.rename)(folder + '/b', folder + '/c');
    await new Promise((resolve) => fs.createWriteStream(folder + '/d').end('text', resolve)); for await (const entry of await fsp.opendir(folder)) bytes += entry.name.length;
    console.log(bytes, fs.readdirSync(folder, { withFileTypes: true }).map((entry) => entry.name).sort().join()); fs.rmSync(folder, { recursive: true }); await fsp.access(folder).catch((error) => console.log(error.code));`,
  'a file that is not there and nobody expects it': `import fs from 'node:fs'; fs.readFileSync('/does/not/exist');`,
  'a promised file that is not there': `import { readFile } from 'node:fs/promises'; async function load() { return await readFile('/does/not/exist'); } await load();`,
  'a promised file that nobody waits for': `import fs from 'node:fs'; fs.promises.readFile('/does/not/exist'); setTimeout(() => console.log('never'), 30_000);`,
  'an error in the callback of a file': `import fs from 'node:fs'; fs.stat('/', function told() { throw new Error('mine'); });`,
  'fs with functions of its own': `
    import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; import * as all from 'node:fs';
    const real = fs.readFileSync; fs.readFileSync = (...args) => (console.log('mine', args.length), real(...args)); syncBuiltinESMExports();
    console.log(all.readFileSync === fs.readFileSync, fs.readFileSync('/etc/hostname').length > 0); fs.readFileSync = real;`,
  'timers in every form': `
    import timers, { setTimeout as named } from 'node:timers'; import promised, { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises'; import util from 'node:util';
    console.log(setTimeout === timers.setTimeout, named === setTimeout, timers.promises === promised, util.promisify(setTimeout) === sleep, util.promisify(setImmediate) === promised.setImmediate);
    for (const key of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'])
      console.log(key, globalThis[key].name, globalThis[key].length, Reflect.ownKeys(globalThis[key]).map(String).join(), Object.getOwnPropertyDescriptor(globalThis, key).enumerable);
    for (const wrong of [undefined, 'text', 5]) try { setTimeout(wrong, 1); } catch (error) { console.log(error.code, error.message); }
    const shown = setTimeout(function shown(a, b) { console.log(this === shown_, a, b, arguments.length); }, 1, 'a', 'b'); const shown_ = shown;
    const plain = (timer) => util.inspect(timer, { depth: 0 }).replace(/(_idleStart|(?:asyncId|triggerId)\\)\\]?): \\d+/g, '$1'); console.log(plain(shown), plain(setImmediate(() => {})));
    console.log(shown.hasRef(), shown.unref() === shown, shown.hasRef(), shown.ref() === shown, shown.refresh() === shown, typeof +shown, String(Object.getOwnPropertyNames(Object.getPrototypeOf(shown))));
    await sleep(5, 'value').then(console.log); let count = 0; for await (const value of ticks(1, 'tick')) if ((count += 1) === 3) break;
    const dispose = Symbol.dispose ?? Symbol.for('none'); const gone = setTimeout(() => console.log('never'), 2); gone[dispose]?.(); clearTimeout(gone);
    clearTimeout(+setTimeout(() => console.log('never'), 2)); clearTimeout(null); clearTimeout('no'); clearImmediate(setImmediate(() => console.log('never')));
    let left = 2; const interval = setInterval(async () => { if ((left -= 1) === 0) { interval.close(); console.log('closed'); } }, 1);
    await sleep(50, undefined, { signal: AbortSignal.timeout(1) }).catch((error) => console.log(error.name, error.code));
    await sleep(-1); for (const wrong of ['2', Symbol.iterator]) try { await sleep(wrong); } catch (error) { console.log(error.code); } setTimeout(() => console.log('never'), 1e6).unref();
    const order = []; setImmediate(() => order.push('immediate')); process.nextTick(() => order.push('tick')); queueMicrotask(() => order.push('micro')); await new Promise((resolve) => setTimeout(resolve, 5)); console.log(order.join());`,
  'built-ins that are gone': `
    import fs from 'node:fs';
    import http from 'node:http';
    const done = (text) => process.stdout.write(text + '\\n');
    const { log } = console;
    for (const name of ['Reflect', 'Promise', 'Map', 'JSON', 'Symbol', 'Error', 'Date']) globalThis[name] = undefined;
    for (const name of ['defineProperty', 'getOwnPropertyDescriptor', 'entries', 'hasOwn']) Object[name] = () => { throw 'called'; };
    log('a line');
    done(fs.readFileSync('/proc/self/comm').length > 0 ? 'read' : 'empty');
    process.emit('mine', 1);
    // One after the other: who is first of several is nobody's promise.
    const steps = [
      (next) => fs.stat('/', (error, found) => next('stat ' + found.isDirectory())),
      (next) => setTimeout(function late() { next('late'); }, 1),
      (next) => setImmediate(() => next('soon')),
      (next) => fs.promises.stat('/nowhere').catch(({ code }) => next(code)),
      (next) => {
        const server = http.createServer((request, response) => response.end('answer')).listen(0, '127.0.0.1', () => {
          http.get({ host: '127.0.0.1', port: server.address().port }, (response) => {
            response.on('data', (chunk) => next(chunk.toString())).on('end', () => server.close());
          });
        });
      },
    ];
    const step = (at) => at < steps.length && steps[at]((text) => { done(text); step(at + 1); });
    step(0);`,
  'an error in a timer': `setImmediate(() => { console.log('first'); setTimeout(function named() { throw new Error('in a timer'); }, 1); });`,
  'HTTP/2': `
    import http2 from 'node:http2'; import { once } from 'node:events';
    const server = http2.createServer((request, response) => { console.log(request.method, request.url, server.listenerCount('stream'), response.stream.listenerCount('close') > 0);
      if (request.url === '/stop') return void request.stream.close(8); if (request.url === '/push') response.stream.pushStream({ ':path': '/pushed' }, (error, push) => { push.respond({ ':status': 200 }); push.end('pushed'); });
      response.setHeader('x', '1'); response.end('ok'); });
    await once(server.listen(0, '127.0.0.1'), 'listening'); const session = http2.connect('http://127.0.0.1:' + server.address().port);
    session.on('stream', (stream, headers) => stream.on('data', (data) => console.log('pushed', String(data), headers[':path'])));
    const get = (headers) => new Promise((resolve) => { const stream = session.request(headers); let text = ''; stream.on('response', (head) => (text += head[':status'] + head.x)); stream.setEncoding('utf8');
      stream.on('data', (data) => (text += data)).on('error', (error) => (text += error.code + error.message)).on('close', () => resolve(text + stream.rstCode)).end(); });
    console.log(await get({ ':path': '/a' }), await get(), await get({ ':path': '/push' }), await get({ ':path': '/stop' })); try { session.request({ ':path': 5, connection: 'x' }); } catch (error) { console.log(error.code); }
    session.close(); server.close(() => console.log('server closed')); console.log(http2.connect.name, http2.connect.length, Object.keys(http2).length);`,
  'a cluster': `
    import cluster from 'node:cluster'; import http from 'node:http';
    if (cluster.isPrimary) { console.log(cluster.eventNames().map(String).join(), Object.keys(cluster).sort().join()); cluster.on('message', (worker, message) => { console.log(worker.id, message); worker.send('end'); });
      cluster.on('exit', (worker, ...args) => console.log(worker.id, args)); cluster.fork({ NAMED: 'x' }); }
    else { process.on('message', (message) => process.exit(message === 'end' ? 4 : 5)); http.createServer(() => {}).listen(0, () => process.send(process.env.NAMED + cluster.worker.id)); }`,
  'asynchronous resources': `
    import { AsyncResource, AsyncLocalStorage, executionAsyncId, createHook } from 'node:async_hooks';
    const mine = new AsyncLocalStorage(); const types = []; createHook({ init: (id, type) => { if (type === 'MINE') types.push(type); } }).enable();
    mine.run('store', () => new AsyncResource('MINE').runInAsyncScope(() => setImmediate(async () => { await null; console.log(mine.getStore(), types.join(), executionAsyncId() > 0); })));`,
  'modules that fail': `
    import { createRequire } from 'node:module'; import fs from 'node:fs'; const require = createRequire(import.meta.url);
    const base = new URL(import.meta.url).pathname; fs.writeFileSync(base + '.bad.cjs', 'throw new Error("bad module")'); fs.writeFileSync(base + '.odd.cjs', 'exports.a = 1; exports.loaded = module.loaded;');
    console.log(require(base + '.odd.cjs'), require.cache[base + '.odd.cjs'].loaded, (await import(base + '.odd.cjs')).a);
    for (const name of ['.none.cjs', '.bad.cjs']) try { require(base + name); } catch (error) { console.log(error.code, error.message.split('\\n')[0]); }
    await import(base + '.none.mjs').catch((error) => console.log(error.code)); console.log(import.meta.resolve('node:fs')); await import(base + '.bad.cjs');`,
  'CommonJS inside': `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); console.log(require('dns').promises.lookup.length, require('http').Server.name);`,
};

const place = new ProgramPlace();
afterAll(() => place.remove());

/** Without a frame that Node.js has in traces of stacks or not, by whether it had a tick to do when a file was read. */
function withoutTicks<Run extends { readonly stderr: string }>(run: Run): Run {
  return {
    ...run,
    stderr: run.stderr.replaceAll(/^ +at process\.processTicksAndRejections \(node:.*\n/gm, ''),
  };
}

describe.each([
  ['as an ES module', (text: string) => text, 'mjs'],
  ['as CommonJS', asCommonJs, 'cjs'],
] as const)('a program that is traced behaves as one that is not, %s', (_, written, ending) => {
  test.concurrent.each(Object.entries(programs))('%s', async (name, text) => {
    const file = place.write(`${name.replaceAll(/\W+/g, '-')}.${ending}`, written(text));
    using session = new TestSession();
    // Frames of the tracer push none of the program's out.
    const args = ['--stack-trace-limit=50', file];
    const plain = await place.run(args, {});
    const traced = await place.run(args, { ...session.environment, SPOOR_AUTO: 'all' });
    expect(withoutTicks(traced)).toEqual(withoutTicks(plain));
    // It was traced indeed: the process has made its folder beside the session's description.
    expect(readdirSync(session.folder).length).toBeGreaterThan(1);
    // The table is about programs that come to an end by themselves.
    expect(plain.signal === null || plain.signal === 'SIGTERM').toBe(true);
  });
});

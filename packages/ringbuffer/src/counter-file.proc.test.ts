// A thread that counts in a process that has no file descriptor left: its values lie in the text of a link.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const library = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'index.js')).href;

/** What a module prints that runs with few descriptors, all of them taken, in a directory with folders for two sessions. */
function run(text: string): string {
  const place = mkdtempSync('/dev/shm/spoor-counters-');
  try {
    for (const name of ['one', 'two']) mkdirSync(join(place, name));
    const code = `
      import { closeSync, lstatSync, openSync, readdirSync, rmSync } from 'node:fs';
      import { ThreadCounters, readCounters } from '${library}';
      const held = [];
      const takeAll = () => {
        try {
          for (;;) held.push(openSync('/dev/null'));
        } catch (error) {
          if (error.code !== 'EMFILE') throw error;
        }
      };
      const giveAll = () => held.splice(0).forEach((fd) => closeSync(fd));
      const add = (counters, name, value) => {
        const cell = counters.cell(name);
        cell.values[cell.index] += value;
      };
      const seen = (path) => {
        giveAll();
        const [name] = readdirSync(path + '/counters');
        const kind = lstatSync(path + '/counters/' + name).isFile() ? 'file' : 'link';
        const sums = readCounters(path);
        console.log(path, kind, sums.size, sums.get('hits'));
        takeAll();
      };
      takeAll();${text}`;
    const words = ['ulimit -n 100; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', code];
    const done = spawnSync('sh', ['-c', ...words], { cwd: place, encoding: 'utf8', timeout: 60_000 });
    expect(done).toMatchObject({ status: 0, signal: null, stderr: '' });
    return done.stdout;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

test('values are seen in every session once they are saved, and not in one that is over', () => {
  const printed = run(`
    const counters = new ThreadCounters('one');
    console.log(counters.isMapped);
    add(counters, 'hits', 3);
    counters.save();
    counters.share('two');
    seen('two');
    add(counters, 'hits', 4);
    counters.save();
    ['one', 'two'].forEach(seen);
    giveAll();
    rmSync('one', { recursive: true });
    takeAll();
    add(counters, 'hits', 8);
    counters.save();
    seen('two');`);
  expect(printed).toBe('false\ntwo link 1 3\none link 1 7\ntwo link 1 7\ntwo link 1 15\n');
});

test('more than a link has room for goes to a file as soon as there can be one', () => {
  const printed = run(`
    const counters = new ThreadCounters('one');
    add(counters, 'hits', 1);
    counters.save();
    for (let n = 0; n < 50; n += 1) add(counters, String(n).padEnd(100, 'x'), 1);
    try {
      counters.save();
    } catch (error) {
      console.log(error.code);
    }
    seen('one');
    giveAll();
    counters.save();
    seen('one');
    add(counters, 'hits', 1);
    giveAll();
    counters.save();
    seen('one');`);
  expect(printed).toBe('EMFILE\none link 1 1\none file 51 1\none file 51 2\n');
});

test('counters that were the thread’s own alone keep their values', () => {
  const printed = run(`
    const counters = new ThreadCounters();
    add(counters, 'hits', 2);
    counters.share('one');
    add(counters, 'hits', 3);
    counters.save();
    seen('one');`);
  expect(printed).toBe('one link 1 5\n');
});

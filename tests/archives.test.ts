// Archives made by the real tar, zip and zstd, given to the command.
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { DirectoryOutput } from '@spoor/ctf/node';
import { writeSmallTrace } from '@spoor/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { command, describeNeeding } from './support/needs.ts';
import { spoor, spoorProgram } from './support/spoor.ts';
import { startViewer } from './support/viewer.ts';
import { removeTree } from './support/removal.ts';

describeNeeding(
  [command('tar', 'corpus'), command('zip', 'corpus'), command('zstd', 'corpus')],
  'archives given to the command',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-archives-'));
    const at = (...parts: string[]): string => join(folder, ...parts);
    const pack = (program: string, ...args: string[]): void => {
      const done = spawnSync(program, args, { cwd: at('traces'), encoding: 'utf8' });
      expect(done.status, done.stderr).toBe(0);
    };
    let expected = '';

    beforeAll(() => {
      mkdirSync(at('traces', 'deep'), { recursive: true });
      writeSmallTrace(at('traces', 'deep', 'one'), 3000);
      const traceClass = describeTrace({ streams: [{ events: [{ name: 'n:e', fields: { n: 'u32' } }] }] });
      const writer = createTraceWriter(traceClass, new DirectoryOutput(at('traces', 'two')), { index: true });
      const stream = writer.stream();
      for (let n = 0; n < 500; n++) stream.append('n:e', BigInt(n) * 1_000_000n, { n });
      writer.close();
      expected = spoor([at('traces')]).stdout;
      expect(expected.split('\n').length).toBe(3501);
      pack('tar', '-cf', at('a.tar'), '.');
      pack('tar', '--format=pax', '-czf', at('a.tgz'), 'deep', 'two');
      pack('tar', '--zstd', '-cf', at('a.tar.zst'), 'deep', 'two');
      pack('zip', '-qr', at('a.zip'), 'deep', 'two');
      pack('zip', '-q0r', at('stored.zip'), 'deep', 'two');
    });
    afterAll(() => removeTree(folder));

    test.each(['a.tar', 'a.tgz', 'a.tar.zst', 'a.zip', 'stored.zip'])(
      '%s prints as its directory does',
      (name) => {
        const run = spoor([at(name)]);
        expect(run.stderr.replaceAll(at(name), at('traces'))).toBe(spoor([at('traces')]).stderr);
        expect(run.stdout).toBe(expected);
      },
    );

    test('standard input: a file and a pipe', () => {
      const fd = openSync(at('a.tar'), 'r');
      const file = spawnSync(process.execPath, [spoorProgram, '-'], {
        stdio: [fd, 'pipe', 'pipe'],
        env: utc,
      });
      closeSync(fd);
      expect(file.stdout.toString()).toBe(expected);
      for (const name of ['a.tar', 'a.tar.zst']) {
        const input = readFileSync(at(name));
        const pipe = spawnSync(process.execPath, [spoorProgram, '-'], { input, env: utc });
        expect(pipe.stdout.toString()).toBe(expected);
      }
      const empty = spawnSync(process.execPath, [spoorProgram, '-'], { input: '', encoding: 'utf8' });
      expect(empty.stderr).toMatch(/not a directory and not an archive: standard input/);
      expect(empty.status).toBe(1);
    });

    const utc = { ...process.env, TZ: 'UTC' };

    test('standard input that is nothing to read: refused by its beginning, for it may have no end', () => {
      const given = (path: string) => {
        const fd = openSync(path, 'r');
        const run = spawnSync(process.execPath, [spoorProgram, '-'], {
          stdio: [fd, 'pipe', 'pipe'],
          encoding: 'utf8',
        });
        closeSync(fd);
        return [run.status, run.stderr];
      };
      expect(given('/dev/zero')).toEqual([1, expect.stringMatching(/not an archive: standard input/)]);
      expect(given(folder)).toEqual([1, expect.stringMatching(/^spoor: standard input is a directory \(/)]);
    });

    test('a part of a trace is told as what it is, with what to send in its place', () => {
      const trace = at('part');
      mkdirSync(trace, { recursive: true });
      const parts: readonly (readonly [string, string, Uint8Array | string])[] = [
        ['stream', 'a data stream', Uint8Array.of(0xc1, 0x1f, 0xfc, 0xc1, 0, 0, 0, 0)],
        ['metadata', 'the metadata', '/* CTF 1.8 */\n'],
        ['packets', 'the metadata', Uint8Array.of(0x57, 0x1d, 0xd1, 0x75, 0, 0)],
        ['json', 'the metadata', '\u001e{"type":"preamble","version":2}'],
      ];
      for (const [name, what, content] of parts) {
        writeFileSync(join(trace, name), content);
        const pipe = spawnSync(process.execPath, [spoorProgram, '-'], { input: content, encoding: 'utf8' });
        expect([pipe.status, pipe.stderr]).toEqual([
          1,
          `spoor: standard input is ${what} of a trace, not all of it (send the directory: tar -c DIR | spoor -)\n`,
        ]);
        expect(spoor([join(trace, name)]).stderr).toBe(
          `spoor: ${join(trace, name)} is ${what} of a trace, not all of it (give its directory: ${trace})\n`,
        );
      }
    });

    test('a recording of trace-cmd is told as what it is, with what reads it', () => {
      const file = join(repoRoot, 'tests/fixtures/trace-dat/instance-zstd.dat');
      expect(spoor([file]).stderr).toBe(
        `spoor: ${file} is a recording of trace-cmd, not a trace in CTF (print it: spoor report ${file}; for other outputs: spoor -c source.ftrace.trace-dat -p 'inputs=["${file}"]')\n`,
      );
    });

    test('other commands take them too', async () => {
      const details = spoor(['-o', 'details', at('a.zip')]).stdout;
      expect(details.replaceAll(at('a.zip'), at('traces'))).toBe(
        spoor(['-o', 'details', at('traces')]).stdout,
      );
      const analysis = spoor(['analyze', '--json', at('a.tgz')]).stdout;
      expect(JSON.parse(analysis.replaceAll(at('a.tgz'), at('traces')))).toEqual(
        JSON.parse(spoor(['analyze', '--json', at('traces')]).stdout),
      );
      pack('tar', '--zstd', '-cf', at('two.tar.zst'), 'two');
      expect(spoor(['-o', 'ctf', '-w', at('copy'), at('two.tar.zst')]).stderr).toBe('');
      expect(spoor([at('copy')]).stdout).toBe(spoor([at('traces', 'two')]).stdout);
      const viewer = await startViewer([at('a.tar')]);
      expect((await fetch(viewer.url)).status).toBe(200);
      expect(await viewer.stop()).toBe(0);
    });

    test('what is refused is said on one line, with archive and entry', () => {
      pack('tar', '--transform', 's,^two,../two,', '-Pcf', at('evil.tar'), 'two');
      const run = spoor([at('evil.tar')]);
      expect(run.stderr).toMatch(
        /^spoor: \S+evil\.tar, entry \.\.\/two\S*: its name leads out by `\.\.` \(.*\)\n$/,
      );
      expect(run.status).toBe(1);
      const cut = readFileSync(at('a.tar.zst'));
      writeFileSync(at('cut.tar.zst'), cut.subarray(0, cut.length - 10));
      expect(spoor([at('cut.tar.zst')]).stderr).toMatch(/cut\.tar\.zst: the archive is cut short/);
      pack('tar', '-cf', at('none.tar'), 'two/index');
      expect(spoor([at('none.tar')]).stderr).toMatch(/no trace in \S+none\.tar/);
      writeFileSync(at('plain'), 'hello');
      expect(spoor([at('plain')]).stderr).toMatch(/not a directory and not an archive/);
    });

    test('nothing stays in the directory for temporary files, not even of a killed process', async () => {
      const big = describeTrace({ streams: [{ events: [{ name: 'b', fields: { text: 'string' } }] }] });
      const writer = createTraceWriter(big, new DirectoryOutput(at('big', 'trace')));
      const stream = writer.stream();
      const text = 'spoor '.repeat(10_000);
      for (let n = 0; n < 400; n++) stream.append('b', BigInt(n), { text });
      writer.close();
      const packed = spawnSync('tar', ['-czf', at('big.tgz'), 'trace'], { cwd: at('big') });
      expect(packed.status).toBe(0);
      const temporary = at('temporary');
      mkdirSync(temporary);
      const env = { ...utc, TMPDIR: temporary };
      expect(spoor([at('big.tgz')], { env }).stdout).toBe(spoor([at('big')]).stdout);
      expect(readdirSync(temporary)).toEqual([]);
      // Its output is not read, so it cannot have ended: it is killed with the unpacked archive open.
      const killed = spawn(process.execPath, [spoorProgram, at('big.tgz')], {
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await new Promise((resolve) => killed.stdout.once('readable', resolve));
      const ended = new Promise((resolve) => killed.once('exit', (_, signal) => resolve(signal)));
      killed.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      expect(readdirSync(temporary)).toEqual([]);
      // Without room for it the archive is refused.
      const none = spoor([at('big.tgz')], { env: { TMPDIR: at('not', 'there') } });
      expect(none.stderr).toMatch(/big\.tgz: cannot unpack it to a file in .*TMPDIR/);
      expect(none.status).toBe(1);
    });
  },
);

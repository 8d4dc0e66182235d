import { constants } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  SplicePipe,
  SystemCallError,
  createMappedFile,
  currentThreadId,
  isAvailable,
  issueBarrier,
  makeCpuReader,
  registerForBarriers,
} from './index.ts';
import { KOFFI_VERSION } from './library.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-sys-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('the binary of koffi is loaded directly in the version that this package is pinned to', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  expect(manifest.dependencies['koffi']).toBe(KOFFI_VERSION);
});

describe('system calls', () => {
  test('are available here', () => {
    expect(isAvailable()).toEqual({ available: true });
  });

  test('map a file that others see through the file', () => {
    const path = join(folder, 'mapped');
    using file = createMappedFile(path, 8192);
    const words = new Uint32Array(file.memory);
    expect(words.length).toBe(2048);
    words[1024] = 0x12345678;
    expect(Atomics.add(words, 1024, 1)).toBe(0x12345678);
    expect(readFileSync(path).readUInt32LE(4096)).toBe(0x12345679);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, Uint8Array.of(7), { flag: 'r+' });
    expect(new Uint8Array(file.memory)[0]).toBe(7);
  });

  test('refuse a size that no file system has, by errno, and leave nothing behind', () => {
    const path = join(folder, 'huge');
    let thrown: unknown;
    try {
      createMappedFile(path, 2 ** 60);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SystemCallError);
    expect((thrown as SystemCallError).errnoName).toMatch(/^(ENOSPC|EFBIG)$/);
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  test('refuse a size that no view of memory has', () => {
    const path = join(folder, 'wide');
    expect(() => createMappedFile(path, constants.MAX_LENGTH + 4096)).toThrow(/EFBIG|map shared memory/);
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  test('refuse a name that is taken', () => {
    const path = join(folder, 'taken');
    writeFileSync(path, 'mine');
    expect(() => createMappedFile(path, 4096)).toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('know thread and CPU', () => {
    expect(currentThreadId()).toBeGreaterThan(0);
    const cpu = makeCpuReader()();
    expect(Number.isInteger(cpu) && cpu >= 0 && cpu < 8192).toBe(true);
  });

  test('order stores of registered processes', () => {
    if (registerForBarriers()) expect(issueBarrier()).toBe(true);
  });
});

describe('splice', () => {
  test('moves what there is of a file behind what has been written to another one', () => {
    const [source, target] = [join(folder, 'splice-source'), join(folder, 'splice-target')];
    const content = randomBytes(200_000);
    writeFileSync(source, content);
    const from = openSync(source, 'r');
    const to = openSync(target, 'wx');
    using pipe = new SplicePipe(65_536);
    // Pieces are whole before it is looked at how much was moved.
    expect(pipe.move(from, to, 40_000, 100_000)).toBe(120_000);
    expect(pipe.move(from, to, 65_536, 1 << 20)).toBe(80_000);
    expect(pipe.move(from, to, 65_536, 1 << 20)).toBe(0);
    closeSync(from);
    closeSync(to);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test('reads into memory what it takes, and nothing where there is nothing', () => {
    const content = randomBytes(100_000);
    const source = join(folder, 'splice-read');
    writeFileSync(source, content);
    const from = openSync(source, 'r');
    using pipe = new SplicePipe(65_536);
    const bytes = new Uint8Array(65_536);
    const read: Buffer[] = [];
    for (let count = -1; count !== 0;) {
      count = pipe.read(from, bytes, 65_536);
      read.push(Buffer.from(bytes.slice(0, count)));
    }
    closeSync(from);
    expect(Buffer.concat(read).equals(content)).toBe(true);
  });

  test('copies into what cannot take pages of a pipe, and tells of what it cannot write to', () => {
    const source = join(folder, 'splice-small');
    writeFileSync(source, 'abcde');
    // A file that is opened to append to is one that splice(2) refuses.
    const target = join(folder, 'splice-appended');
    writeFileSync(target, '>');
    const from = openSync(source, 'r');
    const to = openSync(target, 'a');
    using pipe = new SplicePipe(4096);
    expect(pipe.move(from, to, 2, 4096)).toBe(5);
    closeSync(to);
    expect(readFileSync(target, 'utf8')).toBe('>abcde');
    closeSync(from);
    const again = openSync(source, 'r');
    using second = new SplicePipe(4096);
    expect(() => second.move(again, again, 4096, 4096)).toThrow(
      expect.objectContaining({ name: 'SystemCallError', code: 'sys/ebadf' }),
    );
    closeSync(again);
  });

  test('has what could not be written, and nothing of it is in the next piece', () => {
    const source = join(folder, 'splice-refused');
    writeFileSync(source, 'abcdefgh');
    const from = openSync(source, 'r');
    using pipe = new SplicePipe(4096);
    const target = join(folder, 'splice-after');
    const to = openSync(target, 'wx');
    // Both the way that moves pages and the one that copies them.
    for (const mode of ['r', 'a']) {
      const refusing = openSync(mode === 'a' ? '/dev/full' : source, mode);
      expect(() => pipe.move(from, refusing, 3, 3)).toThrow();
      closeSync(refusing);
      expect(Buffer.from(pipe.takeUnwritten()).toString()).toBe(mode === 'r' ? 'abc' : 'def');
      expect(pipe.takeUnwritten()).toHaveLength(0);
    }
    expect(pipe.move(from, to, 4096, 4096)).toBe(2);
    closeSync(to);
    closeSync(from);
    expect(readFileSync(target, 'utf8')).toBe('gh');
  });
});

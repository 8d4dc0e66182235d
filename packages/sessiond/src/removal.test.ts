import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeChannel } from '@spoor/ringbuffer';
import { afterAll, expect, test } from 'vitest';
import { Consumer } from './consumer.ts';
import { extractCrash } from './crash.ts';
import { finishRemovals, isGone, removeDirectory } from './removal.ts';
import { SessionDirectory, abandonedSessions } from './run-directory.ts';
import { salvageSession } from './salvage.ts';
import { SimulatedProgram } from './testing/simulated-program.ts';

const root = mkdtempSync(join(tmpdir(), 'spoor-removal-'));
afterAll(() => rmSync(root, { recursive: true }));
const geometry = { subBufferSizeBytes: 4096, subBufferCount: 2 };

test('a directory is gone at once, also where an earlier removal left something', () => {
  for (let times = 0; times < 2; times += 1) {
    const path = join(root, 'one');
    mkdirSync(join(path, 'deep'), { recursive: true });
    mkdirSync(join(root, 'one.gone', 'left'), { recursive: true });
    removeDirectory(path);
    finishRemovals(root);
    expect(readdirSync(root)).toEqual([]);
  }
  removeDirectory(join(root, 'never'));
});

test.each([
  ['gone', true],
  ['there, but empty', false],
])('the output of an abandoned recording is %s', (_, isOutputGone) => {
  const runDir = mkdtempSync(join(root, 'run-'));
  const outputDir = mkdtempSync(join(root, 'trace-'));
  const channels = [makeChannel(geometry)];
  const session = SessionDirectory.create(runDir, { name: 'test', channels, auto: false, outputDir });
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  ring.emit(1);
  ring.sync();
  ring.close();
  const orphan = session.path.replace(/-\d+$/, '-1');
  renameSync(session.path, orphan);
  const [abandoned] = abandonedSessions(runDir);
  if (isOutputGone) rmSync(outputDir, { recursive: true });
  const salvaged = salvageSession(abandoned!);
  expect(salvaged).toEqual(isOutputGone ? undefined : { outputDir, eventCount: 1, lostCount: 0 });
  expect(existsSync(outputDir)).toBe(!isOutputGone);
  if (!isOutputGone) expect(readdirSync(outputDir)).toEqual(['ust']);
  expect(existsSync(orphan)).toBe(false);
});

test('a process and a recording whose removal was broken off are nobody’s any more', () => {
  const runDir = mkdtempSync(join(root, 'run-'));
  const outputDir = mkdtempSync(join(root, 'trace-'));
  const channels = [makeChannel(geometry)];
  const session = SessionDirectory.create(runDir, { name: 'test', channels, auto: false, outputDir });
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  ring.emit(1);
  ring.sync();
  ring.close();
  // As if it had been written out: half of the directory is there still.
  renameSync(program.directory, `${program.directory}.gone`);
  rmSync(join(`${program.directory}.gone`, 'process.json'));
  expect(() => extractCrash(runDir, join(root, 'saved'))).toThrow(/no process of a recording/);
  const { totals, complete } = new Consumer(session, () => undefined).finish();
  expect([totals.eventCount, complete]).toEqual([0, true]);
  expect(readdirSync(session.path).filter(isGone)).toEqual([]);
  renameSync(session.path, `${session.path}.gone`);
  const inUse = abandonedSessions(runDir);
  expect(inUse, 'its owner, this process, is at work on it').toEqual([]);
  const [name = ''] = readdirSync(runDir);
  const orphan = join(runDir, name.replace(/-\d+\.gone$/, '-1.gone'));
  renameSync(join(runDir, name), orphan);
  const [abandoned] = abandonedSessions(runDir);
  expect(abandoned?.isGone).toBe(true);
  expect(salvageSession(abandoned!)).toBeUndefined();
  expect(existsSync(orphan)).toBe(false);
});

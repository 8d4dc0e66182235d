import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TraceChunk } from './trace-chunk.ts';

let dir = '';
let session = '';
let output = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spoor-chunk-'));
  session = join(dir, 'session');
  output = join(dir, 'out');
  mkdirSync(session);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function fill(chunk: string): void {
  mkdirSync(join(chunk, 'ust/index'), { recursive: true });
  writeFileSync(join(chunk, 'ust/ch_0'), 'packets');
  writeFileSync(join(chunk, 'ust/metadata'), 'not counted');
  writeFileSync(join(chunk, 'ust/index/ch_0.idx'), 'not counted');
}

test('the first chunk is moved out of the output directory, later ones as they are', () => {
  const chunk = new TraceChunk(session, output);
  fill(output);
  expect(chunk.sizeBytes()).toBe(7);
  const first = { from: output, archive: join(output, 'archives/A-0'), next: join(output, 'B-1') };
  chunk.change(first);
  expect(readdirSync(output)).toEqual(['archives']);
  expect(chunk.isDone(first)).toBe(true);
  expect(chunk.outputDir).toBe(join(output, 'B-1'));
  fill(chunk.outputDir);
  chunk.change({ from: chunk.outputDir, archive: join(output, 'archives/B-1'), next: join(output, 'C-2') });
  expect(readdirSync(join(output, 'archives'))).toEqual(['A-0', 'B-1']);
  expect(readFileSync(join(output, 'archives/B-1/ust/ch_0'), 'utf8')).toBe('packets');
});

test('whoever comes after a kill in the middle completes the step, before or after the move', () => {
  for (const isMoved of [false, true]) {
    fill(output);
    const change = { from: output, archive: join(output, `archives/${isMoved}`), next: join(output, 'next') };
    writeFileSync(join(session, 'chunk.json'), JSON.stringify({ outputDir: output, change }));
    if (isMoved) {
      mkdirSync(change.archive, { recursive: true });
      rmSync(join(output, 'ust'), { recursive: true });
      fill(change.archive);
    }
    const chunk = new TraceChunk(session, output);
    expect(chunk.outputDir).toBe(change.next);
    expect(existsSync(join(output, 'ust'))).toBe(false);
    expect(readFileSync(join(change.archive, 'ust/ch_0'), 'utf8')).toBe('packets');
    expect(new TraceChunk(session, output).outputDir).toBe(change.next);
    rmSync(join(session, 'chunk.json'));
  }
});

test('a chunk that cannot be moved goes on', () => {
  fill(output);
  writeFileSync(join(output, 'archives'), 'in the way');
  const chunk = new TraceChunk(session, output);
  const change = { from: output, archive: join(output, 'archives/A-0'), next: join(output, 'B-1') };
  expect(() => chunk.change(change)).toThrow(expect.objectContaining({ code: 'record/output' }));
  expect(chunk.outputDir).toBe(output);
  expect(new TraceChunk(session, output).outputDir).toBe(output);
  expect(chunk.sizeBytes()).toBe(7);
});

test('what is cleared is gone, whether it has a directory of its own or not', () => {
  fill(output);
  const chunk = new TraceChunk(session, output);
  chunk.change({ from: output, archive: null, next: output });
  expect(readdirSync(output)).toEqual([]);
  chunk.change({ from: output, archive: join(output, 'archives/A-0'), next: join(output, 'B-1') });
  fill(join(output, 'B-1'));
  chunk.change({ from: join(output, 'B-1'), archive: null, next: join(output, 'C-2') });
  expect(readdirSync(output)).toEqual(['archives']);
});

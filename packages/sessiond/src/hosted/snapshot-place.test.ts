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
import { SnapshotPlace } from './snapshot-place.ts';

let dir = '';
let session = '';
let path = '';
const result = { eventCount: 3, sizeBytes: 5 };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spoor-snapshots-'));
  session = join(dir, 'session');
  path = join(dir, 'out/snapshot-1');
  mkdirSync(session);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Writes a snapshot of one file. */
async function write(draft: string): Promise<typeof result> {
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'ring_0'), 'event');
  return result;
}

test('a snapshot has its name once it is whole, and nothing else lies beside it', async () => {
  const place = new SnapshotPlace(session);
  const made = place.make(path, async (draft) => {
    await write(draft);
    expect(existsSync(path)).toBe(false);
    return result;
  });
  expect(await made).toEqual(result);
  expect(readdirSync(join(dir, 'out'))).toEqual(['snapshot-1']);
  expect(readFileSync(join(path, 'ring_0'), 'utf8')).toBe('event');
});

test('of one that cannot be written nothing is left, and it can be tried again', async () => {
  const place = new SnapshotPlace(session);
  const failing = place.make(path, async (draft) => {
    await write(draft);
    throw new Error('full');
  });
  await expect(failing).rejects.toThrow('full');
  expect(readdirSync(join(dir, 'out'))).toEqual([]);
  expect(await place.make(path, write)).toEqual(result);
  expect(existsSync(path)).toBe(true);
});

test('whoever comes after a kill takes half a one away, completes a whole one, and makes none twice', async () => {
  const draft = join(dir, 'out/.snapshot-1.part');
  const kill = async (note: object): Promise<void> => {
    rmSync(path, { recursive: true, force: true });
    await write(draft);
    writeFileSync(join(session, 'snapshot.json'), JSON.stringify(note));
  };
  await kill({ path });
  expect(await new SnapshotPlace(session).make(path, write)).toEqual(result);
  await kill({ path });
  expect(new SnapshotPlace(session)).toBeDefined();
  expect(readdirSync(join(dir, 'out'))).toEqual([]);
  await kill({ path, result });
  const next = new SnapshotPlace(session);
  expect(readdirSync(join(dir, 'out'))).toEqual(['snapshot-1']);
  const again = next.make(path, () => Promise.reject(new Error('made twice')));
  expect(await again).toEqual(result);
});

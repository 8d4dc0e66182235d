// Damaged traces whose rings are pages (`spoor record -k --raw`): they are read, or refused with the place of what is wrong.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemorySpool } from '@spoor/archive';
import { SpoorError } from '@spoor/base';
import { foldersOfFiles, openFolders } from '@spoor/components';
import { MemorySource } from '@spoor/ctf';
import { rawReader } from '../../packages/components/src/source-ftrace/read-raw-rings.ts';
import { repoRoot } from '../support/machine.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomByteEdits, withByteEdits, type ByteEdit } from './byte-edits.ts';
import { WrongAnswer, type FuzzTarget, type Verdict } from './targets.ts';

const folder = join(repoRoot, 'tests/fixtures/raw-trace/trace/kernel');
const root = 'trace';
const mostSpoolBytes = 20_000_000;
/** The trace has some hundred. */
const mostEvents = 100_000;

/** What stands for a number of a description. */
const values = ['-1', '0', '1.5', '1e400', '4294967296', '99999999999999999999', '"a"', 'null', '[]', '{}'];

type RawEdit =
  | { readonly kind: 'bytes'; readonly file: string; readonly edit: ByteEdit }
  | { readonly kind: 'number'; readonly file: string; readonly which: number; readonly value: string }
  | { readonly kind: 'missing'; readonly file: string };

let known: ReadonlyMap<string, Uint8Array> | undefined;

function originals(): ReadonlyMap<string, Uint8Array> {
  known ??= new Map(
    ['metadata', ...readdirSync(join(folder, 'raw')).map((name) => `raw/${name}`)].map((name) => [
      name,
      new Uint8Array(readFileSync(join(folder, name))),
    ]),
  );
  return known;
}

function randomEdits(random: SeededRandom, file: string, content: Uint8Array): readonly RawEdit[] {
  if (random.chance(0.05)) return [{ kind: 'missing', file }];
  if (file.endsWith('.json') && random.chance(0.6)) {
    return [{ kind: 'number', file, which: random.below(1 << 16), value: random.pick(values) }];
  }
  const edits = randomByteEdits(random, content.length, [0], 64);
  return edits.map((edit) => ({ kind: 'bytes', file, edit }));
}

/** A text with another value where one of its numbers is. */
function withNumber(content: Uint8Array, which: number, value: string): Uint8Array {
  const text = new TextDecoder().decode(content);
  const found = [...text.matchAll(/-?\d+/g)];
  const one = found[which % Math.max(1, found.length)];
  if (one === undefined) return content;
  return new TextEncoder().encode(text.slice(0, one.index) + value + text.slice(one.index + one[0].length));
}

function withEdits(edits: readonly RawEdit[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map(originals());
  for (const edit of edits) {
    const content = files.get(edit.file);
    if (content === undefined) continue;
    if (edit.kind === 'missing') files.delete(edit.file);
    else if (edit.kind === 'number') files.set(edit.file, withNumber(content, edit.which, edit.value));
    else files.set(edit.file, withByteEdits(content, [edit.edit]));
  }
  return files;
}

function check(files: ReadonlyMap<string, Uint8Array>): Verdict {
  const named = Array.from(files, ([path, content]) => ({
    path,
    source: new MemorySource(`${root}/${path}`, content),
  }));
  try {
    const read = rawReader((name) => new MemorySpool(name, mostSpoolBytes));
    const set = openFolders(foldersOfFiles(named, root, read), {}, []);
    let count = 0;
    for (const event of set.events()) {
      event.commonContext();
      event.payload();
      count += 1;
      if (count > mostEvents) throw new WrongAnswer('its events do not end');
    }
    return 'read';
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    if (error.where?.startsWith(root) !== true && error.code !== 'trace/none-found')
      throw new WrongAnswer(`refused without a place: ${error.code}: ${error.message}`);
    return 'refused';
  }
}

export const rawTraces: FuzzTarget = {
  name: 'raw-traces',
  make(random) {
    const files = [...originals()].filter(([, content]) => content.length > 0);
    const edits = Array.from({ length: 1 + random.below(2) }, () => random.pick(files)).flatMap(
      ([file, content]) => randomEdits(random, file, content),
    );
    return {
      editCount: edits.length,
      files: (kept) => withEdits(kept.map((index) => edits[index]!)),
      check,
    };
  },
};

import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { kernelTraceClass } from './kernel-trace-class.ts';
import { MetadataFile, appendWhole, beginMetadata, makeClassStates } from './metadata-file.node.ts';

const names = ['one', 'two', 'three', 'four'];
const traceClass = kernelTraceClass(
  sampleFacts,
  names.map((name): MappedEvent => ({
    name,
    fields: [],
    origin: { kind: 'event', format: sampleFormats.events[0]! },
  })),
  'compact',
  [],
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-metadata-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The classes in a metadata file, in their order. */
function classesOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/event \{[^}]*?name = "(\w+)"/gs)].map(([, name]) => name!);
}

test('each class is written once, when its first event is, whoever has it', () => {
  const path = join(folder, 'metadata');
  beginMetadata(path, traceClass);
  const states = new Int32Array(makeClassStates(traceClass.streamClasses[0]!));
  using first = new MetadataFile(path, traceClass, states);
  using second = new MetadataFile(path, traceClass, states);
  const used = new Uint8Array(names.length);
  used[2] = 1;
  first.declare(used);
  first.declare(used);
  expect(classesOf(path)).toEqual(['three']);
  second.declare(used);
  // The same memory, as a stream has it, with more in it.
  used[0] = 1;
  first.declare(used);
  second.declare(Uint8Array.of(0, 1, 0, 0));
  first.declare(Uint8Array.of(1, 1, 1, 0));
  expect(classesOf(path)).toEqual(['three', 'one', 'two']);
});

test('a class that could not be written is written when there is room', () => {
  const path = join(folder, 'full');
  beginMetadata(path, traceClass);
  const states = new Int32Array(makeClassStates(traceClass.streamClasses[0]!));
  using full = new MetadataFile('/dev/full', traceClass, states);
  const used = Uint8Array.of(0, 0, 0, 1);
  expect(() => full.declare(used)).toThrow('cannot write /dev/full');
  expect(() => full.declare(used)).toThrow('cannot write /dev/full');
  using other = new MetadataFile(path, traceClass, states);
  other.declare(used);
  full.declare(used);
  expect(classesOf(path)).toEqual(['four']);
});

test('a disk that fills up in the midst of a class takes nothing away that others have written meanwhile', () => {
  const path = join(folder, 'shared');
  writeFileSync(path, 'begin;');
  const fd = openSync(path, 'a');
  // Two short writes, others between them, and no room any more.
  const room = [5, 3];
  const fill = (to: number, bytes: Uint8Array): number => {
    const count = room.shift();
    if (count === undefined) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    writeSync(to, bytes, 0, count);
    appendFileSync(path, 'other;');
    return count;
  };
  expect(() => appendWhole(fd, path, 'half a class;', fill)).toThrow(`cannot write ${path}`);
  expect(readFileSync(path, 'utf8')).toBe('begin;     other;   other;');
  // A disk that has room again.
  room.push(4, 13);
  appendWhole(fd, path, 'half a class;', fill);
  expect(readFileSync(path, 'utf8')).toBe('begin;     other;   other;    other;half a class;other;');
  closeSync(fd);
});

import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canActAsUsers, isAvailable, SplicePipe } from '@spoor/sys';
import { afterAll, expect, test } from 'vitest';
import { RingReader } from '../drain/ring-reader.node.ts';
import { layout64, PageBuilder, payloadOf } from '../testing/page-builder.ts';
import { PageSpool, type SpoolOutput } from './page-spool.node.ts';
import { leftSpoolFiles, notePathOf, takeBackConverted, type SpoolPlace } from './spool-files.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-page-spool-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Between two pages, by their clock. */
const pageNs = 1000;

const pageOf = (number: number): Uint8Array => {
  const builder = new PageBuilder(layout64, BigInt(number * pageNs));
  for (let event = 0; event < 3; event += 1) builder.record(1, payloadOf(7, 900, true));
  return builder.finish();
};

/** A ring of so many pages, which is a file here: what is spliced out of it are whole pages, too. */
function ringOf(name: string, from: number, count: number): RingReader {
  const path = join(folder, `${name}-ring`);
  writeFileSync(path, Buffer.concat(Array.from({ length: count }, (_, index) => pageOf(from + index))));
  return new RingReader(path, layout64);
}

function placeOf(name: string): SpoolPlace {
  const session = join(folder, `${name}-session`);
  mkdirSync(session, { recursive: true });
  const directory = join(folder, name);
  return { directory, channel: 'ch', cpu: 0, writer: undefined, notePath: notePathOf(session, 'ch', 0) };
}

/** Notes the numbers of pages; gets stuck where it is told to. */
class Numbers implements SpoolOutput {
  readonly input = undefined;
  readonly pages: number[] = [];
  missed = 0;
  damagedCount = 0;
  stuckAt = Infinity;
  target: SpoolOutput['target'];

  get handledCount(): number {
    return this.pages.length * 3;
  }

  get isStuck(): boolean {
    return this.pages.length >= this.stuckAt;
  }

  page(bytes: Uint8Array, at: number): void {
    this.pages.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) / pageNs);
  }

  endPacket(): void {
    // Nothing is held back.
  }

  miss(count: number): void {
    this.missed += count;
  }
}

const spoolOf = (place: SpoolPlace, read = 0): PageSpool =>
  new PageSpool(
    place,
    layout64,
    () => read,
    () => new Set([7]),
  );

function convert(spool: PageSpool, output: SpoolOutput, isLast = false): void {
  for (const _ of spool.convert(output, () => false, isLast));
}

const numbers = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);

test.each(isAvailable().available ? [true, false] : [false])(
  'what is sealed is converted in its order, once, and what comes later waits: spliced %s',
  (isSpliced) => {
    const place = placeOf(`order-${isSpliced}`);
    using pipe = isSpliced ? new SplicePipe(layout64.subBufferBytes) : undefined;
    const spool = spoolOf(place);
    const output = new Numbers();
    using first = ringOf('first', 0, 300);
    expect(spool.take(first, pipe, true, 1 << 30)).toBe(300 * 4096);
    spool.seal();
    using second = ringOf('second', 300, 10);
    spool.take(second, pipe, true, 1 << 30);
    expect(spool.waitingBytes).toBe(310 * 4096);
    convert(spool, output);
    expect(output.pages).toEqual(numbers(0, 300));
    expect(spool.waitingBytes).toBe(10 * 4096);
    convert(spool, output);
    expect(output.pages).toHaveLength(300);
    spool.seal();
    expect(spool.firstNs).toBe(300 * pageNs);
    convert(spool, output);
    expect(output.pages).toEqual(numbers(0, 310));
    expect(readdirSync(place.directory)).toEqual([]);
    expect(output.missed).toBe(0);
    spool.close(output);
  },
);

test('conversion that gets stuck goes on where it was, and pages are read meanwhile', () => {
  const spool = spoolOf(placeOf('stuck'));
  const output = new Numbers();
  using ring = ringOf('stuck', 0, 20);
  spool.take(ring, undefined, true, 1 << 30);
  spool.seal();
  output.stuckAt = 7;
  convert(spool, output);
  expect(output.pages).toEqual(numbers(0, 7));
  output.stuckAt = Infinity;
  convert(spool, output);
  expect(output.pages).toEqual(numbers(0, 20));
  spool.close(output);
});

test('another process has all pages of a file that was not converted to its end, and takes back what was written of it', () => {
  const place = placeOf('left');
  const trace = join(folder, 'trace');
  mkdirSync(join(trace, 'index'), { recursive: true });
  const [stream, index] = [join(trace, 'ch_0'), join(trace, 'index/ch_0.idx')];
  writeFileSync(stream, 'before');
  writeFileSync(index, 'its index');
  writeFileSync(join(trace, 'ch_0_0'), 'the oldest');
  const spool = spoolOf(place, 41);
  const output = new Numbers();
  output.target = { directory: trace, stream: 'ch_0' };
  using ring = ringOf('left', 0, 9);
  spool.take(ring, undefined, true, 1 << 30);
  spool.seal();
  output.stuckAt = 4;
  convert(spool, output);
  // It is killed here.
  writeFileSync(stream, 'before, and pages');
  writeFileSync(index, 'its index, and theirs');
  rmSync(join(trace, 'ch_0_0'));
  writeFileSync(join(trace, 'ch_0_1'), 'a file more');
  writeFileSync(join(trace, 'ch_0_0'), 'the newest, of these pages');
  writeFileSync(join(trace, 'ch_0-2'), "another stream's");
  const left = leftSpoolFiles(place);
  expect(left.map(({ sequence, readBefore }) => [sequence, readBefore])).toEqual([[1, 41]]);
  writeFileSync(left[0]!.path, 'half a page', { flag: 'a' });
  takeBackConverted(join(folder, 'left-session'), place.directory, undefined);
  expect(readFileSync(stream, 'utf8')).toBe('before');
  expect(readFileSync(index, 'utf8')).toBe('its index');
  expect(readdirSync(trace).sort()).toEqual(['ch_0', 'ch_0-2', 'index']);
  expect(existsSync(place.notePath)).toBe(false);
  const next = spoolOf(place, 68);
  const again = new Numbers();
  expect(next.waitingEvents(again)).toBe(27);
  next.seal();
  convert(next, again);
  expect(again.pages).toEqual(numbers(0, 9));
  expect(again.missed).toBe(0);
  expect(next.trouble).toBeUndefined();
  expect(next.waitingEvents(again)).toBe(0);
  next.close(again);
});

test('nothing is taken back of a file that was converted to its end', () => {
  const place = placeOf('done');
  const trace = join(folder, 'done-trace');
  mkdirSync(join(trace, 'index'), { recursive: true });
  const spool = spoolOf(place);
  const output = new Numbers();
  output.target = { directory: trace, stream: 'ch_0' };
  using ring = ringOf('done', 0, 2);
  spool.take(ring, undefined, true, 1 << 30);
  spool.seal();
  convert(spool, output);
  writeFileSync(join(trace, 'ch_0'), 'all of it');
  takeBackConverted(join(folder, 'done-session'), place.directory, undefined);
  expect(readFileSync(join(trace, 'ch_0'), 'utf8')).toBe('all of it');
});

test('events of pages that cannot be stored are counted, and told behind those that can', () => {
  // A file is where the directory would be.
  const place = { ...placeOf('refused'), directory: join(folder, 'refused-file') };
  writeFileSync(place.directory, '');
  const spool = spoolOf(place);
  const output = new Numbers();
  using ring = ringOf('refused', 0, 5);
  expect(spool.take(ring, undefined, true, 1 << 30)).toBe(5 * 4096);
  expect(spool.trouble).toContain('pages find no room');
  expect(spool.untoldCount).toBe(15);
  rmSync(place.directory);
  using more = ringOf('more', 5, 2);
  spool.take(more, undefined, true, 1 << 30);
  spool.seal();
  convert(spool, output);
  expect(output.pages).toEqual([5, 6]);
  expect(output.missed).toBe(15);
  expect(spool.untoldCount).toBe(0);
  spool.close(output);
});

/** A session whose directory is gone for a while: nothing can be noted there. */
test.each([false, true])(
  'what cannot be noted waits, unless it is the last time that it can be converted: %s',
  (isLast) => {
    const place = placeOf(`unnoted-${isLast}`);
    const session = join(folder, `unnoted-${isLast}-session`);
    const spool = spoolOf(place);
    const output = new Numbers();
    output.target = { directory: folder, stream: 'ch_0' };
    using ring = ringOf(`unnoted-${isLast}`, 0, 9);
    spool.take(ring, undefined, true, 1 << 30);
    spool.seal();
    rmSync(session, { recursive: true });
    convert(spool, output, isLast);
    expect(output.pages).toEqual(isLast ? numbers(0, 9) : []);
    expect(spool.stuck ?? '').toMatch(isLast ? /^$/ : /ENOENT/);
    mkdirSync(session);
    convert(spool, output);
    expect(output.pages).toEqual(numbers(0, 9));
    expect(spool.stuck).toBeUndefined();
    expect(output.missed).toBe(0);
    spool.close(output);
  },
);

test('pages that another process has left and that are not all there any more are counted', () => {
  const place = placeOf('cut');
  const session = spoolOf(place, 100);
  using ring = ringOf('cut', 0, 9);
  session.take(ring, undefined, true, 1 << 30);
  const [left] = leftSpoolFiles(place);
  truncateSync(left!.path, 5 * 4096 + 1);
  const next = spoolOf(place, 100 + 9 * 3);
  const output = new Numbers();
  next.seal();
  convert(next, output);
  expect(output.pages).toEqual(numbers(0, 5));
  expect(output.missed).toBe(4 * 3);
  expect(next.trouble).toContain(left!.path);
  expect(next.waitingEvents(output)).toBe(0);
  next.close(output);
});

test.each(['cut off', 'overwritten', 'overwritten with their heads'])(
  'pages of its own that were %s are counted',
  (how) => {
    const place = placeOf(how);
    let read = 100;
    const spool = new PageSpool(
      place,
      layout64,
      () => read,
      () => new Set([7]),
    );
    const output = new Numbers();
    using ring = ringOf(how, 0, 9);
    spool.take(ring, undefined, true, 1 << 30);
    read += 9 * 3;
    spool.seal();
    const { path } = leftSpoolFiles(place)[0]!;
    if (how === 'cut off') truncateSync(path, 5 * 4096);
    else {
      const bytes = readFileSync(path);
      bytes.fill(0xff, 5 * 4096 + (how === 'overwritten' ? layout64.dataOffsetBytes : 0), 6 * 4096);
      writeFileSync(path, bytes);
      output.damagedCount = 0;
      output.page = function page(...words) {
        Numbers.prototype.page.apply(this, words);
        if (this.pages.length === 6) this.damagedCount += 1;
      };
    }
    convert(spool, output);
    if (how.endsWith('heads')) expect(output.pages).toEqual([...numbers(0, 5), ...numbers(6, 3)]);
    expect(output.missed).toBe((how === 'cut off' ? 4 : 1) * 3);
    expect(spool.trouble).toContain(path);
    spool.close(output);
  },
);

test('what was not converted is counted at the end', () => {
  const place = placeOf('unconverted');
  let read = 100;
  const spool = new PageSpool(
    place,
    layout64,
    () => read,
    () => new Set([7]),
  );
  const output = new Numbers();
  using ring = ringOf('unconverted', 0, 9);
  spool.take(ring, undefined, true, 1 << 30);
  read += 9 * 3;
  spool.seal();
  output.stuckAt = 4;
  convert(spool, output);
  spool.close(output);
  expect(spool.untoldCount).toBe(5 * 3);
  expect(readdirSync(place.directory)).toEqual([]);
});

test.runIf(canActAsUsers())('a file that cannot be taken away is not converted again', () => {
  const writer = { uid: 65_534, gid: 65_534 };
  const place = { ...placeOf('kept'), writer };
  chmodSync(folder, 0o755);
  mkdirSync(place.directory);
  chownSync(place.directory, writer.uid, writer.gid);
  const spool = spoolOf(place);
  const output = new Numbers();
  using ring = ringOf('kept', 0, 9);
  spool.take(ring, undefined, true, 1 << 30);
  spool.seal();
  chmodSync(place.directory, 0o555);
  convert(spool, output);
  expect(output.pages).toEqual(numbers(0, 9));
  const [left] = leftSpoolFiles(place);
  expect(statSync(left!.path).size).toBe(0);
  spool.close(output);
  const next = spoolOf(place);
  next.seal();
  convert(next, output);
  expect(output.pages).toHaveLength(9);
  next.close(output);
});

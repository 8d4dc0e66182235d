// Names of call stacks: what lay where in processes, addresses that were met, the file beside the trace, and its reader.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressSpaces, mappingsAt, parseMaps, type Mapping } from './address-spaces.ts';
import { CallStackNames, placeText } from './call-stack-names.ts';
import { CodeMap } from './code-maps.ts';
import { MetAddresses, type MetAddress } from './met-addresses.ts';
import {
  joinSymbols,
  parseSymbols,
  writeSymbols,
  type CallStackSymbols,
  type UserPlace,
} from './symbols-file.ts';

const mapping = (sinceNs: number, begin: number, end: number, path: string): Mapping => ({
  sinceNs,
  begin,
  end,
  fileOffset: 0,
  path,
  buildId: '',
});

const at = (spaces: AddressSpaces, tid: number, address: number): string[] =>
  spaces.imagesOf(tid).map(
    ({ image }) =>
      mappingsAt(image, address)
        .map(({ path }) => path)
        .join(' ') || '-',
  );

test('what is mapped is that of the process, its threads and its children, until they execute something', () => {
  const spaces = new AddressSpaces();
  spaces.map(10, mapping(0, 100, 200, '/a'));
  spaces.knowThread(10, 11);
  spaces.fork(5, 20, 20, 10);
  spaces.fork(6, 20, 21, 20);
  // Each has its own memory from then on.
  spaces.map(10, mapping(7, 300, 400, '/late'));
  spaces.map(20, mapping(8, 300, 400, '/other'));
  spaces.exec(9, 20, 20);
  spaces.map(20, mapping(10, 100, 200, '/b'));
  expect(at(spaces, 10, 150)).toEqual(['/a']);
  expect(at(spaces, 11, 350)).toEqual(['/late']);
  expect(at(spaces, 20, 150)).toEqual(['/a', '/b']);
  expect(at(spaces, 20, 350)).toEqual(['/other', '-']);
  expect(at(spaces, 21, 150)).toEqual(['/a']);
  expect(at(spaces, 99, 150)).toEqual([]);
});

test('a number that is used again has both processes; one that is over is known still', () => {
  const spaces = new AddressSpaces();
  spaces.map(10, mapping(0, 100, 200, '/a'));
  spaces.exit(10, 10);
  expect(spaces.has(10)).toBe(false);
  spaces.fork(50, 10, 10, 1);
  spaces.exec(51, 10, 10);
  spaces.map(10, mapping(52, 100, 200, '/b'));
  expect(at(spaces, 10, 150)).toEqual(['/a', '-', '/b']);
});

test('so many images are kept that are over, also of numbers that are used again and again', () => {
  const spaces = new AddressSpaces(4);
  spaces.map(1, mapping(0, 100, 200, '/living'));
  for (let round = 1; round <= 10; round += 1) {
    for (const pid of [10, 11]) {
      spaces.fork(round, pid, pid, 1);
      spaces.exec(round, pid, pid);
      spaces.map(pid, mapping(round, 100, 200, `/${pid}-${round}`));
      spaces.exit(pid, pid);
    }
  }
  expect(at(spaces, 10, 150)).toEqual(['/living', '/10-10']);
  expect(at(spaces, 11, 150)).toEqual(['/living', '/11-10']);
  for (let pid = 20; pid < 24; pid += 1) {
    spaces.fork(20, pid, pid, 1);
    spaces.exit(pid, pid);
  }
  expect([10, 11, 20, 23].map((pid) => at(spaces, pid, 150))).toEqual([[], [], ['/living'], ['/living']]);
  expect(at(spaces, 1, 150)).toEqual(['/living']);
});

test('/proc/PID/maps: what can be executed, with any name', () => {
  const text = `55f0b8a00000-55f0b8a02000 r--p 00000000 08:01 131 /usr/bin/sleep
55f0b8a02000-55f0b8a06000 r-xp 00002000 08:01 131                        /usr/bin/with space (deleted)
7ffd1c5e3000-7ffd1c5e5000 r-xp 00000000 00:00 0                          [vdso]
7f00aa000000-7f00aa001000 rwxp 00000000 00:00 0 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;
  expect(parseMaps(text, 4)).toEqual([
    { ...mapping(4, 0x55f0b8a02000, 0x55f0b8a06000, '/usr/bin/with space (deleted)'), fileOffset: 0x2000 },
    mapping(4, 0x7ffd1c5e3000, 0x7ffd1c5e5000, '[vdso]'),
    mapping(4, 0x7f00aa000000, 0x7f00aa001000, ''),
    mapping(4, 0xffffffffff600000, 0xffffffffff601000, '[vsyscall]'),
  ]);
});

test('code maps: the newest of what begins at one place, in any order, within its size', () => {
  const map = CodeMap.parse('2000 10 second\n1000 100 first\nnonsense\n0x2000 0x20 JS:*again /a b.js:1:2\n');
  expect(map.find(0x10ff)).toEqual({ name: 'first', distance: 0xff });
  expect(map.find(0x1100)).toBeUndefined();
  expect(map.find(0x201f)).toEqual({ name: 'JS:*again /a b.js:1:2', distance: 0x1f });
  expect(map.find(0xfff)).toBeUndefined();
});

const metOf = (met: MetAddresses): string[] =>
  [...met].map(({ tid, low, high }) => `${tid} ${high}:${low}`).sort();

test('addresses are kept once, whoever adds them', () => {
  const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
  const address = fc.record<MetAddress>({
    tid: fc.integer({ min: 0, max: 4 }),
    low: fc.oneof(word, fc.integer({ min: 0, max: 6 })),
    high: fc.constantFrom(0, -1, 0x7fff),
  });
  fc.assert(
    fc.property(fc.array(address, { maxLength: 90 }), (all) => {
      const memory = MetAddresses.makeMemory(128);
      const tables = [new MetAddresses(memory), new MetAddresses(memory)];
      for (const [index, { tid, low, high }] of all.entries()) tables[index % 2]!.add(tid, low, high);
      const wanted = new Set(all.map(({ tid, low, high }) => `${tid} ${high}:${low}`));
      expect(metOf(tables[0]!)).toEqual([...wanted].sort());
      expect(tables[1]!.isFull).toBe(false);
      expect(tables[1]!.size).toBe(wanted.size);
    }),
  );
});

test('a full table takes no more, and says so', () => {
  const met = new MetAddresses(MetAddresses.makeMemory(8));
  for (let low = 0; low < 20; low += 1) met.add(1, low, 0);
  expect(met.isFull).toBe(true);
  expect(met.size).toBe(6);
  met.add(1, 0, 0);
  expect([...met].filter(({ low }) => low === 0)).toHaveLength(1);
});

const number = fc.integer({ min: 0, max: 2 ** 47 });
const symbols = fc
  .array(
    fc.record({
      file: fc.constantFrom('', '/bin/a', '/lib/"b\\'),
      offset: number,
      func: fc.string(),
      distance: number,
      source: fc.constantFrom('', '/src/a.c:5'),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .chain((places) =>
    fc.record<CallStackSymbols>({
      kernel: fc.array(
        fc.record({ address: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), text: fc.string() }),
      ),
      places: fc.constant(places),
      images: fc.array(
        fc.record({
          threads: fc.array(fc.record({ tid: number, sinceNs: number }), { maxLength: 3 }),
          addresses: fc.array(
            fc.record({
              address: number,
              sinceNs: number,
              place: fc.integer({ min: 0, max: places.length - 1 }),
            }),
            { maxLength: 5 },
          ),
        }),
        { maxLength: 3 },
      ),
    }),
  );

test('the file says what was written into it', () => {
  fc.assert(
    fc.property(symbols, (all) => {
      expect(parseSymbols(writeSymbols(all), 'x')).toEqual(all);
    }),
  );
});

test('a file that is none is refused, and never believed in parts', () => {
  const good = writeSymbols({
    kernel: [{ address: 5n, text: 'a+0x1' }],
    places: [{ file: '/a', offset: 1, func: 'f', distance: 0, source: '' }],
    images: [{ threads: [{ tid: 1, sinceNs: 0 }], addresses: [{ address: 7, sinceNs: 0, place: 0 }] }],
  });
  expect(() => parseSymbols('{', 'x')).toThrow('it is not JSON');
  expect(() => parseSymbols('3', 'x')).toThrow('it has no members');
  expect(() => parseSymbols(good.replace('"version":1', '"version":2'), 'x')).toThrow('its version is 2');
  expect(() => parseSymbols(good.replace('[7,0,0]', '[7,0,4]'), 'x')).toThrow('an address is at no place');
  expect(() => parseSymbols(good.replace('[0,1,"f"', '[3,1,"f"'), 'x')).toThrow('a place is in no file');
  expect(() => parseSymbols(good.replace('["5",', '["x5",'), 'x')).toThrow(
    'an address of the kernel is none',
  );
  const damaged = fc.tuple(fc.nat(good.length - 1), fc.constantFrom('', '0', '"', '[', 'null', '-'));
  fc.assert(
    fc.property(damaged, ([place, put]) => {
      const text = good.slice(0, place) + put + good.slice(place + 1);
      try {
        parseSymbols(text, 'x');
      } catch (error) {
        expect(error).toMatchObject({ code: 'kernel/symbols' });
      }
    }),
  );
});

test('names are those of the time: before and after a program is executed, and of two directories', () => {
  const place = (func: string): CallStackSymbols['places'][number] => ({
    file: '/bin/prog',
    offset: 0x1149,
    func,
    distance: 0x1c,
    source: '/src/prog.c:5',
  });
  const image = (sinceNs: number, index: number, address = 7): CallStackSymbols['images'][number] => ({
    threads: [{ tid: 1, sinceNs }],
    addresses: [{ address, sinceNs: 0, place: index }],
  });
  const names = new CallStackNames([
    {
      kernel: [{ address: 2n ** 64n - 9n, text: 'do_it+0x1 [mod]' }],
      places: [place('old'), place('new')],
      images: [image(100, 1), image(0, 0)],
    },
    { kernel: [], places: [place('more')], images: [image(100, 0, 8)] },
  ]);
  expect(names.kernelText(2n ** 64n - 9n)).toBe('do_it+0x1 [mod]');
  expect(names.kernelText(4n)).toBe('');
  expect(names.userText(1, 99, 7n)).toBe('old+0x1c (prog prog.c:5)');
  expect(names.userText(1, 100, 7n)).toBe('new+0x1c (prog prog.c:5)');
  expect(names.userText(1, 500, 8n)).toBe('more+0x1c (prog prog.c:5)');
  expect(names.userText(1, 500, 7n, true)).toBe('new+0x1c (/bin/prog /src/prog.c:5)');
  expect(names.userText(1, 99, 8n)).toBe('');
  expect(names.userText(2, 100, 7n)).toBe('');
});

test('what two processes found out one after the other is joined: the later one knows no beginnings', () => {
  const place = (func: string): UserPlace => ({ file: '/a', offset: 1, func, distance: 2, source: '' });
  const before: CallStackSymbols = {
    kernel: [
      { address: 1n, text: 'one' },
      { address: 2n, text: 'two' },
    ],
    places: [place('early')],
    images: [
      { threads: [{ tid: 7, sinceNs: 50 }], addresses: [{ address: 100, sinceNs: 0, place: 0 }] },
      { threads: [{ tid: 9, sinceNs: 60 }], addresses: [{ address: 100, sinceNs: 0, place: 0 }] },
    ],
  };
  const after: CallStackSymbols = {
    kernel: [{ address: 3n, text: 'three' }],
    places: [place('late'), place('young')],
    images: [
      { threads: [{ tid: 7, sinceNs: 0 }], addresses: [{ address: 200, sinceNs: 0, place: 0 }] },
      { threads: [{ tid: 8, sinceNs: 80 }], addresses: [{ address: 200, sinceNs: 0, place: 1 }] },
    ],
  };
  const names = new CallStackNames([joinSymbols(before, after)]);
  expect([1n, 2n, 3n].map((address) => names.kernelText(address))).toEqual(['one', 'two', 'three']);
  const funcs = [
    [7, 100n],
    [7, 200n],
    [8, 200n],
    [9, 100n],
  ] as const;
  expect(funcs.map(([tid, address]) => names.userPlace(tid, 90, address)?.func)).toEqual([
    'early',
    'late',
    'young',
    'early',
  ]);
});

test('places without a function, or without a file', () => {
  const place = { file: '/lib/libc.so.6', offset: 0x2724a, func: '', distance: 0, source: '' };
  expect(placeText(place)).toBe('libc.so.6+0x2724a');
  expect(placeText({ ...place, file: '' })).toBe('');
  expect(placeText({ ...place, file: '', func: 'JS:*f a.js:1:2', distance: 3 })).toBe('JS:*f a.js:1:2+0x3');
});

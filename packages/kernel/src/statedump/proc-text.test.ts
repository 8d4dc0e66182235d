import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cgroupPath,
  descriptorFlags,
  deviceNumber,
  fileMode,
  idInNamespace,
  namespaceInode,
  parseMapLine,
  parseProcessors,
  parseThreadStat,
  parseThreadStatus,
} from './proc-text.ts';

const statOf = (tid: number, name: string): string =>
  `${tid} (${name}) S 28140 28140 2364 0 -1 4194304 105 0 0 0 0 0 0 0 20 0 7 0 3647396 2998272 411 18446744073709551615 1 1 1 0 0 0 0 0 0 17 0 0 17 1 0 0 0 0 0\n`;

test('the state of a thread, whatever its name holds', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.oneof(fc.string(), fc.constantFrom('a) R 1 (b', ')', '(', ') S')),
      (tid, name) => {
        expect(parseThreadStat(statOf(tid, name))).toEqual({
          tid,
          name,
          state: 'S',
          ppid: 28_140,
          isKernelThread: false,
          priority: 120,
          threadCount: 7,
          startTicks: 3_647_396,
          cpu: 1,
        });
      },
    ),
  );
  expect(parseThreadStat('')).toBe(undefined);
  expect(parseThreadStat('12 (x')).toBe(undefined);
  expect(parseThreadStat('12 (x) S')).toBe(undefined);
  fc.assert(fc.property(fc.string(), (text) => void parseThreadStat(text)));
});

test('numbers of a thread in its namespaces, and its users', () => {
  const status = parseThreadStatus(
    'Name:\tnode\nTgid:\t40\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nNStgid:\t40\t2\nNSpid:\t41\t3\n',
  );
  expect(status).toEqual({
    tgid: 40,
    uids: [1000, 1001, 1002, 1003],
    gids: [5, 6, 7, 8],
    tids: [41, 3],
    pids: [40, 2],
  });
  // Names may hold anything but the end of a line.
  expect(parseThreadStatus('Name:\tUid:\t7\nUid:\t1\t2\t3\t4\nNSpid:\t9').uids).toEqual([1, 2, 3, 4]);
  expect(parseThreadStatus('Name:\tx\n')).toEqual({ tgid: 0, uids: [], gids: [], tids: [], pids: [] });
});

test('namespaces and ids in them', () => {
  expect(namespaceInode('pid:[4026531836]')).toBe(4_026_531_836);
  expect(namespaceInode('')).toBe(0);
  const map = '         0       1000          1\n         1     100000      65536\n';
  expect(idInNamespace(map, 1000)).toBe(0);
  expect(idInNamespace(map, 100_004)).toBe(5);
  expect(idInNamespace(map, 7)).toBe(65_534);
});

test('descriptors: flags are octal, and tell the mode', () => {
  expect(descriptorFlags('pos:\t0\nflags:\t0100002\nmnt_id:\t24\n')).toBe(0o100002);
  expect([0, 1, 2].map(fileMode)).toEqual([1, 2, 3]);
  expect(descriptorFlags('')).toBe(0);
});

test('devices, maps and control groups', () => {
  expect(deviceNumber('254:3\n')).toBe(254 * 2 ** 20 + 3);
  expect(deviceNumber('')).toBe(undefined);
  expect(parseMapLine('7f5e4fe40000-7f5e4fe50000 r-xp 014c4000 fe:00 1234  /usr/lib/x.so')).toEqual({
    start: 0x7f5e4fe40000n,
    end: 0x7f5e4fe50000n,
    flags: 5n,
    inode: 1234n,
    offset: 0x014c4000n,
  });
  expect(parseMapLine('')).toBe(undefined);
  expect(cgroupPath('0::/user.slice/a:b\n')).toBe('/user.slice/a:b');
  expect(cgroupPath('4:memory:/docker/123\n1:cpu:/\n0::/\n')).toBe('/docker/123');
  expect(cgroupPath('4:memory:/docker/123\n0::/user.slice\n')).toBe('/user.slice');
  expect(cgroupPath('')).toBe('');
  expect(cgroupPath('4:memory:/docker/123\n1:cpu:/\n0::/\n')).toBe('/docker/123');
});

test('processors', () => {
  const text =
    'processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\nmodel name\t: Xeon\nphysical id\t: 0\ncore id\t\t: 1\ncpu cores\t: 2\n\n' +
    'processor\t: 1\nBogoMIPS\t: 50.00\n\n';
  expect(parseProcessors(text)).toEqual([
    {
      cpu: 0,
      vendor: 'GenuineIntel',
      family: 6,
      model: 106,
      modelName: 'Xeon',
      physicalId: 0,
      coreId: 1,
      cores: 2,
    },
    {
      cpu: 1,
      vendor: 'unknown',
      family: 0,
      model: 0,
      modelName: 'unknown',
      physicalId: 0,
      coreId: 0,
      cores: 0,
    },
  ]);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { groupMemoryLeft } from './group-memory.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-groups-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const mib = 1 << 20;

test('without control groups there is no limit', () => {
  expect(groupMemoryLeft(root)).toBe(Infinity);
  expect(groupMemoryLeft()).toBeGreaterThan(0);
});

test('version 2: the least that the group and those around it leave, files not counted', () => {
  const at = 'sys/fs/cgroup';
  put({
    'proc/self/cgroup': '0::/kubepods/pod1/a\n',
    [`${at}/kubepods/pod1/a/memory.max`]: 'max\n',
    [`${at}/kubepods/pod1/a/memory.current`]: '1000\n',
    [`${at}/kubepods/pod1/memory.max`]: `${100 * mib}\n`,
    [`${at}/kubepods/pod1/memory.high`]: 'max\n',
    [`${at}/kubepods/pod1/memory.current`]: `${90 * mib}\n`,
    [`${at}/kubepods/pod1/memory.stat`]: `anon 5\nfile 7\nshmem 9\ninactive_file ${20 * mib}\nactive_file ${4 * mib}\n`,
    [`${at}/kubepods/memory.max`]: `${1000 * mib}\n`,
    [`${at}/kubepods/memory.current`]: `${100 * mib}\n`,
  });
  expect(groupMemoryLeft(root)).toBe(34 * mib);
  put({ [`${at}/kubepods/pod1/memory.high`]: `${80 * mib}\n` });
  expect(groupMemoryLeft(root)).toBe(14 * mib);
  put({ [`${at}/kubepods/pod1/memory.stat`]: 'anon 5\n' });
  expect(groupMemoryLeft(root)).toBe(0);
});

test('version 2 in a container, which sees its own group as the top', () => {
  put({
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/memory.max': `${64 * mib}\n`,
    'sys/fs/cgroup/memory.current': `${40 * mib}\n`,
  });
  expect(groupMemoryLeft(root)).toBe(24 * mib);
});

test('version 1, also where the path is that of the machine and the group shown the own one', () => {
  const at = 'sys/fs/cgroup/memory';
  put({
    'proc/self/cgroup': '12:cpu,cpuacct:/x\n5:hugetlb,memory:/docker/1f\n0::/system.slice\n',
    [`${at}/memory.limit_in_bytes`]: `${64 * mib}\n`,
    [`${at}/memory.usage_in_bytes`]: `${60 * mib}\n`,
    [`${at}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${8 * mib}\ntotal_active_file 0\n`,
  });
  expect(groupMemoryLeft(root)).toBe(12 * mib);
  put({ [`${at}/memory.limit_in_bytes`]: '9223372036854771712\n' });
  expect(groupMemoryLeft(root)).toBe(Infinity);
});

test('what cannot be read, or is no number, limits nothing', () => {
  put({
    'proc/self/cgroup': '0::/a\nnonsense\n',
    'sys/fs/cgroup/a/memory.max': 'many\n',
    'sys/fs/cgroup/a/memory.current': '1\n',
    'sys/fs/cgroup/memory.max': '100\n',
  });
  expect(groupMemoryLeft(root)).toBe(Infinity);
});

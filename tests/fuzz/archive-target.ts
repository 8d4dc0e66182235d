// Damaged archives: what is read of one is what was packed, the rest is refused with the archive's name, and no damage makes
// an archive endless or larger than its limits.
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { defaultArchiveLimits, isArchiveError, MemorySpool, openArchive } from '@spoor/archive';
import { MemorySource, type ByteSource } from '@spoor/ctf';
import { zipSync } from 'fflate';
import { makeTar } from '../../packages/archive/src/testing/make-tar.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomByteEdits, withByteEdits } from './byte-edits.ts';
import { WrongAnswer, type FuzzTarget, type Verdict } from './targets.ts';

const mostUnpackedBytes = 20_000_000;

/** How files are packed, and whether what is read of them is under a checksum. */
const packings = [
  { name: 'tar.zst', isChecked: true },
  { name: 'tar.zst without a checksum', isChecked: false },
  { name: 'tar.gz', isChecked: true },
  { name: 'zip', isChecked: true },
] as const;

function zstd(content: Uint8Array, ...options: readonly string[]): Uint8Array {
  const done = spawnSync('zstd', ['-q', '-c', ...options], { input: content, maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`zstd: ${done.stderr.toString()}`);
  return done.stdout;
}

function pack(name: (typeof packings)[number]['name'], content: Uint8Array, level: 1 | 3 | 9): Uint8Array {
  const tar = (): Uint8Array => makeTar([{ name: 'trace/stream', content }]);
  switch (name) {
    case 'tar.zst':
      return zstd(tar(), `-${level}`, '--check');
    case 'tar.zst without a checksum':
      return zstd(tar(), `-${level}`, '--no-check');
    case 'tar.gz':
      return gzipSync(tar(), { level });
    case 'zip':
      return zipSync({ 'trace/stream': content }, { level });
    default:
      return name satisfies never;
  }
}

function contentOf(source: ByteSource): Buffer {
  const bytes = Buffer.alloc(source.sizeBytes);
  let held = 0;
  while (held < bytes.length) {
    const count = source.read(bytes.subarray(held), bytes.length - held, held);
    if (count === 0) break;
    held += count;
  }
  return bytes.subarray(0, held);
}

function check(archive: Uint8Array, content: Uint8Array, isChecked: boolean): Verdict {
  const means = { spool: (name: string) => new MemorySpool(name, mostUnpackedBytes) };
  try {
    const limits = { ...defaultArchiveLimits, mostUnpackedBytes };
    for (const { source } of openArchive(new MemorySource('archive', archive), means, limits)) {
      const got = contentOf(source);
      // Where all of an entry's numbers are zeros, it is empty.
      if (isChecked && got.length > 0 && !got.equals(content)) throw new WrongAnswer('it reads otherwise');
    }
    return 'read';
  } catch (error) {
    if (!isArchiveError(error)) throw error;
    if (!error.where?.startsWith('archive'))
      throw new WrongAnswer(`refused without a place: ${error.message}`);
    return 'refused';
  }
}

/** @param contents of what is packed, some small files. */
export function archiveTarget(contents: () => readonly Uint8Array[]): FuzzTarget {
  const packed = new Map<string, Uint8Array>();
  return {
    name: 'archives',
    make(random: SeededRandom) {
      const files = contents();
      const which = random.below(files.length);
      const content = files[which]!;
      const { name, isChecked } = random.pick(packings);
      const level = random.pick([1, 3, 9] as const);
      const key = `${name} ${level} ${which}`;
      const archive = packed.get(key) ?? pack(name, content, level);
      packed.set(key, archive);
      const edits = randomByteEdits(random, archive.length, [0, archive.length - 64], 64);
      return {
        editCount: edits.length,
        files: (kept) =>
          new Map([
            [
              'archive',
              withByteEdits(
                archive,
                kept.map((index) => edits[index]!),
              ),
            ],
          ]),
        check: (damaged) => check(damaged.get('archive')!, content, isChecked),
      };
    },
  };
}

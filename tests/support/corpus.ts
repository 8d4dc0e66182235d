// The shared corpus of traces: archives are unpacked once, below `.cache/corpus`, and listed by their manifest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { command, corpus, repoRoot, sharedRoot, type Need } from './machine.ts';
import { removeTree } from './removal.ts';

/** Families of traces; each is one archive. */
export type CorpusFamily = 'babeltrace-tests' | 'ctf-testsuite' | 'tracecompass' | 'own-ust' | 'expect-text';

/** A line of the manifest. */
export interface CorpusTrace {
  readonly family: CorpusFamily;
  /** Path of the trace's folder within its family. */
  readonly trace: string;
  readonly ctf: string;
  /** Events that babeltrace2 2.0.4 reads, and 2.1.0-rc1 (0 where it was not run). */
  readonly eventCount: number;
  readonly eventCount21: number;
  /** Verdicts of babeltrace2 2.0.4 and 2.1.0-rc1: `ok`, `error`, `abort(…)`, `hang(…)`; the latter may be empty. */
  readonly bt204: string;
  readonly bt21: string;
}

/** What a suite needs that reads these families. */
export function corpusNeeds(...families: readonly CorpusFamily[]): readonly Need[] {
  return [command('zstd', 'corpus'), ...families.map((family) => corpus(`${family}.tar.zst`))];
}

/** All traces that the manifest lists. */
export function corpusTraces(): readonly CorpusTrace[] {
  const [head = '', ...lines] = readFileSync(join(sharedRoot, 'corpus', 'MANIFEST.tsv'), 'utf8')
    .trimEnd()
    .split('\n');
  const columns = head.split('\t');
  const column = (cells: readonly string[], name: string): string => cells[columns.indexOf(name)] ?? '';
  return lines.map((line) => {
    const cells = line.split('\t');
    return {
      family: column(cells, 'family') as CorpusFamily,
      trace: column(cells, 'trace'),
      ctf: column(cells, 'ctf'),
      eventCount: Number(column(cells, 'events_bt204')),
      eventCount21: Number(column(cells, 'events_bt21rc1')),
      bt204: column(cells, 'bt204'),
      bt21: column(cells, 'bt21rc1'),
    };
  });
}

/** Folder of an unpacked family; unpacks it at the first call. A changed archive gets a folder of its own. */
export function corpusFolder(family: CorpusFamily): string {
  const archive = join(sharedRoot, 'corpus', `${family}.tar.zst`);
  const { size, mtimeMs } = statSync(archive);
  const cache = join(repoRoot, '.cache', 'corpus');
  const target = join(cache, `${family}-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(target)) {
    mkdirSync(cache, { recursive: true });
    const fresh = mkdtempSync(join(cache, 'unpacking-'));
    const done = spawnSync('tar', ['--zstd', '-xf', archive, '-C', fresh], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`cannot unpack ${archive}: ${done.stderr}`);
    try {
      renameSync(fresh, target);
    } catch (error) {
      // Another test process was quicker.
      removeTree(fresh);
      if (!existsSync(target)) throw error;
    }
  }
  return join(target, family);
}

/** Folder of one trace. */
export function corpusTrace({ family, trace }: Pick<CorpusTrace, 'family' | 'trace'>): string {
  return join(corpusFolder(family), trace);
}

/** Known exceptions: lines of `CASE<tab>REASON`, `#` begins a comment. */
export function readExceptions(path: string): ReadonlyMap<string, string> {
  const exceptions = new Map<string, string>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', reason = ''] = line.split('\t');
    if (reason === '') throw new Error(`${path}: the exception \`${name}\` has no reason`);
    exceptions.set(name, reason);
  }
  return exceptions;
}

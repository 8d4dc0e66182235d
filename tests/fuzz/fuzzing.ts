// Runs cases of a target and makes what fails small.
import { SeededRandom } from '../support/seeded-random.ts';
import type { FuzzCase, FuzzTarget, Verdict } from './targets.ts';

/** An input that did what must not happen. */
export interface Find {
  readonly target: string;
  readonly seed: number;
  readonly number: number;
  /** With as few edits as it takes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly error: unknown;
}

/** A case takes no longer than this of processor time, many times what the slowest needs. */
const mostCpuMs = 20_000;

/** Case `number` of a seed: the same for ever. */
export function makeCase(target: FuzzTarget, seed: number, number: number): FuzzCase {
  return target.make(new SeededRandom(Math.imul(seed, 0x9e37_79b1) ^ Math.imul(number + 1, 0x85eb_ca6b)));
}

type Outcome = { readonly verdict: Verdict } | { readonly verdict: 'failed'; readonly error: unknown };

function outcomeOf(fuzzCase: FuzzCase, kept: readonly number[]): Outcome {
  const before = process.cpuUsage();
  let verdict: Verdict;
  try {
    verdict = fuzzCase.check(fuzzCase.files(kept));
  } catch (error) {
    return { verdict: 'failed', error };
  }
  const { user, system } = process.cpuUsage(before);
  const spentMs = (user + system) / 1000;
  if (spentMs > mostCpuMs) return { verdict: 'failed', error: new Error(`it took ${spentMs} ms`) };
  return { verdict };
}

/** Runs one case; what fails is told with the edits that it takes and no others. */
export function runCase(target: FuzzTarget, seed: number, number: number): Verdict | Find {
  const fuzzCase = makeCase(target, seed, number);
  let kept = Array.from({ length: fuzzCase.editCount }, (_, index) => index);
  const outcome = outcomeOf(fuzzCase, kept);
  if (outcome.verdict !== 'failed') return outcome.verdict;
  let { error } = outcome;
  for (let index = 0; index < fuzzCase.editCount; index++) {
    const fewer = kept.filter((edit) => edit !== index);
    const still = outcomeOf(fuzzCase, fewer);
    if (still.verdict !== 'failed') continue;
    kept = fewer;
    error = still.error;
  }
  return { target: target.name, seed, number, files: fuzzCase.files(kept), error };
}

/** How a find is had again. */
export function describeFind({ target, seed, number, error }: Find): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `npm run fuzz -- --target ${target} --seed ${seed} --case ${number}\n${text.slice(0, 2000)}`;
}

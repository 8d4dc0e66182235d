import { InvalidArgumentError } from 'commander';

/** A count of at least 1, as an option's value. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('A count of at least 1 is needed.');
}

/** Adds a value to those of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** What came of one name of several. */
export interface OfName<Result> {
  readonly name: string;
  /** Absent when it failed. */
  readonly result?: Result;
}

/** Does the same with several names; that one fails does not keep the others from it. */
export async function eachName<Result>(
  names: readonly string[],
  work: (name: string) => Promise<Result>,
): Promise<{ readonly all: readonly OfName<Result>[]; readonly errors: readonly unknown[] }> {
  const all: OfName<Result>[] = [];
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      all.push({ name, result: await work(name) });
    } catch (error) {
      all.push({ name });
      errors.push(error);
    }
  }
  return { all, errors };
}

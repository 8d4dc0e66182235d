/** What a trace says of a function. */
export interface FunctionFacts {
  readonly name: string;
  /** Of the original where a source map leads there; relative to the working directory where it lies below it. */
  readonly file: string;
  /** From 1, as in stack traces. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Async functions and generators. */
  readonly isCoroutine: boolean;
}

/** A function as it is shown in the events: like a line of a stack trace. */
export function labelOf({ name, file, line, column }: FunctionFacts): string {
  return `${name} (${file}:${line}:${column})`;
}

/** On every error of this class, of whichever copy of it: the command as one file has its own beside the packages'. */
const brand = Symbol.for('spoor.error');

/**
 * The root of every error that Spoor throws on purpose. A message says what was attempted and what was found,
 * `where` says at which place, and `hint` says what to do next. The command prints one line of all three.
 */
export class SpoorError extends Error {
  /** Stable identifier of the cause, such as `ctf/metadata-syntax`; does not change between releases. */
  readonly code: string;
  /** File and position (`metadata:12:5`, `ch_0 at byte 4096`), if the trouble has one. */
  readonly where: string | undefined;
  /** What the reader of the message can do about it. */
  readonly hint: string | undefined;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // Of the classes derived from it, each is its own.
    if (this !== SpoorError) return super[Symbol.hasInstance](value);
    return typeof value === 'object' && value !== null && brand in value;
  }

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SpoorError';
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
  }
}

// Once, and not in the constructor: it fails where a program has put a `get` into `Object.prototype`.
Object.defineProperty(SpoorError.prototype, brand, { value: true });

/** What may accompany an error beside its message. */
export interface ErrorDetails {
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** One line for people: place, message, hint, then each cause on the way down. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = error instanceof SpoorError && error.where !== undefined ? `${error.where}: ` : '';
  const hint = error instanceof SpoorError && error.hint !== undefined ? ` (${error.hint})` : '';
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return `${where}${error.message}${cause}${hint}`;
}

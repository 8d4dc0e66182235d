/** Components that options of `convert` imply, as arguments of `run`. */
import { quotedValue } from './escaped-text.ts';

/** A component that may come to be, and what was said of it so far. */
export class ImplicitComponent {
  readonly className: string;
  exists: boolean;
  name = '';
  private readonly flags: string[] = [];
  private readonly more: string[] = [];

  constructor(className: string, exists = false) {
    this.className = className;
    this.exists = exists;
  }

  /** Adds `NAME=VALUE` to the parameters that stand together. */
  flag(...assignments: readonly string[]): void {
    this.flags.push(...assignments);
  }

  /** Adds an argument of `run`, which comes after all flags. */
  argument(...words: readonly string[]): void {
    this.more.push(...words);
  }

  /** Adds a parameter with a text as its value. */
  text(name: string, value: string): void {
    this.argument('--params', `${name}=${quotedValue(value)}`);
  }

  /** Takes the first free name of `prefix`, `prefix-0`, `prefix-1`, … */
  takeName(prefix: string, taken: Set<string>): void {
    if (!this.exists) return;
    this.name = freeName(prefix, taken);
    taken.add(this.name);
  }

  /** Its arguments of `run`. */
  get runArguments(): readonly string[] {
    if (!this.exists) return [];
    const flags = this.flags.length === 0 ? [] : ['--params', this.flags.join(',')];
    return ['--component', `${this.name}:${this.className}`, ...flags, ...this.more];
  }
}

/** The first name of `prefix`, `prefix-0`, `prefix-1`, … that is not taken. */
export function freeName(prefix: string, taken: ReadonlySet<string>): string {
  if (!taken.has(prefix)) return prefix;
  for (let number = 0; ; number++) {
    if (!taken.has(`${prefix}-${number}`)) return `${prefix}-${number}`;
  }
}

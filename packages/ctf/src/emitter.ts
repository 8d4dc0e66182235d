/**
 * Text of generated JavaScript. The emitter owns indentation, fresh names and the escaping of what comes from a
 * trace; generators only say statements. Values that the code needs (tables, helpers) are bound, not printed.
 */
export class Emitter {
  private readonly lines: string[] = [];
  private depth = 0;
  private fresh = 0;
  /** Names of the bound values, and the values. */
  readonly bindings: Map<string, unknown> = new Map();
  private readonly bound = new Map<unknown, string>();

  /** Adds one statement. */
  line(text: string): void {
    this.lines.push('  '.repeat(this.depth) + text);
  }

  /** Opens a block: `head {`. */
  open(head: string): void {
    this.line(`${head} {`);
    this.depth += 1;
  }

  /** Closes the innermost block; `tail` goes after the brace, and may open another. */
  close(tail = ''): void {
    this.depth -= 1;
    this.line(`}${tail}`);
    if (tail.endsWith('{')) this.depth += 1;
  }

  /** A name that no other has. */
  name(prefix: string): string {
    this.fresh += 1;
    return `${prefix}${this.fresh}`;
  }

  /** The name under which the code sees a value. */
  bind(prefix: string, value: unknown): string {
    let name = this.bound.get(value);
    if (name === undefined) {
      name = this.name(`$${prefix}`);
      this.bound.set(value, name);
      this.bindings.set(name, value);
    }
    return name;
  }

  /** Text of a trace as a literal: the only form in which it enters code. */
  literal(text: string): string {
    // JSON allows U+2028 and U+2029 in strings; they end lines of old JavaScript, so escape them.
    return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  }

  /** A comment naming something of a trace. */
  comment(text: string): void {
    this.line(`// ${this.literal(text)}`);
  }

  /** The code so far. */
  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** Names of the files of tables: those of events, fit for any file system and for patterns such as `*.parquet`. */

/** Characters of a name, so that no file system finds it too long. */
const longest = 160;

/** Gives each table a name that no other has, also where case is not told apart. */
export class TableNames {
  private readonly taken = new Set<string>();

  /** `:` becomes `.`, and what is not a letter, digit, `.`, `_` or `-` becomes `_`. */
  nameOf(eventName: string): string {
    const plain =
      eventName
        .replaceAll(':', '.')
        .replaceAll(/[^A-Za-z0-9._-]/g, '_')
        .replace(/^[.-]+/, '_')
        .slice(0, longest) || '_';
    let name = plain;
    for (let number = 2; this.taken.has(name.toLowerCase()); number++) name = `${plain}-${number}`;
    this.taken.add(name.toLowerCase());
    return name;
  }
}

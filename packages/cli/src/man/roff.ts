/** Text in roff, the language of manual pages: groff_man(7). */

/** Text with code (`x`), **strong** and *placeholder* words in Markdown's marks. */
export type Marked = string;

/** What roff makes of characters must not happen to text: it is escaped, and a line never begins with a request. */
export function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\`')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(/[^\0-\x7f]/gu, (character) => {
      const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      return `\\[u${code}]`;
    });
}

/** Marked text: code and strong words bold, placeholders italic. */
export function marked(text: Marked): string {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/)
    .map((part, index) => {
      if (index % 2 === 0) return escapeText(part);
      if (part.startsWith('`')) return `\\fB${escapeText(part.slice(1, -1))}\\fP`;
      if (part.startsWith('**')) return `\\fB${escapeText(part.slice(2, -2))}\\fP`;
      return escapeText(/^\[([^\]]+)\]/.exec(part)?.[1] ?? '');
    })
    .join('');
}

/** A manual page while it is written. */
export class RoffPage {
  private readonly lines: string[] = [];

  /** @param title in capitals at the top of the page. */
  constructor(title: string, section: number, source: string) {
    const words = [escapeText(title.toUpperCase()), String(section), '', source, 'Spoor Manual'];
    this.lines.push(`.TH ${words.map((word) => `"${word.replaceAll('"', '\\(dq')}"`).join(' ')}`);
    // Words are not broken, and lines not stretched: names and options are to be found again.
    this.lines.push('.nh', '.ad l');
  }

  /** Adds a line of text as it is: escaped already. */
  private text(line: string): void {
    this.lines.push(/^[.']/.test(line) ? `\\&${line}` : line);
  }

  section(title: string): void {
    this.lines.push(`.SH "${escapeText(title.toUpperCase()).replaceAll('"', '\\(dq')}"`);
  }

  subsection(title: string): void {
    this.lines.push(`.SS "${marked(title).replaceAll('"', '\\(dq')}"`);
  }

  /** Text without a break before it: the line of the section NAME. */
  line(text: Marked): void {
    this.text(marked(text));
  }

  paragraph(text: Marked): void {
    this.lines.push('.PP');
    this.text(marked(text));
  }

  /** A synopsis: roff of its own. */
  synopsis(roff: string): void {
    this.lines.push('.PP');
    this.text(roff);
  }

  /** An entry of a list of terms; the term is roff. */
  term(term: string, text: Marked): void {
    this.lines.push('.TP');
    this.text(term);
    this.text(marked(text));
  }

  bullet(text: Marked): void {
    this.lines.push('.IP \\(bu 2');
    this.text(marked(text));
  }

  /** Lines to be shown as they are. */
  code(text: string): void {
    this.lines.push('.PP', '.RS 4', '.nf');
    for (const line of text.split('\n')) this.text(line === '' ? '\\&' : escapeText(line));
    this.lines.push('.fi', '.RE');
  }

  /** The page. */
  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

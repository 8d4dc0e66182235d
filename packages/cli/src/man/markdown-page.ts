/** A chapter of the manual (Markdown, as it is written in docs/manual) as a manual page. */
import { marked, type RoffPage } from './roff.ts';

/** Cells of a line of a table. */
function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** Adds a chapter's text below its title to a page. Headings become sections, tables lists of terms. */
export function addMarkdown(page: RoffPage, markdown: string): void {
  const lines = markdown.split('\n');
  let paragraph: string[] = [];
  let item: string[] | undefined;
  const end = (): void => {
    if (item !== undefined) page.bullet(item.join(' '));
    else if (paragraph.length > 0) page.paragraph(paragraph.join(' '));
    paragraph = [];
    item = undefined;
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.startsWith('```')) {
      end();
      const close = lines.indexOf('```', at + 1);
      page.code(lines.slice(at + 1, close).join('\n'));
      at = close;
    } else if (line.startsWith('# ')) {
      end();
      page.section('Description');
    } else if (/^#{2,} /.test(line)) {
      end();
      const title = line.replace(/^#+ /, '');
      if (line.startsWith('## ')) page.section(title);
      else page.subsection(title);
    } else if (line.startsWith('|')) {
      end();
      // The head and the line below it say how the table looks, which a list does not.
      if (/^\|[-| :]+\|$/.test(lines[at + 1] ?? '')) at += 1;
      else {
        const [term = '', ...rest] = cellsOf(line);
        page.term(marked(term), rest.filter((cell) => cell !== '').join('; ') || ' ');
      }
    } else if (line.startsWith('- ')) {
      end();
      item = [line.slice(2)];
    } else if (line.trim() === '') {
      end();
    } else if (item !== undefined) {
      item.push(line.trim());
    } else {
      paragraph.push(line);
    }
  }
  end();
}

/** Names of entries: where they lead, and which are refused. */
import { archiveError } from './errors.ts';

const mostPathLength = 4096;

function unsafe(archive: string, entry: string, message: string): Error {
  const hint = 'no archive of traces needs that; do not trust it';
  return archiveError('archive/unsafe-entry', archive, entry, message, hint);
}

/**
 * The path of an entry below the archive's root, without `.` and empty parts; empty for the root itself.
 * @throws SpoorError `archive/unsafe-entry` for absolute names, those with `..`, and drive letters.
 */
export function entryPath(archive: string, name: string): string {
  if (name.length > mostPathLength) throw unsafe(archive, name, 'its name is longer than any path');
  if (name.includes('\0')) throw unsafe(archive, name, 'its name has a NUL in it');
  if (/^(?:[/\\]|[A-Za-z]:[/\\])/.test(name)) throw unsafe(archive, name, 'its name is absolute');
  if (name.split(/[/\\]/).includes('..')) throw unsafe(archive, name, 'its name leads out by `..`');
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/**
 * Where a link leads, below the root.
 * @param from the folder that the target is told from: that of a symbolic link, the root for a hard one.
 * @throws SpoorError `archive/unsafe-entry` when it leaves the archive.
 */
export function linkTarget(archive: string, path: string, target: string, from: string): string {
  if (target.startsWith('/')) throw unsafe(archive, path, `it is a link out of the archive, to ${target}`);
  const parts = from === '' ? [] : from.split('/');
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') {
      parts.push(part);
    } else if (parts.pop() === undefined) {
      throw unsafe(archive, path, `it is a link out of the archive, to ${target}`);
    }
  }
  return parts.join('/');
}

/** The folder that a path is in; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** What a name of an archive stands for. */
export type Node<Content> =
  { readonly kind: 'file'; readonly content: Content } | { readonly kind: 'link'; readonly target: string };

/** The names of an archive; each entry goes through its checks. */
export class EntryTree<Content> {
  readonly nodes: Map<string, Node<Content>> = new Map();
  private readonly archive: string;

  constructor(archive: string) {
    this.archive = archive;
  }

  /** Adds an entry; a later one of the same name takes the place of an earlier one, as when it is unpacked. */
  add(path: string, node: Node<Content>): void {
    this.nodes.delete(path);
    this.nodes.set(path, node);
  }

  /** Follows links to a file; undefined where they lead to none. */
  find(path: string): Content | undefined {
    let at = path;
    // More links than that are a circle.
    for (let links = 0; links < 40; links++) {
      const node = this.nodes.get(at);
      if (node === undefined) return undefined;
      if (node.kind === 'file') return node.content;
      at = node.target;
    }
    return undefined;
  }

  /**
   * All files, links followed, by path.
   * @throws SpoorError `archive/unsafe-entry` when an entry lies below a link or a file.
   */
  files(): { readonly path: string; readonly content: Content }[] {
    const files: { readonly path: string; readonly content: Content }[] = [];
    for (const path of [...this.nodes.keys()].sort()) {
      for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        const above = path.slice(0, slash);
        if (this.nodes.has(above)) throw unsafe(this.archive, path, `it lies below ${above}, no directory`);
      }
      const content = this.find(path);
      if (content !== undefined) files.push({ path, content });
    }
    return files;
  }
}

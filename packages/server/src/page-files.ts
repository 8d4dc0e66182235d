import { readFileSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { SpoorError } from '@spoor/base';

/** A file of the viewer's page. */
export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Whether its name holds a hash of its content. */
  readonly immutable: boolean;
}

/** Files by their address, `/index.html` first of all. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/**
 * Reads the built page into memory; only these files are ever served.
 * @throws SpoorError `view/page` when the page was not built.
 */
export function readPageFiles(folder: string): PageFiles {
  const files = new Map<string, PageFile>();
  let names: string[] = [];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (cause) {
    throw notBuilt(folder, cause);
  }
  for (const name of names) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const address = `/${relative(folder, join(folder, name)).split(sep).join('/')}`;
    const body = new Uint8Array(readFileSync(join(folder, name)));
    files.set(address, { body, type, immutable: address.startsWith('/assets/') });
  }
  if (!files.has('/index.html')) throw notBuilt(folder, undefined);
  return files;
}

function notBuilt(folder: string, cause: unknown): SpoorError {
  return new SpoorError('view/page', 'the viewer is not built', {
    where: folder,
    hint: 'run `npm run build`',
    cause,
  });
}

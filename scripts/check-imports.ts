// The import rules of the workspace: dependencies point one way along the data's path
// (probe → ring buffer → consumer → trace → graph → analysis → store → view).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

interface Room {
  /** The packages that this one may import. */
  readonly mayImport: readonly string[];
  /** Whether its code must run in a browser; files named `node.ts` or `*.node.ts` are free of that rule. */
  readonly browser: boolean;
}

/** One row a package, in the order of the data's way. */
export const rooms: Readonly<Record<string, Room>> = {
  base: { mayImport: [], browser: true },
  ctf: { mayImport: ['base'], browser: true },
  archive: { mayImport: ['base', 'ctf'], browser: true },
  elf: { mayImport: ['base'], browser: true },
  filter: { mayImport: ['base'], browser: true },
  sys: { mayImport: ['base'], browser: false },
  ringbuffer: { mayImport: ['base', 'sys'], browser: false },
  control: { mayImport: ['base'], browser: false },
  trigger: { mayImport: ['base', 'control', 'filter'], browser: true },
  tracer: { mayImport: ['base', 'ctf', 'filter', 'sys', 'ringbuffer'], browser: false },
  kernel: { mayImport: ['base', 'ctf', 'elf', 'filter', 'ringbuffer', 'sys'], browser: true },
  graph: { mayImport: ['base'], browser: true },
  components: { mayImport: ['archive', 'base', 'ctf', 'elf', 'filter', 'graph', 'kernel'], browser: true },
  trace: { mayImport: ['archive', 'base', 'components', 'ctf', 'graph'], browser: true },
  store: { mayImport: [], browser: true },
  analysis: { mayImport: ['store'], browser: true },
  sessiond: {
    mayImport: ['base', 'control', 'ctf', 'filter', 'kernel', 'ringbuffer', 'sys', 'trigger'],
    browser: false,
  },
  server: { mayImport: ['base', 'ctf', 'components', 'store'], browser: false },
  viewer: { mayImport: ['store', 'server'], browser: true },
  cli: {
    mayImport: [
      'base',
      'filter',
      'control',
      'trigger',
      'sys',
      'ringbuffer',
      'tracer',
      'kernel',
      'graph',
      'components',
      'analysis',
      'sessiond',
      'server',
    ],
    browser: false,
  },
};

/** Only these packages may import the named module; all others are refused. */
const guardedModules: Readonly<Record<string, readonly string[]>> = { koffi: ['sys'] };

/** Files that may make code from text (`new Function`): one a package that generates code. */
const codeMakers: readonly string[] = [
  'packages/ctf/src/compile.ts',
  'packages/filter/src/compile.ts',
  'packages/tracer/src/compile.ts',
];

const importPattern = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"]+)\1/g;
const nodeGlobal = /(?<![.\w'"`])(?:Buffer|process|setImmediate|require|__dirname)(?=[.(])/;

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Lists every breach of the rules below `root` as `file: what is wrong`. */
export function checkImports(root: string): string[] {
  const breaches: string[] = [];
  for (const name of readdirSync(join(root, 'packages'))) {
    const room = rooms[name];
    if (room === undefined) {
      breaches.push(`packages/${name}: not in the table of scripts/check-imports.ts`);
      continue;
    }
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    const named = new Set<string>();
    for (const path of sourceFiles(join(root, 'packages', name, 'src'))) {
      const file = relative(root, path);
      const text = readFileSync(path, 'utf8');
      const test = /\.test\.tsx?$|\/testing\//.test(file);
      const nodeFile = /(?:^|[./])node\.ts$/.test(path.slice(path.lastIndexOf('/') + 1));
      if (test) continue;
      for (const [, other = ''] of text.matchAll(/['"]@spoor\/([^/'"]+)/g)) named.add(other);
      for (const [, , target = ''] of text.matchAll(importPattern)) {
        if (target.startsWith('.')) continue;
        if (target.startsWith('node:')) {
          if (room.browser && !nodeFile) breaches.push(`${file}: imports ${target}, but runs in a browser`);
          continue;
        }
        const own = /^@spoor\/([^/]+)/.exec(target)?.[1];
        if (own !== undefined && own !== name && !room.mayImport.includes(own)) {
          breaches.push(`${file}: imports @spoor/${own}, which ${name} may not`);
        }
        const bare = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0]!;
        if (bare !== `@spoor/${name}` && declared[bare] === undefined) {
          breaches.push(`${file}: imports ${bare}, which its package.json does not declare`);
        }
        const guards = guardedModules[bare];
        if (guards !== undefined && !guards.includes(name)) {
          breaches.push(`${file}: imports ${bare}; only ${guards.join(', ')} may`);
        }
      }
      if (
        room.browser &&
        !nodeFile &&
        name !== 'viewer' &&
        nodeGlobal.test(text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, ''))
      ) {
        breaches.push(`${file}: uses a global of Node.js, but runs in a browser`);
      }
      if (
        /\bnew Function\b|\beval\(/.test(text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')) &&
        !codeMakers.includes(file)
      ) {
        breaches.push(`${file}: makes code from text; only ${codeMakers.join(', ')} may`);
      }
    }
    for (const other of room.mayImport) {
      if (!named.has(other)) breaches.push(`packages/${name}: may import @spoor/${other}, and does not`);
    }
    for (const module of Object.keys(declared)) {
      const other = /^@spoor\/(.+)/.exec(module)?.[1];
      if (other !== undefined && !named.has(other)) {
        breaches.push(`packages/${name}: declares ${module}, and does not import it`);
      }
    }
  }
  return breaches;
}

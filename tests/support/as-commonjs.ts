// Programs of tests that are written as ES modules, run as CommonJS: what Node.js loads by another loader.
import { Script } from 'node:vm';

/** Names of an import's braces as a pattern of a declaration. */
function patternOf(names: string): string {
  return `{${names.replaceAll(' as ', ': ')}}`;
}

function declarationOf(clause: string, name: string): string {
  const loaded = `require('${name}')`;
  const all = /^\* as (\w+)$/.exec(clause);
  if (all !== null) return `const ${all[1]} = ${loaded};`;
  const [, own, names] = /^(\w+)?(?:, )?(?:\{([^}]*)\})?$/.exec(clause) ?? [];
  if (own === undefined && names === undefined)
    throw new Error(`no import as these tests write it: ${clause}`);
  return [
    ...(own === undefined ? [] : [`const ${own} = ${loaded};`]),
    ...(names === undefined ? [] : [`const ${patternOf(names)} = ${loaded};`]),
  ].join(' ');
}

/**
 * The text of a CommonJS module that does the same: imports are requires, `import.meta` is what CommonJS has for it, and what
 * waits at its top does so in a function.
 */
export function asCommonJs(text: string): string {
  const body = text
    .replaceAll(/\bimport ([^'"();]+) from '([^']+)';/g, (_, clause: string, name: string) =>
      declarationOf(clause, name),
    )
    .replaceAll('import.meta.url', "require('node:url').pathToFileURL(__filename).href")
    .replaceAll('import.meta.filename', '__filename')
    .replaceAll('import.meta.resolve', 'require.resolve');
  // In a block: such a module may have a `require` of its own.
  return isCommonJs(`{${body}\n}`) ? `{${body}\n}` : `(async () => {${body}\n})();`;
}

/** Whether it is as it stands: without `await` at its top. Throws SyntaxError when it is not even with it. */
function isCommonJs(body: string): boolean {
  const parameters = 'exports, require, module, __filename, __dirname';
  const compile = (keyword: string): Script => new Script(`${keyword}(${parameters}) => {${body}\n}`);
  compile('async ');
  try {
    compile('');
    return true;
  } catch {
    return false;
  }
}

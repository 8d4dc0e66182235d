// Which modules are rewritten: globs over the paths of files, as shells and .gitignore have them.
import { isAbsolute, join } from 'node:path';

/** Chooses modules by path. */
export interface ModuleChoice {
  readonly includes: readonly RegExp[];
  readonly excludes: readonly RegExp[];
  /** Whether a glob says `node_modules` itself: without that nothing in such a folder is meant. */
  readonly wantsDependencies: boolean;
}

/**
 * Reads globs: `*` and `?` within a name, `**` over any number of folders, `{a,b}`, `[a-z]`; `!` before one excludes.
 * A glob without any of these is a file, or a folder with all that is in it. Without one that includes, all is meant
 * but what is excluded.
 * @param folder that relative ones are below.
 */
export function makeChoice(globs: readonly string[], folder: string): ModuleChoice {
  const compiled = (isWanted: boolean): RegExp[] =>
    globs
      .filter((glob) => glob.startsWith('!') !== isWanted)
      .map((glob) => globPattern(absoluteGlob(isWanted ? glob : glob.slice(1), folder)));
  const includes = compiled(true);
  return {
    includes: includes.length === 0 ? [globPattern(join(folder, '**'))] : includes,
    excludes: compiled(false),
    wantsDependencies: globs.some((glob) => !glob.startsWith('!') && glob.includes('node_modules')),
  };
}

/** Whether a module is to be rewritten. */
export function isChosen(choice: ModuleChoice, path: string): boolean {
  if (!choice.wantsDependencies && path.includes('/node_modules/')) return false;
  return (
    choice.includes.some((pattern) => pattern.test(path)) &&
    !choice.excludes.some((pattern) => pattern.test(path))
  );
}

/** Splits at the commas that are in no braces. */
export function splitGlobs(text: string): readonly string[] {
  const globs: string[] = [];
  let glob = '';
  let depth = 0;
  for (const char of text) {
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    if (char === ',' && depth <= 0) {
      globs.push(glob.trim());
      glob = '';
    } else {
      glob += char;
    }
  }
  return [...globs, glob.trim()].filter((part) => part !== '' && part !== '!');
}

/** Makes a glob one that means the same in any working directory. */
export function absoluteGlob(glob: string, folder: string): string {
  const isExcluded = glob.startsWith('!');
  const path = isExcluded ? glob.slice(1) : glob;
  const whole = isAbsolute(path) ? path : join(folder, path);
  return isExcluded ? `!${whole}` : whole;
}

/** The globs that `SPOOR_FUNCTIONS` names: a list in JSON, or separated by commas. */
export function globsOfVariable(text: string): readonly string[] {
  if (!text.startsWith('[')) return splitGlobs(text);
  const list = JSON.parse(text) as unknown;
  return Array.isArray(list) ? list.filter((glob) => typeof glob === 'string') : [];
}

function globPattern(glob: string): RegExp {
  const path = glob.replace(/\/+$/, '');
  const isPlain = !/[*?[{]/.test(path);
  return new RegExp(`^${globText(path)}${isPlain || path !== glob ? '(?:/.*)?' : ''}$`, 's');
}

function globText(glob: string): string {
  let text = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at]!;
    if (glob.startsWith('/**/', at)) {
      text += '/(?:.*/)?';
      at += 3;
    } else if (glob.startsWith('**', at)) {
      text += '.*';
      at += 1;
    } else if (char === '*') {
      text += '[^/]*';
    } else if (char === '?') {
      text += '[^/]';
    } else if (char === '{') {
      depth += 1;
      text += '(?:';
    } else if (char === '}' && depth > 0) {
      depth -= 1;
      text += ')';
    } else if (char === ',' && depth > 0) {
      text += '|';
    } else if (char === '[' && glob.indexOf(']', at + 2) > 0) {
      const end = glob.indexOf(']', at + 2);
      const inside = glob
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[');
      text += `(?!/)[${inside}]`;
      at = end;
    } else {
      text += char.replace(/[\\^$.|+()[\]{}*?]/, '\\$&');
    }
  }
  return text + ')'.repeat(depth);
}

/** Connection rules, in the form of babeltrace2's `--connect`. */
import { SpoorError } from '@spoor/base';

/** A pattern in which `*` alone is special. */
interface NamePattern {
  /** As it was written. */
  readonly text: string;
  /** The one name that it matches, if there is no `*`. */
  readonly exact: string | undefined;
  matches(name: string): boolean;
}

/** What may be connected to what. */
export interface ConnectionRule {
  readonly text: string;
  readonly upstream: NamePattern;
  readonly upstreamPort: NamePattern;
  readonly downstream: NamePattern;
  readonly downstreamPort: NamePattern;
}

/** Compiles a pattern without regular expressions that could be slow: parts between `*` are looked for from the left. */
function patternOf(text: string): NamePattern {
  const parts: string[] = [''];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '*') {
      parts.push('');
    } else {
      const escaped = character === '\\' && at + 1 < text.length;
      if (escaped) at += 1;
      parts[parts.length - 1] += text[at]!;
    }
  }
  const [first = ''] = parts;
  if (parts.length === 1) return { text, exact: first, matches: (name) => name === first };
  const last = parts.at(-1)!;
  const middle = parts.slice(1, -1);
  const matches = (name: string): boolean => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) {
      return false;
    }
    const end = name.length - last.length;
    let at = first.length;
    for (const part of middle) {
      const found = name.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
  return { text, exact: undefined, matches };
}

/** Splits at characters that no backslash stands before. */
function splitAt(text: string, separator: string, most: number): string[] {
  const parts: string[] = [''];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && at + 1 < text.length) {
      parts[parts.length - 1] += text.slice(at, at + 2);
      at += 1;
    } else if (text[at] === separator && parts.length < most) {
      parts.push('');
    } else {
      parts[parts.length - 1] += text[at]!;
    }
  }
  return parts;
}

/**
 * Reads `UPSTREAM[.PORT]:DOWNSTREAM[.PORT]`.
 * @throws SpoorError `graph/connection`.
 */
export function parseConnection(text: string): ConnectionRule {
  const sides = splitAt(text, ':', Infinity);
  const [up = [], down = []] = sides.map((side) => splitAt(side, '.', 2));
  const isSide = ([name = '', port]: readonly string[]): boolean => name !== '' && port !== '';
  if (sides.length !== 2 || !isSide(up) || !isSide(down)) {
    throw new SpoorError('graph/connection', `--connect ${JSON.stringify(text)} joins nothing`, {
      hint: 'write UPSTREAM[.PORT]:DOWNSTREAM[.PORT], with \\ before a dot, colon or star of a name',
    });
  }
  return {
    text,
    upstream: patternOf(up[0]!),
    upstreamPort: patternOf(up[1] ?? '*'),
    downstream: patternOf(down[0]!),
    downstreamPort: patternOf(down[1] ?? '*'),
  };
}

// What a function is called in a trace: much what a stack trace would call it, found in the text.
import { identifierName, isNode, type AstNode } from './ast.ts';

export const ANONYMOUS = '<anonymous>';
/** Longer names are cut: generated code has them. */
const mostCharacters = 100;

/** The name of a member `x`, `'x'`, `#x`; a computed one is shown as its text where that is short. */
export function memberName(key: unknown, isComputed: boolean, source: string): string {
  if (!isNode(key)) return ANONYMOUS;
  if (isComputed) return shortName(`[${source.slice(key.start, key.end)}]`);
  if (key.type === 'Literal') return shortName(String(key['value']));
  return shortName(identifierName(key) ?? ANONYMOUS);
}

/** The name that an assignment to this gives a function: `f`, or `a.b` of a member. */
export function targetName(target: unknown): string | undefined {
  if (!isNode(target)) return undefined;
  if (target.type !== 'MemberExpression') return identifierName(target);
  const own = target['computed'] === true ? undefined : identifierName(target['property']);
  if (own === undefined) return undefined;
  const { object } = target as AstNode & { readonly object?: unknown };
  const owner = isNode(object) && object.type === 'ThisExpression' ? 'this' : targetName(object);
  return shortName(owner === undefined ? own : `${owner}.${own}`);
}

/** Of one line, without the quotes and backslashes that metadata would have to escape, and not too long. */
export function shortName(name: string): string {
  const plain = name.replace(/[\s\p{Cc}"\\]+/gu, ' ').trim();
  return plain.length > mostCharacters ? `${plain.slice(0, mostCharacters - 1)}…` : plain;
}

// A module's text as a tree. Parsing is acorn's; this says what of its answer the rest of the folder relies on.
import { parse } from 'acorn';

/** A node of ESTree. What it holds besides depends on `type`; positions are offsets in UTF-16 units. */
export interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** How a module's text is to be understood. */
export type ModuleFormat = 'module' | 'commonjs';

/** Throws what acorn throws: SyntaxError, with line and column. */
export function parseModule(source: string, format: ModuleFormat): AstNode {
  return parse(source, {
    ecmaVersion: 'latest',
    sourceType: format,
    allowHashBang: true,
  }) as unknown as AstNode;
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && typeof (value as AstNode).type === 'string';
}

/** The nodes directly below, in the order of the text as far as acorn keeps it. */
export function* childrenOf(node: AstNode): Generator<AstNode> {
  for (const member in node) {
    const value = node[member];
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) for (const element of value) if (isNode(element)) yield element;
  }
}

/** Whether it is a function of any kind. Methods and accessors hold one as their `value`. */
export function isFunction(node: AstNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** The statements of a body, or none for an arrow function's expression. */
export function statementsOf(body: AstNode): readonly AstNode[] {
  return Array.isArray(body['body']) ? (body['body'] as AstNode[]) : [];
}

/** The directives that statements begin with, such as `use strict`; acorn marks them. */
export function directivesOf(statements: readonly AstNode[]): readonly AstNode[] {
  const end = statements.findIndex((statement) => typeof statement['directive'] !== 'string');
  return end < 0 ? statements : statements.slice(0, end);
}

/** The name of an identifier, or of a member `#x`. */
export function identifierName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type === 'PrivateIdentifier') return `#${String(node['name'])}`;
  return undefined;
}

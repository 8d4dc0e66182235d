// A function's statements are put into a block, so that there can be a `finally` behind them. What was declared at the
// top of the function is then declared in a block, which the language treats alike but for functions that share their
// name with something else. Such functions (old or minified code has them) are left as they are.
import { childrenOf, identifierName, isFunction, isNode, type AstNode } from './ast.ts';

/** Whether these statements mean the same in a block as at the top of a function. */
export function canBeBlock(statements: readonly AstNode[], isStrict: boolean): boolean {
  const declared = new Map<string, AstNode>();
  for (const statement of statements) {
    const declaration = withoutLabels(statement);
    if (declaration.type !== 'FunctionDeclaration') continue;
    const name = identifierName(declaration['id']);
    if (name === undefined) continue;
    const other = declared.get(name);
    // Only sloppy mode lets plain functions be declared twice in a block.
    if (other !== undefined && (isStrict || !isPlain(other) || !isPlain(declaration))) return false;
    declared.set(name, declaration);
  }
  if (declared.size === 0) return true;
  for (const name of variableNames(statements, isStrict)) if (declared.has(name)) return false;
  return true;
}

function isPlain(node: AstNode): boolean {
  return node['async'] !== true && node['generator'] !== true;
}

function withoutLabels(statement: AstNode): AstNode {
  let inner = statement;
  while (inner.type === 'LabeledStatement') inner = inner['body'] as AstNode;
  return inner;
}

/**
 * Names of the function's variables: of `var` anywhere in it, and, in sloppy mode, of functions declared in blocks,
 * which are variables of the whole function besides.
 */
function* variableNames(statements: readonly AstNode[], isStrict: boolean): Generator<string> {
  const stack: { readonly node: AstNode; readonly isTop: boolean }[] = statements.map((node) => ({
    node,
    isTop: true,
  }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, isTop } = next;
    if (isFunction(node)) {
      const name = identifierName(node['id']);
      if (node.type === 'FunctionDeclaration' && !isTop && !isStrict && name !== undefined) yield name;
      continue;
    }
    // Static blocks and field values are functions of their own; computed keys cannot declare anything.
    if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') continue;
    if (node.type === 'VariableDeclaration' && node['kind'] === 'var') {
      for (const declarator of node['declarations'] as AstNode[]) yield* boundNames(declarator['id']);
    }
    const staysTop = isTop && node.type === 'LabeledStatement';
    for (const child of childrenOf(node)) stack.push({ node: child, isTop: staysTop });
  }
}

/** Names that a pattern binds. */
function* boundNames(pattern: unknown): Generator<string> {
  if (!isNode(pattern)) return;
  switch (pattern.type) {
    case 'Identifier':
      yield String(pattern['name']);
      return;
    case 'ObjectPattern':
      for (const property of pattern['properties'] as AstNode[]) {
        yield* boundNames(property.type === 'RestElement' ? property['argument'] : property['value']);
      }
      return;
    case 'ArrayPattern':
      for (const element of pattern['elements'] as unknown[]) yield* boundNames(element);
      return;
    case 'AssignmentPattern':
      yield* boundNames(pattern['left']);
      return;
    case 'RestElement':
      yield* boundNames(pattern['argument']);
      return;
  }
}

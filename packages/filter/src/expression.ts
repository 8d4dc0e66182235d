/** The tree of an expression as it was written. Types are not known yet: they depend on the event class. */
import type { GlobParts } from './globs.ts';

/** Where a reference looks: payload fields, context fields (`$ctx.`), contexts of the application (`$app.`). */
export type ReferenceScope = 'payload' | 'context' | 'application';

/** A name and what is taken out of its value: `a.b[2]` is `['a', 'b', 2]`, `$app.shop:cart` is `['shop:cart']`. */
export interface Reference {
  readonly scope: ReferenceScope;
  /** The first is always a name. */
  readonly steps: readonly (string | number)[];
}

export const unaryOperators = ['+', '-', '!', '~'] as const;
export type UnaryOperator = (typeof unaryOperators)[number];

/** Binary operators, those that bind tightest first. All are left-associative. */
export const binaryLevels = [
  ['*', '/', '%'],
  ['+', '-'],
  ['<<', '>>'],
  ['&'],
  ['^'],
  ['|'],
  ['<', '>', '<=', '>='],
  ['==', '!='],
  ['&&'],
  ['||'],
] as const;
export type BinaryOperator = (typeof binaryLevels)[number][number];

/** A node. `at` is the index of its first character, or of its operator, in the text that it was read from. */
export type Expression =
  /** From 0 to 2^64 - 1. */
  | { readonly kind: 'integer'; readonly at: number; readonly value: bigint }
  /** Finite, not negative. */
  | { readonly kind: 'float'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly parts: GlobParts }
  | { readonly kind: 'reference'; readonly at: number; readonly reference: Reference }
  | {
      readonly kind: 'unary';
      readonly at: number;
      readonly operator: UnaryOperator;
      readonly operand: Expression;
    }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Index of an operator's level in `binaryLevels`. */
export function levelOf(operator: BinaryOperator): number {
  return binaryLevels.findIndex((level) => (level as readonly BinaryOperator[]).includes(operator));
}

/** All references of a tree, each once. */
export function referencesOf(expression: Expression): readonly Reference[] {
  const found = new Map<string, Reference>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case 'reference':
        found.set(JSON.stringify([node.reference.scope, node.reference.steps]), node.reference);
        return;
      case 'unary':
        visit(node.operand);
        return;
      case 'binary':
        visit(node.left);
        visit(node.right);
        return;
      case 'integer':
      case 'float':
      case 'string':
        return;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  };
  visit(expression);
  return [...found.values()];
}

/** Random expressions for property tests. */
import * as fc from 'fast-check';
import {
  binaryLevels,
  unaryOperators,
  type BinaryOperator,
  type Expression,
  type Reference,
} from '../expression.ts';

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/);

const step = fc.oneof(name, fc.nat(20));

const reference: fc.Arbitrary<Reference> = fc.oneof(
  fc
    .tuple(fc.constantFrom('payload' as const, 'context' as const), name, fc.array(step, { maxLength: 2 }))
    .map(([scope, first, rest]) => ({ scope, steps: [first, ...rest] })),
  fc
    .tuple(name, name)
    .map(([provider, first]) => ({ scope: 'application' as const, steps: [`${provider}:${first}`] })),
);

/** Integers near the borders of their forms, and any. */
export const integer: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 70n }),
  fc
    .tuple(fc.constantFrom(31n, 32n, 53n, 62n, 63n, 64n), fc.bigInt({ min: -3n, max: 3n }))
    .map(([bits, near]) => {
      const value = (1n << bits) + near;
      return value >= 1n << 64n ? (1n << 64n) - 1n : value;
    }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);

const float = fc.oneof(
  fc.constantFrom(0.5, 1.5, 3, 1e21),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }).map((value) => value + 0),
);

const parts: fc.Arbitrary<readonly string[]> = fc.array(
  fc.oneof(fc.string({ maxLength: 5 }), fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\', '"', '\n') })),
  { minLength: 1, maxLength: 4 },
);

export interface Choices {
  readonly reference: fc.Arbitrary<Reference>;
  readonly parts: fc.Arbitrary<readonly string[]>;
  readonly depth: number;
}

/** Trees; `at` is 0 in all nodes. */
export function arbitraryExpression(choices: Partial<Choices> = {}): fc.Arbitrary<Expression> {
  const leaf: fc.Arbitrary<Expression> = fc.oneof(
    integer.map((value): Expression => ({ kind: 'integer', at: 0, value })),
    float.map((value): Expression => ({ kind: 'float', at: 0, value })),
    (choices.parts ?? parts).map((texts): Expression => ({ kind: 'string', at: 0, parts: texts })),
    { arbitrary: referenceNode(choices.reference ?? reference), weight: 4 },
  );
  const operators: readonly BinaryOperator[] = binaryLevels.flat();
  const build = (depth: number): fc.Arbitrary<Expression> => {
    if (depth === 0) return leaf;
    const inner = build(depth - 1);
    return fc.oneof(
      leaf,
      fc
        .tuple(fc.constantFrom(...unaryOperators), inner)
        .map(([operator, operand]): Expression => ({ kind: 'unary', at: 0, operator, operand })),
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...operators), inner, inner)
          .map(([operator, left, right]): Expression => ({ kind: 'binary', at: 0, operator, left, right })),
        weight: 3,
      },
    );
  };
  return build(choices.depth ?? 4);
}

function referenceNode(references: fc.Arbitrary<Reference>): fc.Arbitrary<Expression> {
  return references.map((found): Expression => ({ kind: 'reference', at: 0, reference: found }));
}

/** The tree with `at` 0 in all nodes. */
export function withoutPlaces(node: Expression): Expression {
  switch (node.kind) {
    case 'unary':
      return { ...node, at: 0, operand: withoutPlaces(node.operand) };
    case 'binary':
      return { ...node, at: 0, left: withoutPlaces(node.left), right: withoutPlaces(node.right) };
    case 'integer':
    case 'float':
    case 'string':
    case 'reference':
      return { ...node, at: 0 };
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}

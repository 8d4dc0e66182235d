import * as fc from 'fast-check';
import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { parseFilter } from './parser.ts';
import { printExpression } from './print.ts';
import { arbitraryExpression, withoutPlaces } from './testing/arbitrary-expression.ts';

/** Text with all parentheses, to see what binds tighter. */
function grouped(text: string): string {
  const tree = parseFilter(text);
  const show = (node: typeof tree): string => {
    if (node.kind === 'unary') return `${node.operator}${show(node.operand)}`;
    if (node.kind === 'binary') return `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    return printExpression(node);
  };
  return show(tree);
}

function refusal(text: string): string {
  try {
    parseFilter(text);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    expect(error.code).toBe('filter/syntax');
    return `${error.where}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
  }
  return 'none';
}

test('what is printed is read back as the same tree', () => {
  fc.assert(
    fc.property(arbitraryExpression(), (tree) => {
      expect(withoutPlaces(parseFilter(printExpression(tree)))).toEqual(tree);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['2 & 2 == 2', '((2 & 2) == 2)'],
  ['a | b ^ c & d << 1', '(a | (b ^ (c & (d << 1))))'],
  ['a || b && c == d < e', '(a || (b && (c == (d < e))))'],
  ['a - b - c', '((a - b) - c)'],
  ['a + b * c << 1', '((a + (b * c)) << 1)'],
  ['a << 1 << 2', '((a << 1) << 2)'],
  ['!a == -b', '(!a == -b)'],
  ['- - !~+a', '--!~+a'],
  ['!(a && b)', '!(a && b)'],
  [
    'eax_reg & 0xff7 == 0x240 && x[4] >> 12 <= 0x1234',
    '(((eax_reg & 4087) == 576) && ((x[4] >> 12) <= 4660))',
  ],
  [
    '$ctx.procname == "lttng*" && (!flag || poel < 34)',
    '(($ctx.procname == "lttng*") && (!flag || (poel < 34)))',
  ],
  ['$app.my_provider:my_context == 17.34e9', '($app.my_provider:my_context == 17340000000.0)'],
  ['msg.user[1].data[2][17]', 'msg.user[1].data[2][17]'],
  ['a /* why */ && // so\n b', '(a && b)'],
  ["name == 'x'", '(name == "x")'],
  ['and == 1 && not', '((and == 1) && not)'],
])('%s', (text, expected) => {
  expect(grouped(text)).toBe(expected);
});

test.each([
  ['0', 0n],
  ['017', 15n],
  ['0x1F', 31n],
  ['0Xffffffffffffffff', (1n << 64n) - 1n],
  ['18446744073709551615ULL', (1n << 64n) - 1n],
  ['42u', 42n],
  ['42ll', 42n],
])('the integer %s', (text, value) => {
  expect(parseFilter(text)).toEqual({ kind: 'integer', at: 0, value });
});

test.each([
  ['1.5', 1.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1000],
  ['08.5', 8.5],
  ['1.5e-3f', 0.0015],
  ['0x1p4', 16],
  ['0x1.8', 1.5],
  ['0x.8p1', 1],
])('the float %s', (text, value) => {
  expect(parseFilter(text)).toEqual({ kind: 'float', at: 0, value });
});

test.each([
  ['""', ['']],
  ['"a*b*"', ['a', 'b', '']],
  [String.raw`"a\*\\\"\n\t"`, ['a*\\"\n\t']],
  [String.raw`"\x41\102\x43\U0001f600"`, ['ABC😀']],
  [`"it's"`, ["it's"]],
])('the string %s', (text, expected) => {
  expect(parseFilter(text)).toEqual({ kind: 'string', at: 0, parts: expected });
});

describe('refused', () => {
  test.each([
    [
      '',
      'filter, column 1: expected an operand, found the end (for example: size > 4096 && $ctx.procname == "node*")',
    ],
    ['a ==', 'filter, column 5: expected an operand, found the end'],
    ['a = 1', 'filter, column 3: `=` is no operator here (`==` compares)'],
    ['a === 1', 'filter, column 3: `===` is no operator here (`==` compares)'],
    ['a <> 1', 'filter, column 3: `<>` is no operator here (`!=` is true of what differs)'],
    ['a->b', 'filter, column 2: `->` is no operator here (a dot takes a member: `a.b`)'],
    ['a AND b', 'filter, column 3: expected an operator or the end, found `AND` (did you mean `&&`?)'],
    ['not $ctx.pid', 'filter, column 1: expected an operand, found `not` (did you mean `!`?)'],
    [
      'name == some text',
      'filter, column 14: expected an operator or the end, found `text` (texts are written in quotes: `name == "some text"`)',
    ],
    ['name == a*', 'filter, column 11: expected an operand, found the end'],
    [
      'name == *a',
      'filter, column 9: expected an operand, found `*` (patterns are written in quotes: `name == "a*"`)',
    ],
    ['(a', 'filter, column 3: expected `)`, found the end (for the `(` of column 1)'],
    [
      '(a b)',
      'filter, column 4: expected an operator or `)`, found `b` (texts are written in quotes: `name == "some text"`)',
    ],
    ['a)', 'filter, column 2: expected an operator or the end, found `)`'],
    ['a[b]', 'filter, column 3: expected an index, found `b` (an index is a constant, for example a[2])'],
    ['a[-1]', 'filter, column 3: expected an index, found `-` (an index is a constant, for example a[2])'],
    ['a[1', 'filter, column 4: expected `]`, found the end'],
    ['a.', 'filter, column 3: expected a name after `.`, found the end'],
    [
      '$ctxt.pid',
      'filter, column 1: expected `$ctx.` or `$app.`, found `$` and `ctxt` (did you mean `$ctx.`?)',
    ],
    [
      '$pid',
      'filter, column 1: expected `$ctx.` or `$app.`, found `$` and `pid` (fields of the payload have no `$`)',
    ],
    ['$ctx', 'filter, column 5: expected `.` after `$ctx`, found the end'],
    [
      '$app.shop',
      'filter, column 6: expected a provider and a name, found `shop` (for example: $app.shop:customer)',
    ],
    ['"a', 'filter, column 1: the string has no end (it ends with `"`)'],
    ['"a\\', 'filter, column 3: the string ends within an escape'],
    ['"\\q"', 'filter, column 2: `\\q` is no escape (a backslash is written `\\\\`, a star `\\*`)'],
    ['"\\UFFFFFFFF"', 'filter, column 2: `\\UFFFFFFFF` is no character: the last is \\U0010ffff'],
    ['/* a', 'filter, column 1: the comment has no end (it ends with `*/`)'],
    ['089', 'filter, column 1: `089` is no octal number (a decimal number does not begin with 0)'],
    ['0xg', 'filter, column 1: `0xg` is no number (hexadecimal is 0x1f, octal 017, float 1.5e3)'],
    ['12ab', 'filter, column 1: `12ab` is no number (hexadecimal is 0x1f, octal 017, float 1.5e3)'],
    ['18446744073709551616', 'filter, column 1: `18446744073709551616` does not fit in 64 bits'],
    ['1e999', 'filter, column 1: `1e999` is too great for a float'],
    ['a # b', 'filter, column 3: "#" is nothing that an expression is made of'],
    ['a[99999999999]', 'filter, column 3: the index 99999999999 is too great'],
  ])('%s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  test('what is too deep to walk', () => {
    for (const text of ['!'.repeat(5000), 'a+'.repeat(5000), 'a' + '.b'.repeat(5000)]) {
      expect(refusal(text)).toMatch(/more than 1000 operators/);
    }
    expect(refusal('('.repeat(5000))).toMatch(/more than 100 parentheses are in each other/);
    expect(refusal(`${'('.repeat(101)}a${')'.repeat(101)}`)).toMatch(/more than 100 parentheses/);
    const side = `${'('.repeat(100)}a${')'.repeat(100)}`;
    expect(printExpression(parseFilter(`${side} && ${side}`))).toBe('a && a');
    expect(printExpression(parseFilter(`${'!'.repeat(999)}a`))).toHaveLength(1000);
    expect(refusal(`a${' '.repeat(65_536)}`)).toMatch(/more than 65536 characters/);
    expect(printExpression(parseFilter(`a${' '.repeat(65_535)}`))).toBe('a');
    expect(refusal('/* '.repeat(20_000))).toMatch(/the comment has no end/);
  });

  test('random text: an error of the language, or a tree', () => {
    const word = fc.constantFrom(
      'a',
      '$ctx.',
      '$app.',
      'b:c',
      '1',
      '0x',
      '1.',
      'e',
      '"',
      '\\',
      '*',
      '[',
      ']',
      '(',
      ')',
      '.',
      '!',
      '=',
      '<',
      '&',
      '|',
      '~',
      '-',
      '+',
      '/',
      '%',
      ' ',
      '\n',
      "'",
      'L',
      '\u2028',
      '😀',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join('')),
      mutated(),
    );
    fc.assert(
      fc.property(text, (written) => {
        if (refusal(written) !== 'none') return;
        const tree = withoutPlaces(parseFilter(written));
        expect(withoutPlaces(parseFilter(printExpression(tree)))).toEqual(tree);
      }),
      { numRuns: 3000 },
    );
  });
});

/** Good expressions with one part cut out or doubled. */
function mutated(): fc.Arbitrary<string> {
  return fc
    .tuple(arbitraryExpression().map(printExpression), fc.nat(), fc.nat(6), fc.boolean())
    .map(([text, place, length, double]) => {
      const at = place % (text.length + 1);
      const cut = text.slice(at, at + length);
      return text.slice(0, at) + (double ? cut + cut : '') + text.slice(at + length);
    });
}

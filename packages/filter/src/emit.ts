/**
 * Text of predicates. Values that the code needs (readers, helpers, patterns) are bound under names of our own; of an
 * expression only numbers and JSON string literals become text.
 */
import { bitArithmetic, integerArithmetic } from './evaluate.ts';
import { globMatches } from './globs.ts';
import { floatOf, integerOf, invert, negate } from './integers.ts';
import type { Program, ProgramNode } from './program.ts';

/** The text of a function's body, the names that it sees, and their values. */
export interface EmittedPredicate {
  readonly parameters: readonly string[];
  readonly body: string;
  readonly bindings: ReadonlyMap<string, unknown>;
}

/** A string as a literal: the only form in which text of an expression enters code. */
function literal(text: string): string {
  // JSON allows U+2028 and U+2029 in strings; they end lines of old JavaScript.
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

class PredicateEmitter {
  readonly lines: string[] = [];
  readonly bindings: Map<string, unknown> = new Map();
  private readonly program: Program;
  private readonly at: string;
  private depth = 0;
  private fresh = 0;

  constructor(program: Program, parameters: readonly string[]) {
    this.program = program;
    this.at = parameters.join(', ');
  }

  line(text: string): void {
    this.lines.push('  '.repeat(this.depth) + text);
  }

  private bind(name: string, value: unknown): string {
    this.bindings.set(name, value);
    return name;
  }

  private name(): string {
    this.fresh += 1;
    return `v${this.fresh}`;
  }

  /** Emits what a node's value needs; returns an expression of it that may stand anywhere, and has no effects. */
  value(node: ProgramNode): string {
    switch (node.kind) {
      case 'integer':
        return typeof node.value === 'bigint' ? `${node.value}n` : `${node.value}`;
      case 'float':
        return `${node.value}`;
      case 'text':
        return literal(node.value);
      case 'field':
        return this.field(node.slot);
      case 'float-of':
        return `Number(${this.value(node.operand)})`;
      case 'negate': {
        const operand = this.value(node.operand);
        return node.type === 'float' ? `-(${operand})` : `${this.bind('negate', negate)}(${operand})`;
      }
      case 'invert':
        return `${this.bind('invert', invert)}(${this.value(node.operand)})`;
      case 'arithmetic':
      case 'bits':
        return this.computation(node);
      case 'not':
      case 'compare':
      case 'glob':
      case 'logic':
        return `(${this.truth(node)} ? 1 : 0)`;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  /** Emits what a node's truth needs; returns an expression of it, a boolean. */
  truth(node: ProgramNode): string {
    switch (node.kind) {
      case 'not':
        return `!${this.truth(node.operand)}`;
      case 'compare': {
        const left = this.value(node.left);
        const right = this.value(node.right);
        const operator = node.operator === '==' ? '===' : node.operator === '!=' ? '!==' : node.operator;
        return `(${left} ${operator} ${right})`;
      }
      case 'glob': {
        const operand = this.value(node.operand);
        const parts = this.bind(`parts${this.bindings.size}`, node.parts);
        return `${node.negated ? '!' : ''}${this.bind('globMatches', globMatches)}(${parts}, ${operand})`;
      }
      case 'logic':
        return this.logic(node);
      case 'integer':
      case 'float':
      case 'text':
      case 'field':
      case 'float-of':
      case 'negate':
      case 'invert':
      case 'arithmetic':
      case 'bits':
        return `(${this.value(node)} !== 0)`;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  /** The right side is only looked at where the left side leaves the answer open. */
  private logic(node: ProgramNode & { readonly kind: 'logic' }): string {
    const result = this.name();
    this.line(`let ${result} = ${this.truth(node.left)};`);
    this.line(`if (${node.operator === '&&' ? '' : '!'}${result}) {`);
    this.depth += 1;
    this.line(`${result} = ${this.truth(node.right)};`);
    this.depth -= 1;
    this.line('}');
    return result;
  }

  private computation(node: ProgramNode & { readonly kind: 'arithmetic' | 'bits' }): string {
    const left = this.value(node.left);
    const right = this.value(node.right);
    if (node.type === 'float') return `(${left} ${node.operator} ${right})`;
    const compute = node.kind === 'bits' ? bitArithmetic[node.operator] : integerArithmetic[node.operator];
    const call = `${this.bind(compute.name, compute)}(${left}, ${right})`;
    // These alone may have no value.
    if (!['/', '%', '<<', '>>'].includes(node.operator)) return call;
    const result = this.name();
    this.line(`const ${result} = ${call};`);
    this.line(`if (${result} === undefined) return false;`);
    return result;
  }

  /** A field is read where it is needed first, and once. */
  private field(slot: number): string {
    const variable = `f${slot}`;
    const { type } = this.program.slots[slot]!;
    this.line(`if (${variable} === undefined) {`);
    this.depth += 1;
    this.line(`${variable} = read${slot}(${this.at});`);
    if (type === 'string') {
      this.line(`if (typeof ${variable} !== 'string') return false;`);
    } else {
      const cast = type === 'integer' ? this.bind('integerOf', integerOf) : this.bind('floatOf', floatOf);
      this.line(`if (typeof ${variable} !== 'number') {`);
      this.line(`  ${variable} = ${cast}(${variable});`);
      this.line(`  if (${variable} === undefined) return false;`);
      this.line('}');
    }
    this.depth -= 1;
    this.line('}');
    return variable;
  }

  declare(readers: readonly unknown[]): void {
    for (const [slot, reader] of readers.entries()) {
      this.bind(`read${slot}`, reader);
      this.line(`let f${slot};`);
    }
  }
}

/** Writes the predicate of a program. @param arity how many arguments the readers, and the predicate, take. */
export function emitPredicate(
  program: Program,
  readers: readonly unknown[],
  arity: number,
): EmittedPredicate {
  const parameters = Array.from({ length: arity }, (_, index) => `a${index}`);
  const emitter = new PredicateEmitter(program, parameters);
  emitter.declare(readers);
  emitter.line(`return ${emitter.truth(program.root)};`);
  return { parameters, body: `${emitter.lines.join('\n')}\n`, bindings: emitter.bindings };
}

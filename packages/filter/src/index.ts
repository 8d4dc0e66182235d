export { makePredicate, type PredicateOptions } from './compile.ts';
export type { FieldReader } from './evaluate.ts';
export {
  referencesOf,
  type BinaryOperator,
  type Expression,
  type Reference,
  type ReferenceScope,
  type UnaryOperator,
} from './expression.ts';
export { globMatches, parseGlob, printGlob, type GlobParts } from './globs.ts';
export { expandNameTemplate, namesEvent, parseNameTemplate, type NameTemplatePart } from './name-template.ts';
export { parseFilter } from './parser.ts';
export { printExpression, printReference } from './print.ts';
export {
  checkFilter,
  makeProgram,
  type FieldType,
  type Program,
  type Resolve,
  type Slot,
  type ValueType,
} from './program.ts';

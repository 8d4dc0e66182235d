/** What a walk over a plan does with each field: see emit-walk.ts. */
import type { Emitter } from './emitter.ts';
import type { IntegerRead } from './emit-read.ts';
import type { Scope } from './model.ts';
import type {
  ArrayNode,
  BigIntegerNode,
  BitsNode,
  BlobNode,
  FloatNode,
  IntegerNode,
  OptionalNode,
  PlanNode,
  StringNode,
  StructureNode,
  TextNode,
  VariantNode,
} from './plan.ts';

/** What generated code does with each field. Every method may print statements through the emitter. */
export interface WalkStrategy {
  /** Returns false to pass over the scope silently. */
  beginScope(e: Emitter, scope: Scope, node: StructureNode): boolean;
  endScope(e: Emitter, scope: Scope): void;
  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void;
  bigInteger(e: Emitter, node: BigIntegerNode, value: string): void;
  /** `negative` is the expression of its sign bit. */
  float(e: Emitter, node: FloatNode, value: string, negative: string): void;
  /** A boolean, a bit array or a bit map, as an unsigned number. */
  bits(e: Emitter, node: BitsNode, read: IntegerRead): void;
  /** Prints the scan of text that starts at byte `start`; returns the variable that holds the NUL's index. */
  string(e: Emitter, node: StringNode, start: string): string;
  /** Text of at most `length` bytes from byte `start` on. */
  text(e: Emitter, node: TextNode, start: string, length: string): void;
  /** Text in code units of 2 or 4 bytes, from byte `start` to byte `end`. */
  wideText(e: Emitter, node: StringNode | TextNode, start: string, end: string): void;
  /** `length` bytes from byte `start` on. */
  blob(e: Emitter, node: BlobNode, start: string, length: string): void;
  beginStructure(e: Emitter, node: StructureNode): void;
  /** Returns false to pass over the member silently. */
  beginMember(e: Emitter, name: string, depth: number, node: PlanNode): boolean;
  endStructure(e: Emitter, node: StructureNode): void;
  beginArray(e: Emitter, node: ArrayNode, length: string): void;
  beginElement(e: Emitter, index: string): void;
  endElement(e: Emitter): void;
  endArray(e: Emitter, node: ArrayNode): void;
  beginVariant(e: Emitter, node: VariantNode): void;
  /** The end of one option's block; the next statement belongs to another. */
  endOption(e: Emitter): void;
  endVariant(e: Emitter, node: VariantNode): void;
  /** Before the blocks of a field that may not be there. */
  beginOptional(e: Emitter, node: OptionalNode): void;
  /** At the begin and the end of the block in which it is. */
  beginPresent(e: Emitter): void;
  endPresent(e: Emitter): void;
  /** The whole block in which it is not. */
  absent(e: Emitter): void;
  endOptional(e: Emitter): void;
}

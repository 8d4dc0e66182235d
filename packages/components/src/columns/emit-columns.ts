/** Generated functions that append the fields of an event to columns. Guarded by bench/columns.ts. */
import {
  emitFindNul,
  integerOfHalves,
  textEnd,
  type ArrayNode,
  type BigIntegerNode,
  type BitsNode,
  type BlobNode,
  type Emitter,
  type FloatNode,
  type IntegerFieldClass,
  type IntegerNode,
  type IntegerRead,
  type PlanNode,
  type Scope,
  type StringNode,
  type StructureNode,
  type TextNode,
  type VariantNode,
  type WalkStrategy,
} from '@spoor/ctf';
import {
  ListColumn,
  NumberColumn,
  StructureColumn,
  WideColumn,
  type BytesColumn,
  type Column,
} from './column.ts';
import { FlagCodes, LabelCodes, labelText } from './labels.ts';
import { memberKey } from './make-columns.ts';

/** Columns of the scopes that are wanted. */
export type ScopeColumns = Partial<Record<Scope, StructureColumn>>;

/** Appends the label's text, where there is no list of all. */
export function putLabelText(
  column: BytesColumn,
  fieldClass: IntegerFieldClass,
  value: number | bigint,
): void {
  const text = labelText(fieldClass, value);
  if (text === undefined) column.skip(1);
  else column.putString(text);
}

/** A column that what follows belongs into. */
interface Frame {
  readonly column: Column;
  /** Of a variant: its node, and the option that comes next. */
  readonly variant?: VariantNode;
  option: number;
}

/** The one member of a structure column with a fixed shape (an enumeration, a bit map) by its name. */
export function partOf(column: StructureColumn, name: string): Column {
  const part = column.member(name);
  if (part === undefined) throw new TypeError(`${column.name} has no member ${name}`);
  return part;
}

export class ColumnStrategy implements WalkStrategy {
  private readonly scopes: ScopeColumns;
  private readonly frames: Frame[] = [];
  private target: Column | undefined;
  /** The sparse structure that the target lags behind, until it is used. */
  private ahead: StructureColumn | undefined;

  private readonly row: StructureColumn;

  /** @param row the structure that is a row of the table. */
  constructor(scopes: ScopeColumns, row: StructureColumn) {
    this.scopes = scopes;
    this.row = row;
  }

  beginScope(_e: Emitter, scope: Scope): boolean {
    const column = this.scopes[scope];
    if (column === undefined) return false;
    this.aim(column, this.row);
    return true;
  }

  endScope(): void {}

  private aim(target: Column, parent: StructureColumn | undefined): void {
    this.target = target;
    this.ahead = parent?.sparse === true ? parent : undefined;
  }

  /** The column of the field that is met now. */
  private take(e: Emitter): Column {
    const { target, ahead } = this;
    if (target === undefined) throw new TypeError('a field without a column');
    if (ahead !== undefined) e.line(`${e.bind('c', target)}.padTo(${e.bind('c', ahead)}.length);`);
    this.ahead = undefined;
    return target;
  }

  private openRow(e: Emitter, column: Column): string {
    const name = e.bind('c', column);
    e.line(`if (${name}.length === ${name}.capacity) ${name}.grow();`);
    if (column.nullable) e.line(`${name}.valid[${name}.length] = 1;`);
    return name;
  }

  private putNumber(e: Emitter, column: Column, { lo, hi }: IntegerRead, signed: boolean): void {
    const name = this.openRow(e, column);
    if (column instanceof WideColumn) {
      e.line(`${name}.words[${name}.length * 2] = ${lo};`);
      e.line(`${name}.words[${name}.length * 2 + 1] = ${hi ?? (signed ? `(${lo}) >> 31` : '0')};`);
      e.line(`${name}.length++;`);
    } else {
      e.line(`${name}.values[${name}.length++] = ${lo};`);
    }
  }

  private putLabel(e: Emitter, column: Column, fieldClass: IntegerFieldClass, value: string): void {
    const name = e.bind('c', column);
    if (column instanceof NumberColumn && column.labels instanceof LabelCodes) {
      e.line(`${name}.putCode(${e.bind('codes', column.labels)}.codeOf(${value}));`);
    } else {
      e.line(`${e.bind('putLabel', putLabelText)}(${name}, ${e.bind('class', fieldClass)}, ${value});`);
    }
  }

  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    const column = this.take(e);
    const { fieldClass } = node;
    if (!(column instanceof StructureColumn)) {
      this.putNumber(e, column, read, fieldClass.signed);
      return;
    }
    const lo = e.name('v');
    e.line(`const ${lo} = ${read.lo};`);
    let value = lo;
    let named: IntegerRead = { lo };
    if (read.hi !== undefined) {
      const hi = e.name('v');
      e.line(`const ${hi} = ${read.hi};`);
      named = { lo, hi };
      value = `${e.bind('integer', integerOfHalves)}(${hi}, ${lo})`;
    }
    const name = this.openRow(e, column);
    this.putNumber(e, partOf(column, 'value'), named, fieldClass.signed);
    this.putLabel(e, partOf(column, 'label'), fieldClass, value);
    e.line(`${name}.length++;`);
  }

  bigInteger(e: Emitter, node: BigIntegerNode, value: string): void {
    const column = this.take(e);
    if (!(column instanceof StructureColumn)) {
      e.line(`${e.bind('c', column)}.putString(String(${value}));`);
      return;
    }
    const read = e.name('v');
    e.line(`const ${read} = ${value};`);
    const name = this.openRow(e, column);
    e.line(`${e.bind('c', partOf(column, 'value'))}.putString(String(${read}));`);
    this.putLabel(e, partOf(column, 'label'), node.fieldClass, read);
    e.line(`${name}.length++;`);
  }

  float(e: Emitter, _node: FloatNode, value: string): void {
    this.putNumber(e, this.take(e), { lo: value }, false);
  }

  bits(e: Emitter, node: BitsNode, read: IntegerRead): void {
    const column = this.take(e);
    if (node.fieldClass.kind === 'boolean') {
      const any = read.hi === undefined ? read.lo : `(${read.hi}) | ${read.lo}`;
      this.putNumber(e, column, { lo: `(${any}) !== 0 ? 1 : 0` }, false);
    } else if (column instanceof StructureColumn) {
      const name = this.openRow(e, column);
      const list = partOf(column, 'flags');
      const labels =
        list instanceof ListColumn && list.element instanceof NumberColumn && list.element.labels;
      if (!(labels instanceof FlagCodes)) throw new TypeError('flags without codes');
      this.putNumber(e, partOf(column, 'value'), read, false);
      e.line(`${e.bind('flags', labels)}.put(${e.bind('c', list)}, ${read.hi ?? '0'}, ${read.lo});`);
      e.line(`${name}.length++;`);
    } else {
      this.putNumber(e, column, read, false);
    }
  }

  string(e: Emitter, _node: StringNode, start: string): string {
    const column = this.take(e);
    const nul = emitFindNul(e, start);
    e.line(`${e.bind('c', column)}.putText(bytes, ${start}, ${nul});`);
    return nul;
  }

  text(e: Emitter, _node: TextNode, start: string, length: string): void {
    const name = e.bind('c', this.take(e));
    e.line(`${name}.putText(bytes, ${start}, ${e.bind('textEnd', textEnd)}(bytes, ${start}, ${length}));`);
  }

  wideText(e: Emitter, node: StringNode | TextNode, start: string, end: string): void {
    const name = e.bind('c', this.take(e));
    e.line(`${name}.putWide(bytes, ${start}, ${end}, ${e.literal(node.encoding)});`);
  }

  blob(e: Emitter, _node: BlobNode, start: string, length: string): void {
    e.line(`${e.bind('c', this.take(e))}.putBytes(bytes, ${start}, ${start} + ${length});`);
  }

  beginStructure(e: Emitter): void {
    const column = this.take(e);
    this.frames.push({ column, option: 0 });
    const name = this.openRow(e, column);
    if (column instanceof NumberColumn) e.line(`${name}.values[${name}.length] = 1;`);
  }

  beginMember(_e: Emitter, name: string, _depth: number, node: PlanNode): boolean {
    const { column } = this.frames.at(-1)!;
    const member = column instanceof StructureColumn ? column.member(memberKey(name, node)) : undefined;
    if (member === undefined || !(column instanceof StructureColumn)) return false;
    this.aim(member, column);
    return true;
  }

  endStructure(e: Emitter, _node: StructureNode): void {
    e.line(`${e.bind('c', this.frames.pop()!.column)}.length++;`);
  }

  beginArray(e: Emitter, _node: ArrayNode, _length: string): void {
    const column = this.take(e);
    this.frames.push({ column, option: 0 });
    this.openRow(e, column);
  }

  beginElement(): void {
    const { column } = this.frames.at(-1)!;
    if (column instanceof ListColumn) this.aim(column.element, undefined);
  }

  endElement(): void {}

  endArray(e: Emitter): void {
    e.line(`${e.bind('c', this.frames.pop()!.column)}.close();`);
  }

  beginVariant(e: Emitter, node: VariantNode): void {
    const column = this.take(e);
    this.openRow(e, column);
    this.frames.push({ column, variant: node, option: 0 });
    this.aimAtOption();
  }

  private aimAtOption(): void {
    const { column, variant, option } = this.frames.at(-1)!;
    const next = variant?.options[option];
    if (next === undefined || !(column instanceof StructureColumn)) return;
    const member = column.member(memberKey(next.name, next.node));
    if (member !== undefined) this.aim(member, column);
  }

  endOption(): void {
    this.frames.at(-1)!.option += 1;
    this.aimAtOption();
  }

  endVariant(e: Emitter): void {
    e.line(`${e.bind('c', this.frames.pop()!.column)}.length++;`);
  }

  beginOptional(e: Emitter): void {
    this.frames.push({ column: this.take(e), option: 0 });
  }

  beginPresent(): void {
    this.aim(this.frames.at(-1)!.column, undefined);
  }

  endPresent(): void {}

  absent(e: Emitter): void {
    e.line(`${e.bind('c', this.frames.at(-1)!.column)}.skip(1);`);
  }

  endOptional(): void {
    this.frames.pop();
  }
}

/** The interpreter's form of emit-columns.ts: the oracle of its tests, and the way where no code may be made. */
import {
  integerOfHalves,
  SilentVisitor,
  type BigIntegerNode,
  type BitsNode,
  type FloatNode,
  type IntegerFieldClass,
  type IntegerNode,
  type OptionalNode,
  type Scope,
  type StructureNode,
  type TextEncoding,
  type VariantNode,
} from '@spoor/ctf';
import { BytesColumn, ListColumn, NumberColumn, StructureColumn, WideColumn, type Column } from './column.ts';
import { partOf, putLabelText, type ScopeColumns } from './emit-columns.ts';
import { FlagCodes, LabelCodes } from './labels.ts';
import { memberKey } from './make-columns.ts';

function putInteger(column: Column, hi: number, lo: number): void {
  if (column instanceof WideColumn) column.put(hi, lo);
  else if (column instanceof NumberColumn) column.put(lo);
}

function putLabel(column: Column, fieldClass: IntegerFieldClass, value: number | bigint): void {
  if (column instanceof BytesColumn) putLabelText(column, fieldClass, value);
  else if (column instanceof NumberColumn && column.labels instanceof LabelCodes) {
    column.putCode(column.labels.codeOf(value));
  }
}

/** What is being filled: a column, or nothing where a scope or member is not wanted. */
interface Level {
  readonly column: Column | undefined;
  readonly structure?: StructureNode;
}

/** Appends the fields that the interpreter walks to columns. */
export class ColumnVisitor extends SilentVisitor {
  private readonly bytes: Uint8Array;
  private readonly scopes: ScopeColumns;
  private readonly levels: Level[] = [];
  private target: Column | undefined;

  constructor(bytes: Uint8Array, scopes: ScopeColumns) {
    super();
    this.bytes = bytes;
    this.scopes = scopes;
  }

  override beginScope(scope: Scope): void {
    this.target = this.scopes[scope];
  }

  private aim(parent: Column | undefined, key: string): void {
    const member = parent instanceof StructureColumn ? parent.member(key) : undefined;
    if (member !== undefined && parent instanceof StructureColumn && parent.sparse) {
      member.padTo(parent.length);
    }
    this.target = member;
  }

  override integer(node: IntegerNode, hi: number, lo: number): void {
    const { target } = this;
    if (!(target instanceof StructureColumn)) {
      if (target !== undefined) putInteger(target, hi, lo);
      return;
    }
    target.open();
    putInteger(partOf(target, 'value'), hi, lo);
    putLabel(partOf(target, 'label'), node.fieldClass, integerOfHalves(hi, lo));
    target.close();
  }

  override bigInteger(node: BigIntegerNode, value: number | bigint): void {
    const { target } = this;
    if (target instanceof BytesColumn) target.putString(String(value));
    if (!(target instanceof StructureColumn)) return;
    target.open();
    const digits = partOf(target, 'value');
    if (digits instanceof BytesColumn) digits.putString(String(value));
    putLabel(partOf(target, 'label'), node.fieldClass, value);
    target.close();
  }

  override float(_node: FloatNode, value: number): void {
    if (this.target instanceof NumberColumn) this.target.put(value);
  }

  override bits(node: BitsNode, hi: number, lo: number): void {
    const { target } = this;
    if (target === undefined) return;
    if (node.fieldClass.kind === 'boolean') {
      putInteger(target, 0, (hi | lo) === 0 ? 0 : 1);
    } else if (target instanceof StructureColumn) {
      target.open();
      putInteger(partOf(target, 'value'), hi, lo);
      const list = partOf(target, 'flags');
      if (list instanceof ListColumn && list.element instanceof NumberColumn) {
        const { labels } = list.element;
        if (labels instanceof FlagCodes) labels.put(list, hi, lo);
      }
      target.close();
    } else {
      putInteger(target, hi, lo);
    }
  }

  override text(start: number, end: number): void {
    if (this.target instanceof BytesColumn) this.target.putText(this.bytes, start, end);
  }

  override wideText(start: number, end: number, encoding: TextEncoding): void {
    if (this.target instanceof BytesColumn) this.target.putWide(this.bytes, start, end, encoding);
  }

  override blob(start: number, end: number): void {
    if (this.target instanceof BytesColumn) this.target.putBytes(this.bytes, start, end);
  }

  override beginStructure(node: StructureNode): void {
    const { target } = this;
    this.levels.push({ column: target, structure: node });
    if (target instanceof NumberColumn) target.put(1);
    else target?.open();
  }

  override beginMember(name: string, index: number): void {
    const { column, structure } = this.levels.at(-1)!;
    this.aim(column, memberKey(name, structure!.members[index]!.node));
  }

  override endStructure(): void {
    const { column } = this.levels.pop()!;
    if (column instanceof StructureColumn) column.close();
  }

  override beginArray(_length: number): void {
    this.levels.push({ column: this.target });
    this.target?.open();
  }

  override beginElement(_index: number): void {
    const { column } = this.levels.at(-1)!;
    this.target = column instanceof ListColumn ? column.element : undefined;
  }

  override endArray(): void {
    const { column } = this.levels.pop()!;
    if (column instanceof ListColumn) column.close();
  }

  override beginVariant(node: VariantNode, option: number): void {
    const { target } = this;
    this.levels.push({ column: target });
    target?.open();
    const { name, node: chosen } = node.options[option]!;
    this.aim(target, memberKey(name, chosen));
  }

  override endVariant(): void {
    const { column } = this.levels.pop()!;
    if (column instanceof StructureColumn) column.close();
  }

  override beginOptional(_node: OptionalNode, isPresent: boolean): void {
    if (!isPresent) this.target?.skip(1);
  }
}

/** The part of the TSDL parser that reads types: everything that can stand left of a field's name. */
import type { IntegerFieldClass } from './model.ts';
import { sign, type TokenCursor } from './tsdl-cursor.ts';
import { parseEnumerators } from './tsdl-enum-parser.ts';
import { keywordCount, tokenKind, word } from './tsdl-lexer.ts';
import { ScalarParser, type TypeEnvironment } from './tsdl-scalar-parser.ts';
import {
  declareArray,
  declareStructure,
  declareVariant,
  exceedsLimits,
  TypeScope,
  type DeclaredMember,
  type DeclaredReference,
  type DeclaredType,
  isLength,
  isTag,
} from './tsdl-types.ts';

/** A type, or its name with the words that a pointer type's name would begin with. */
interface Specifier {
  readonly token: number;
  readonly type: DeclaredType | undefined;
  /** Empty if the type has none. */
  readonly name: string;
}

interface Declarator {
  readonly name: string | undefined;
  readonly token: number;
  readonly type: DeclaredType;
}

const nameWords: ReadonlySet<number> = new Set([
  word.char,
  word.const,
  word.double,
  word.float,
  word.int,
  word.long,
  word.short,
  word.signed,
  word.unsigned,
  word.void,
  word._Bool,
  word._Complex,
  word._Imaginary,
]);

export class TypeParser {
  private readonly cursor: TokenCursor;
  private readonly env: TypeEnvironment;
  private readonly scalars: ScalarParser;
  /** Fields read so far of the structures that are being read, by name; outermost structure first. */
  private readonly openStructures: Map<string, DeclaredType>[] = [];
  private depth = 0;

  constructor(cursor: TokenCursor, env: TypeEnvironment) {
    this.cursor = cursor;
    this.env = env;
    this.scalars = new ScalarParser(cursor, env);
  }

  /** Reads `typedef …;` or `typealias …;` if one comes next. */
  parseAlias(scope: TypeScope): boolean {
    const { cursor } = this;
    if (cursor.acceptWord(word.typedef)) {
      const specifier = this.parseSpecifier(scope);
      do {
        const declarator = this.parseDeclarator(specifier, scope);
        if (declarator.name === undefined) this.cursor.failExpecting('the name of the new type');
        this.addAlias(scope, declarator.name, declarator.type, declarator.token);
      } while (cursor.accept(sign.comma));
      cursor.semicolon();
      return true;
    }
    if (!cursor.acceptWord(word.typealias)) return false;
    const specifier = this.parseSpecifier(scope);
    const declarator = this.parseDeclarator(specifier, scope);
    if (declarator.name !== undefined)
      this.cursor.failAt(declarator.token, 'expected `:=`, but found a name');
    cursor.expect(tokenKind.typeAssign, '`:=`');
    const token = cursor.position;
    this.addAlias(scope, this.parseAliasName(), declarator.type, token);
    cursor.semicolon();
    return true;
  }

  /** Reads a declaration outside of any block: an alias, or a named structure, variant or enumeration. */
  parseDeclaration(scope: TypeScope): void {
    const { cursor } = this;
    if (this.parseAlias(scope)) return;
    const { word: next } = cursor;
    if (next !== word.struct && next !== word.variant && next !== word.enum) {
      this.cursor.failExpecting(
        'a block (`trace`, `stream`, `event`, `clock`, `env`, `callsite`) or the declaration of a type',
      );
    }
    this.parseSpecifier(scope);
    cursor.accept(sign.semicolon);
  }

  /** Reads the type right of `:=` in a block, which must be a structure. */
  parseScopeStructure(
    scope: TypeScope,
    what: string,
  ): DeclaredType & { readonly kind: 'declared-structure' } {
    const token = this.cursor.position;
    const type = this.parseType(scope);
    if (type.kind !== 'declared-structure') this.cursor.failMeaning(token, `${what} must be a structure`);
    return type;
  }

  /** Reads a type without a declarator. */
  parseType(scope: TypeScope): DeclaredType {
    const specifier = this.parseSpecifier(scope);
    return specifier.type ?? this.find(scope, specifier);
  }

  private addAlias(scope: TypeScope, name: string, type: DeclaredType, token: number): void {
    if (type.kind === 'declared-variant' && type.tag === undefined) {
      this.cursor.failMeaning(token, 'an alias cannot stand for a variant without a tag');
    }
    if (!scope.add(name, type)) this.cursor.failMeaning(token, `the type \`${name}\` is already defined`);
  }

  private find(scope: TypeScope, specifier: Specifier): DeclaredType {
    return (
      scope.find(specifier.name) ??
      this.cursor.failMeaning(
        specifier.token,
        `no type named \`${specifier.name}\` is defined before this place`,
      )
    );
  }

  private parseSpecifier(scope: TypeScope): Specifier {
    const { cursor } = this;
    const token = cursor.position;
    const next = cursor.word;
    // The usual case first: one name.
    if (next >= keywordCount) {
      const name = cursor.name('a type');
      return { token, type: undefined, name: cursor.word === word.const ? this.parseNameWords(name) : name };
    }
    if (nameWords.has(next)) return { token, type: undefined, name: this.parseNameWords('') };
    this.depth += 1;
    if (this.depth > 200) this.cursor.failMeaning(token, 'types are nested too deeply here');
    const specifier = this.parseConstructed(next, token, scope);
    this.depth -= 1;
    if (specifier.type !== undefined && exceedsLimits(specifier.type)) {
      this.cursor.failMeaning(token, 'this type is too deep or has too many parts');
    }
    return specifier;
  }

  private parseConstructed(next: number, token: number, scope: TypeScope): Specifier {
    const { cursor } = this;
    switch (next) {
      case word.integer:
        cursor.position += 1;
        return { token, type: this.scalars.parseInteger(token), name: '' };
      case word.floating_point:
        cursor.position += 1;
        return { token, type: this.scalars.parseFloat(token), name: '' };
      case word.string:
        cursor.position += 1;
        return { token, type: this.scalars.parseString(), name: '' };
      case word.struct:
        cursor.position += 1;
        return this.parseStructure(token, scope);
      case word.variant:
        cursor.position += 1;
        return this.parseVariant(token, scope);
      case word.enum:
        cursor.position += 1;
        return this.parseEnumeration(token, scope);
      default:
        return this.cursor.failExpecting('a type');
    }
  }

  /** Reads words such as `const unsigned long`; one of them may be the name of a type. */
  private parseNameWords(start: string): string {
    const { cursor } = this;
    let text = start;
    let named = start !== '';
    for (;;) {
      const next = cursor.word;
      if (nameWords.has(next)) named ||= next !== word.const;
      else if (next >= keywordCount && !named) named = true;
      else return text;
      text += `${text === '' ? '' : ' '}${cursor.anyWord('a type')}`;
    }
  }

  /** Reads the name right of a type alias's `:=`; it may be several words and end with stars. */
  private parseAliasName(): string {
    const { cursor } = this;
    let text = '';
    for (;;) {
      const next = cursor.word;
      if (!nameWords.has(next) && next < keywordCount) break;
      text += `${text === '' ? '' : ' '}${cursor.anyWord('a name')}`;
    }
    if (text === '') this.cursor.failExpecting('the name of the new type');
    return text + this.parsePointers();
  }

  /** Reads the stars of a pointer; the name of a pointer type is its target's with ` *` for each. */
  private parsePointers(): string {
    let stars = '';
    while (this.cursor.accept(sign.star)) {
      stars += ' *';
      while (this.cursor.acceptWord(word.const)) stars += ' const';
    }
    return stars;
  }

  private parseDeclarator(specifier: Specifier, scope: TypeScope): Declarator {
    const { cursor } = this;
    const start = cursor.position;
    const stars = this.parsePointers();
    let base: DeclaredType;
    if (stars === '') {
      base = specifier.type ?? this.find(scope, specifier);
    } else {
      if (specifier.name === '') this.cursor.failAt(start, 'a pointer must be to a named type');
      base = this.find(scope, { ...specifier, name: specifier.name + stars });
      // A pointer is an address, whatever base its alias was declared with.
      if (base.kind === 'integer' && base.displayBase !== 16)
        base = this.scalars.share({ ...base, displayBase: 16 });
    }
    const lengths: (number | DeclaredReference)[] = [];
    const token = cursor.position;
    const name = this.parseDirectDeclarator(lengths, 0);
    if (cursor.kind === sign.colon)
      this.cursor.fail('bit-fields of C are not part of TSDL; use `integer { size = …; }`');
    for (const length of lengths.reverse()) {
      if (base.kind === 'declared-variant' && base.tag === undefined) {
        this.cursor.failMeaning(token, 'this variant has no tag');
      }
      base = declareArray(base, length);
      if (exceedsLimits(base)) this.cursor.failMeaning(token, 'this type is too deep or has too many parts');
    }
    return { name, token, type: base };
  }

  private parseDirectDeclarator(lengths: (number | DeclaredReference)[], depth: number): string | undefined {
    const { cursor } = this;
    let name: string | undefined;
    if (depth < 16 && cursor.accept(sign.openParenthesis)) {
      name = this.parseDirectDeclarator(lengths, depth + 1);
      cursor.expect(sign.closeParenthesis, '`)`');
    } else if (cursor.atName) {
      name = cursor.name('a name');
    }
    while (cursor.accept(sign.openBracket)) {
      lengths.push(this.parseLength());
      cursor.expect(sign.closeBracket, '`]`');
    }
    return name;
  }

  private parseLength(): number | DeclaredReference {
    const { cursor } = this;
    if (cursor.kind === tokenKind.integer)
      return cursor.unsignedNumber('the length of an array', 0xffff_ffff);
    const reference = this.parseReference('the length of an array: an integer, or the path of a field');
    if (reference.path[0] !== 'env') {
      this.checkReference(reference, isLength, 'an unsigned integer, as the length of a sequence must be');
      return reference;
    }
    const key = reference.path.slice(1).join('.');
    const value = this.env.environment.get(key);
    if (typeof value !== 'bigint' || value < 0n || value > 0xffff_ffffn) {
      this.cursor.failMeaning(reference.token, `the environment has no usable length named \`${key}\``);
    }
    return Number(value);
  }

  private parseReference(what: string): DeclaredReference {
    const { cursor } = this;
    const token = cursor.position;
    const path = [cursor.anyWord(what)];
    while (cursor.accept(sign.dot)) path.push(cursor.anyWord('a name after `.`'));
    if (path.length === 1 && cursor.wordAt(token) < keywordCount) {
      cursor.position = token;
      this.cursor.failExpecting(what);
    }
    return { path, token };
  }

  /**
   * Refuses a reference that cannot be right whatever the type is used for. What it will refer to is settled when
   * the type is placed: a structure may be used where the surrounding one has the wanted field.
   */
  private checkReference(
    { path, token }: DeclaredReference,
    fits: (type: DeclaredType) => boolean,
    needed: string,
  ): void {
    const [first = ''] = path;
    if (path.length > 1) return;
    let unfit = false;
    for (const fields of this.openStructures) {
      const type = fields.get(first);
      if (type === undefined) continue;
      if (fits(type)) return;
      unfit = true;
    }
    if (unfit) this.cursor.failMeaning(token, `\`${first}\` is not ${needed}`);
    if (this.openStructures.length === 0) {
      this.cursor.failMeaning(token, `there is no field \`${first}\` outside of a structure`);
    }
  }

  private parseStructure(token: number, scope: TypeScope): Specifier {
    const { cursor } = this;
    const name = cursor.atName ? cursor.name('a name') : undefined;
    if (cursor.kind !== sign.openBrace) {
      if (name === undefined) this.cursor.failExpecting('a name or `{`');
      return {
        token,
        type: this.find(scope, { token, type: undefined, name: `struct ${name}` }),
        name: `struct ${name}`,
      };
    }
    const fields = new Map<string, DeclaredType>();
    this.openStructures.push(fields);
    const members = this.parseMembers(fields, new TypeScope(scope));
    this.openStructures.pop();
    let alignmentBits = 1;
    if (cursor.acceptWord(word.align)) {
      cursor.expect(sign.openParenthesis, '`(`');
      alignmentBits = this.scalars.parseAlignment();
      cursor.expect(sign.closeParenthesis, '`)`');
    }
    const type = declareStructure(members, alignmentBits);
    return { token, type, name: this.addNamed(scope, 'struct', name, type, token) };
  }

  private addNamed(
    scope: TypeScope,
    kind: string,
    name: string | undefined,
    type: DeclaredType,
    token: number,
  ): string {
    if (name === undefined) return '';
    if (!scope.add(`${kind} ${name}`, type)) {
      this.cursor.failMeaning(token, `\`${kind} ${name}\` is already defined in this scope`);
    }
    return `${kind} ${name}`;
  }

  /** Reads `{ … }` of a structure or a variant; notes each field in `fields` as soon as it is read. */
  private parseMembers(fields: Map<string, DeclaredType>, scope: TypeScope): DeclaredMember[] {
    const { cursor } = this;
    const members: DeclaredMember[] = [];
    cursor.expect(sign.openBrace, '`{`');
    while (!cursor.accept(sign.closeBrace)) {
      if (this.parseAlias(scope)) continue;
      const specifier = this.parseSpecifier(scope);
      do {
        const { name, token, type } = this.parseDeclarator(specifier, scope);
        if (name === undefined) this.cursor.failExpecting('the name of a field');
        if (type.kind === 'declared-variant' && type.tag === undefined) {
          this.cursor.failMeaning(token, `the variant \`${name}\` has no tag`);
        }
        if (fields.has(name)) this.cursor.failMeaning(token, `there is already a field named \`${name}\``);
        fields.set(name, type);
        members.push({ name, type });
      } while (cursor.accept(sign.comma));
      cursor.semicolon();
    }
    return members;
  }

  private parseVariant(token: number, scope: TypeScope): Specifier {
    const { cursor } = this;
    const name = cursor.atName ? cursor.name('a name') : undefined;
    let tag: DeclaredReference | undefined;
    if (cursor.accept(sign.less)) {
      tag = this.parseReference("the path of the variant's tag");
      this.checkReference(tag, isTag, 'an enumeration, as the tag of a variant must be');
      cursor.expect(sign.greater, '`>`');
    }
    if (cursor.kind !== sign.openBrace) {
      if (name === undefined) this.cursor.failExpecting('a name, `<` or `{`');
      const named = this.find(scope, { token, type: undefined, name: `variant ${name}` });
      if (tag === undefined || named.kind !== 'declared-variant')
        return { token, type: named, name: `variant ${name}` };
      return { token, type: { ...named, tag }, name: '' };
    }
    const options = this.parseMembers(new Map(), new TypeScope(scope));
    const named = this.addNamed(scope, 'variant', name, declareVariant(options, undefined), token);
    return { token, type: declareVariant(options, tag), name: tag === undefined ? named : '' };
  }

  private parseEnumeration(token: number, scope: TypeScope): Specifier {
    const { cursor } = this;
    const name = cursor.atName ? cursor.name('a name') : undefined;
    let container: DeclaredType | undefined;
    const containerToken = cursor.position + 1;
    if (cursor.accept(sign.colon)) container = this.parseType(scope);
    else if (cursor.kind !== sign.openBrace) {
      if (name === undefined) this.cursor.failExpecting('a name, `:` or `{`');
      return {
        token,
        type: this.find(scope, { token, type: undefined, name: `enum ${name}` }),
        name: `enum ${name}`,
      };
    }
    container ??= this.find(scope, { token, type: undefined, name: 'int' });
    if (container.kind !== 'integer' || container.mappings !== undefined) {
      this.cursor.failMeaning(containerToken, 'the container of an enumeration must be an integer');
    }
    const type: IntegerFieldClass = {
      ...container,
      mappings: parseEnumerators(cursor, container, this.env.tolerant ? this.env.warn : undefined),
    };
    return { token, type, name: this.addNamed(scope, 'enum', name, type, token) };
  }
}

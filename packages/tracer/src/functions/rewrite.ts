// A module's text → the same text with a beginning and an end in each of its functions. Nothing is moved or removed and
// no line is added, so that lines stay what they were; probe-text.ts has what is put in.
import MagicString, { type SourceMap } from 'magic-string';
import {
  childrenOf,
  directivesOf,
  identifierName,
  isFunction,
  isNode,
  parseModule,
  statementsOf,
  type AstNode,
  type ModuleFormat,
} from './ast.ts';
import { ANONYMOUS, memberName, shortName, targetName } from './function-names.ts';
import { canBeBlock } from './hoisting.ts';
import {
  closingText,
  endReachedText,
  openingText,
  resumeText,
  returned,
  returnedLater,
  returnedNameless,
  returnedNamelessLater,
  returnedNothing,
  suspendText,
  waitText,
  wakeText,
} from './probe-text.ts';

/** A function that was given probes. */
export interface FoundFunction {
  readonly name: string;
  /** Where it begins in the text. */
  readonly offset: number;
  /** Async functions and generators: they stop in their middle and go on. */
  readonly isCoroutine: boolean;
}

/** What became of a module. */
export interface RewrittenModule {
  readonly code: string;
  /** The first has the id that was asked for, the others those after it. */
  readonly functions: readonly FoundFunction[];
  /** Functions that are left as they are: see hoisting.ts, and `use asm`. */
  readonly leftOutCount: number;
  /** From the new text to the old, which is at `url`. */
  readonly map: (url: string) => SourceMap;
}

/**
 * Rewrites a module.
 * @param firstId of its functions.
 * Throws SyntaxError when the text cannot be parsed, RangeError when it is nested too deeply.
 */
export function rewriteModule(source: string, format: ModuleFormat, firstId: number): RewrittenModule {
  const rewriter = new Rewriter(source, firstId);
  const program = parseModule(source, format);
  const isStrict = format === 'module' || hasDirective(statementsOf(program), 'use strict');
  rewriter.visit(program, {
    isStrict,
    isTraced: false,
    isCoroutine: false,
    isAsyncGenerator: false,
    owner: undefined,
  });
  return rewriter.result();
}

/** What holds at a place of the text. */
interface Place {
  readonly isStrict: boolean;
  /** Whether the function around it has probes. */
  readonly isTraced: boolean;
  /** Whether that function has probes and is a coroutine. */
  readonly isCoroutine: boolean;
  /** Whether it is an async generator besides. */
  readonly isAsyncGenerator: boolean;
  /** The function or class around it, by name. */
  readonly owner: string | undefined;
}

class Rewriter {
  readonly #source: string;
  readonly #text: MagicString;
  readonly #firstId: number;
  readonly #functions: FoundFunction[] = [];
  #leftOutCount = 0;

  constructor(source: string, firstId: number) {
    this.#source = source;
    this.#text = new MagicString(source);
    this.#firstId = firstId;
  }

  result(): RewrittenModule {
    return {
      code: this.#functions.length === 0 ? this.#source : this.#text.toString(),
      functions: this.#functions,
      leftOutCount: this.#leftOutCount,
      map: (url) => this.#text.generateMap({ hires: 'boundary', source: url, includeContent: true }),
    };
  }

  visit(node: AstNode, place: Place, name?: string): void {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#function(node, node, place, identifierName(node['id']) ?? name);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node, place, identifierName(node['id']) ?? name);
        return;
      case 'MethodDefinition':
      case 'PropertyDefinition':
        this.#member(node, place);
        return;
      case 'StaticBlock':
        this.#staticBlock(node, place);
        return;
      case 'Property':
        this.#property(node, place);
        return;
      case 'VariableDeclarator':
      case 'AssignmentPattern':
      case 'AssignmentExpression':
        this.#assignment(node, place);
        return;
      case 'ReturnStatement':
        this.#return(node, place);
        return;
      case 'AwaitExpression':
      case 'YieldExpression':
        this.#wait(node, place);
        return;
      case 'ForOfStatement':
      case 'LabeledStatement':
        this.#loop(node, place);
        return;
      case 'ExportDefaultDeclaration':
        this.visit(node['declaration'] as AstNode, place, 'default');
        return;
      case 'TryStatement':
        this.#try(node, place);
        return;
      case 'CallExpression':
        this.#call(node, place);
        return;
      default:
        for (const child of childrenOf(node)) this.visit(child, place);
    }
  }

  /** esbuild, and with it tsx, gives functions their names by `__name(function, 'name')`. */
  #call(node: AstNode, place: Place): void {
    const [first, second, ...more] = node['arguments'] as AstNode[];
    const isNaming =
      identifierName(node['callee']) === '__name' && second?.type === 'Literal' && more.length === 0;
    if (isNaming) this.visit(first!, place, String(second['value']));
    else for (const child of childrenOf(node)) this.visit(child, place);
  }

  /** @param whole what its position is that of: a method's begins with its name. */
  #function(node: AstNode, whole: AstNode, place: Place, name: string | undefined): void {
    const body = node['body'] as AstNode;
    const isExpression = body.type !== 'BlockStatement';
    const statements = isExpression ? [] : statementsOf(body);
    const directives = directivesOf(statements);
    // What a compiler of asm.js does not know makes it refuse the whole module, and say so.
    if (hasDirective(statements, 'use asm')) {
      this.#leftOutCount += 1;
      return;
    }
    const isStrict = place.isStrict || hasDirective(statements, 'use strict');
    const isCoroutine = node['async'] === true || node['generator'] === true;
    const isTraced = isExpression || canBeBlock(statements, isStrict);
    const ownName = name ?? (place.owner === undefined ? ANONYMOUS : `${place.owner}.${ANONYMOUS}`);
    const inner: Place = {
      isStrict,
      isTraced,
      isCoroutine: isTraced && isCoroutine,
      isAsyncGenerator: isTraced && node['async'] === true && node['generator'] === true,
      owner: ownName.endsWith(ANONYMOUS) ? place.owner : ownName,
    };
    // Values of parameters are computed before the function's first event, but `return` is none of theirs.
    for (const parameter of node['params'] as AstNode[]) {
      this.visit(parameter, { ...inner, isTraced: false, isCoroutine: false });
    }
    if (!isTraced) {
      this.#leftOutCount += 1;
      this.visit(body, inner);
      return;
    }
    const id = this.#add({ name: shortName(ownName), offset: whole.start, isCoroutine });
    if (isExpression) {
      this.#expressionBody(node, body, id, isCoroutine, inner);
    } else {
      this.#block(body, statements, directives, id, isCoroutine, inner);
    }
  }

  #add(found: FoundFunction): number {
    this.#functions.push(found);
    return this.#firstId + this.#functions.length - 1;
  }

  #block(
    body: AstNode,
    statements: readonly AstNode[],
    directives: readonly AstNode[],
    id: number,
    isCoroutine: boolean,
    inner: Place,
  ): void {
    const last = directives.at(-1);
    // A directive may lack its semicolon.
    const opening = `${last === undefined ? '' : ';'}${openingText(id, isCoroutine)}`;
    const openAt = last?.end ?? this.#blockStart(body);
    const ending = statements.at(-1)?.type;
    const isEndReached = ending !== 'ReturnStatement' && ending !== 'ThrowStatement';
    const closing = `${isEndReached ? endReachedText : ''}${closingText(id, isCoroutine)}`;
    const closeAt = body.end - 1;
    if (openAt === closeAt) {
      this.#text.appendRight(openAt, opening + closing);
      return;
    }
    this.#text.appendRight(openAt, opening);
    for (const statement of statements) this.visit(statement, inner);
    this.#text.appendLeft(closeAt, closing);
  }

  /** Behind the `{`; that of a static block stands after a word. */
  #blockStart(body: AstNode): number {
    return this.#behind('{', body.start);
  }

  /** `x => y` becomes `x => {…return …(y)…}`. */
  #expressionBody(node: AstNode, body: AstNode, id: number, isCoroutine: boolean, inner: Place): void {
    const openAt = this.#arrowEnd(node);
    const [before, behind] = isNamelessFunction(body) ? returnedNameless : returned;
    this.#text.appendRight(openAt, `{${openingText(id, isCoroutine)}return${before}`);
    this.visit(body, inner);
    this.#text.appendLeft(node.end, `${behind}${closingText(id, isCoroutine)}}`);
  }

  /** The offset behind `=>`. */
  #arrowEnd(node: AstNode): number {
    return this.#behind('=>', (node['params'] as AstNode[]).at(-1)?.end ?? node.start);
  }

  /** The offset behind the first such text that is not in a comment. */
  #behind(wanted: string, from: number): number {
    let at = from;
    while (!this.#source.startsWith(wanted, at)) at = this.#afterComment(at) ?? at + 1;
    return at + wanted.length;
  }

  /** The offset behind the comment that begins here; undefined where none does. */
  #afterComment(at: number): number | undefined {
    const source = this.#source;
    if (source.startsWith('/*', at)) return source.indexOf('*/', at + 2) + 2;
    if (!source.startsWith('//', at)) return undefined;
    const rest = /[\n\r\u2028\u2029]/g;
    rest.lastIndex = at;
    return rest.exec(source)?.index ?? source.length;
  }

  #class(node: AstNode, place: Place, name: string | undefined): void {
    const inner: Place = { ...place, isStrict: true };
    if (isNode(node['superClass'])) this.visit(node['superClass'], inner);
    const owner = name === undefined ? place.owner : shortName(name);
    for (const decorated of statementsOf(node['body'] as AstNode)) {
      // Computed keys belong to the code around the class, values to the class.
      if (decorated['computed'] === true) this.visit(decorated['key'] as AstNode, inner);
      this.visit(decorated, { ...inner, owner });
    }
  }

  /** Of a class: a method, an accessor, the constructor, or a field. */
  #member(node: AstNode, place: Place): void {
    const { value, key } = node as AstNode & { readonly value?: unknown; readonly key?: unknown };
    if (!isNode(value)) return;
    const own = memberName(key, node['computed'] === true, this.#source);
    const named = place.owner === undefined ? own : `${place.owner}.${own}`;
    const isConstructor = node['kind'] === 'constructor';
    const name = isConstructor ? `new ${place.owner ?? ANONYMOUS}` : `${accessorPrefix(node)}${named}`;
    const inner: Place = { ...place, isTraced: false, isCoroutine: false };
    if (isFunction(value) && node.type === 'MethodDefinition') this.#function(value, node, inner, name);
    else this.visit(value, inner, isFunction(value) ? name : own);
  }

  #staticBlock(node: AstNode, place: Place): void {
    const statements = statementsOf(node);
    const isTraced = canBeBlock(statements, true);
    const inner: Place = { ...place, isTraced, isCoroutine: false };
    if (!isTraced) {
      this.#leftOutCount += 1;
      for (const statement of statements) this.visit(statement, inner);
      return;
    }
    const name = place.owner === undefined ? '<static>' : `${place.owner}.<static>`;
    const id = this.#add({ name, offset: node.start, isCoroutine: false });
    this.#block(node, statements, [], id, false, inner);
  }

  /** Of an object or a pattern. */
  #property(node: AstNode, place: Place): void {
    const { key, value } = node as AstNode & { readonly key: AstNode; readonly value: AstNode };
    const isComputed = node['computed'] === true;
    if (isComputed) this.visit(key, place);
    if (!isFunction(value)) {
      this.visit(value, place, isComputed ? undefined : memberName(key, false, this.#source));
      return;
    }
    const name = `${accessorPrefix(node)}${memberName(key, isComputed, this.#source)}`;
    const isMethod = node['method'] === true || node['kind'] !== 'init';
    this.#function(value, isMethod ? node : value, place, identifierName(value['id']) ?? name);
  }

  /** What gives a function without a name one. */
  #assignment(node: AstNode, place: Place): void {
    const isDeclarator = node.type === 'VariableDeclarator';
    const target = node[isDeclarator ? 'id' : 'left'] as AstNode;
    const value = node[isDeclarator ? 'init' : 'right'];
    this.visit(target, place);
    if (isNode(value)) this.visit(value, place, targetName(target));
  }

  #return(node: AstNode, place: Place): void {
    const value = node['argument'];
    if (!place.isTraced) {
      if (isNode(value)) this.visit(value, place);
      return;
    }
    if (!isNode(value)) {
      this.#text.appendRight(node.start, returnedNothing[0]);
      this.#text.appendLeft(node.end, returnedNothing[1]);
      return;
    }
    const [before, behind] = this.#returnTexts(value, place);
    this.#text.appendRight(node.start + 'return'.length, before);
    this.visit(value, place);
    this.#text.appendLeft(value.end, behind);
  }

  #returnTexts(value: AstNode, { isAsyncGenerator }: Place): readonly [string, string] {
    if (isNamelessFunction(value)) return isAsyncGenerator ? returnedNamelessLater : returnedNameless;
    return isAsyncGenerator ? returnedLater : returned;
  }

  #wait(node: AstNode, place: Place): void {
    const value = node['argument'];
    if (!place.isCoroutine) {
      if (isNode(value)) this.visit(value, place);
      return;
    }
    this.#text.appendRight(node.start, resumeText);
    if (isNode(value)) {
      this.#text.appendRight(this.#waitWordEnd(node), suspendText);
      this.visit(value, place);
      this.#text.appendLeft(node.end, '))');
    } else {
      this.#text.appendLeft(node.end, `${suspendText}void 0))`);
    }
  }

  /** Behind `await`, `yield`, or the star of `yield*`. */
  #waitWordEnd(node: AstNode): number {
    // Both words have five letters.
    const at = node.start + 5;
    return node['delegate'] === true ? this.#behind('*', at) : at;
  }

  /** `for await`, perhaps with labels, waits for each value, which no expression of it shows. */
  #loop(node: AstNode, place: Place): void {
    let loop = node;
    while (loop.type === 'LabeledStatement') loop = loop['body'] as AstNode;
    if (loop.type !== 'ForOfStatement' || loop['await'] !== true || !place.isCoroutine) {
      for (const child of childrenOf(node)) this.visit(child, place);
      return;
    }
    const { left, right, body } = loop as AstNode & Readonly<Record<'left' | 'right' | 'body', AstNode>>;
    this.#text.appendRight(node.start, '{');
    this.visit(left, place);
    this.#text.appendRight(right.start, `${suspendText}(`);
    this.visit(right, place);
    this.#text.appendLeft(right.end, '))');
    this.#text.appendRight(body.start, `{${wakeText}try{`);
    this.visit(body, place);
    this.#text.appendLeft(body.end, `}finally{${waitText}}}`);
    this.#text.appendLeft(node.end, `${wakeText}}`);
  }

  #try(node: AstNode, place: Place): void {
    this.visit(node['block'] as AstNode, place);
    const { handler, finalizer } = node as AstNode & Readonly<Record<'handler' | 'finalizer', unknown>>;
    if (isNode(handler)) {
      if (isNode(handler['param'])) this.visit(handler['param'], place);
      this.#wakingBlock(handler['body'] as AstNode, place);
    }
    if (isNode(finalizer)) this.#wakingBlock(finalizer, place);
  }

  #wakingBlock(block: AstNode, place: Place): void {
    if (place.isCoroutine) this.#text.appendRight(block.start + 1, wakeText);
    this.visit(block, place);
  }
}

function hasDirective(statements: readonly AstNode[], directive: string): boolean {
  return directivesOf(statements).some((statement) => statement['directive'] === directive);
}

/** Whether an assignment would give it its name. Parentheses around it do not matter. */
function isNamelessFunction(node: AstNode): boolean {
  if (node.type === 'ArrowFunctionExpression') return true;
  return (node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !isNode(node['id']);
}

function accessorPrefix(node: AstNode): string {
  return node['kind'] === 'get' || node['kind'] === 'set' ? `${node['kind']} ` : '';
}

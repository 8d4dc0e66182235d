/**
 * TSDL's blocks: `trace`, `env`, `clock`, `stream`, `event`, `callsite`. A first look finds where each begins, so that
 * they can be read in the order of their dependence, whatever order they stand in: a type needs the trace's byte order,
 * the clocks and (for array lengths) the environment.
 */
import { ClockParser, parseValue } from './tsdl-clock-parser.ts';
import type { ByteOrder, ClockClass, StructureFieldClass } from './model.ts';
import { sign, TokenCursor } from './tsdl-cursor.ts';
import { tokenKind, word, type TokenList } from './tsdl-lexer.ts';
import { PlainFields } from './tsdl-plain-payload.ts';
import { byteOrderNamed } from './tsdl-scalar-parser.ts';
import { TypeParser } from './tsdl-type-parser.ts';
import { DistinctNames, TypeScope, type DeclaredStructure } from './tsdl-types.ts';

export interface DeclaredTrace {
  readonly token: number;
  readonly uuid: string | undefined;
  readonly byteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly clocks: readonly ClockClass[];
  readonly packetHeader: DeclaredStructure | undefined;
  readonly streams: readonly DeclaredStream[];
  readonly events: readonly DeclaredEvent[];
}

export interface DeclaredStream {
  readonly token: number;
  readonly id: bigint | undefined;
  readonly packetContext: DeclaredStructure | undefined;
  readonly eventHeader: DeclaredStructure | undefined;
  readonly eventContext: DeclaredStructure | undefined;
}

export interface DeclaredEvent {
  readonly token: number;
  readonly name: string;
  readonly id: bigint | undefined;
  readonly streamId: bigint | undefined;
  readonly logLevel: number | undefined;
  readonly emfUri: string | undefined;
  readonly context: DeclaredStructure | undefined;
  readonly fields: DeclaredStructure | undefined;
  /** Set on an event of the plain form, whose fields are made when they are wanted: it has neither of the above. */
  readonly plainPayload?: () => StructureFieldClass;
}

/** Where the parts of a metadata text begin. */
interface Outline {
  readonly traces: readonly number[];
  readonly environments: readonly number[];
  readonly clocks: readonly number[];
  readonly streams: readonly number[];
  readonly events: readonly number[];
  /** First and last token of runs of declarations. */
  readonly declarations: readonly (readonly [start: number, end: number])[];
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Finding the line of a warning costs a look at the whole text. */
const maximumWarnings = 50;

/** Greatest log level that has a meaning (debug). */
const maximumLogLevel = 14;

/** Reads all blocks. Errors are `ctf/metadata-syntax` and `ctf/metadata-invalid`, each with line and column. */
export function parseBlocks(
  tokens: TokenList,
  warn: (message: string) => void,
  tolerant: boolean,
): DeclaredTrace {
  return new BlockParser(tokens, warn, tolerant).parse();
}

class BlockParser {
  private readonly cursor: TokenCursor;
  private readonly warn: (token: number, message: string) => void;

  private readonly tolerant: boolean;

  constructor(tokens: TokenList, warn: (message: string) => void, tolerant: boolean) {
    this.tolerant = tolerant;
    const cursor = new TokenCursor(tokens);
    let left = maximumWarnings;
    this.cursor = cursor;
    this.warn = (token, message) => {
      left -= 1;
      if (left >= 0) warn(`${cursor.place(token)}: ${message}`);
      else if (left === -1) warn('there are more warnings about this metadata');
    };
  }

  parse(): DeclaredTrace {
    const { cursor } = this;
    const outline = this.findBlocks();
    const [traceToken, secondTrace] = outline.traces;
    if (traceToken === undefined) {
      cursor.position = cursor.tokens.count - 1;
      return this.cursor.fail('the metadata has no `trace` block');
    }
    if (secondTrace !== undefined) this.cursor.failMeaning(secondTrace, 'there is already a `trace` block');
    const byteOrder = this.findByteOrder(traceToken);
    const environment = new Map<string, string | bigint>();
    for (const token of outline.environments) this.parseEnvironment(token, environment);
    const clocks = outline.clocks.map((token) => this.parseClock(token));
    const clockNames = new Set<string>();
    for (const [index, { name }] of clocks.entries()) {
      if (clockNames.has(name))
        this.cursor.failMeaning(outline.clocks[index]!, `there is already a clock named \`${name}\``);
      clockNames.add(name);
    }
    const types = new TypeParser(cursor, {
      byteOrder,
      environment,
      clockNames,
      warn: this.warn,
      tolerant: this.tolerant,
    });
    const root = new TypeScope();
    for (const [start, end] of outline.declarations) {
      cursor.position = start;
      while (cursor.position < end) types.parseDeclaration(root);
    }
    const { uuid, packetHeader } = this.parseTrace(traceToken, types, root);
    const streams = outline.streams.map((token) => this.parseStream(token, types, root));
    const plainFields = new PlainFields(byteOrder);
    const events = outline.events.map((token) =>
      cursor.kindAt(token) === tokenKind.plainEvent
        ? this.plainEvent(token, plainFields)
        : this.parseEvent(token, types, root),
    );
    return { token: traceToken, uuid, byteOrder, environment, clocks, packetHeader, streams, events };
  }

  private findBlocks(): Outline {
    const { cursor } = this;
    const outline = {
      traces: [] as number[],
      environments: [] as number[],
      clocks: [] as number[],
      streams: [] as number[],
      events: [] as number[],
      declarations: [] as [number, number][],
    };
    const listOf = new Map<number, number[]>([
      [word.trace, outline.traces],
      [word.env, outline.environments],
      [word.clock, outline.clocks],
      [word.stream, outline.streams],
      [word.event, outline.events],
      [word.callsite, []],
    ]);
    let at = 0;
    while (cursor.kindAt(at) !== tokenKind.end) {
      if (cursor.kindAt(at) === tokenKind.plainEvent) {
        outline.events.push(at);
        at += 1;
        continue;
      }
      const list = this.blockListAt(at, listOf);
      if (list !== undefined) {
        list.push(at);
        at = cursor.skipBraces(at + 1);
        if (cursor.kindAt(at) === sign.semicolon) at += 1;
        continue;
      }
      const start = at;
      while (
        cursor.kindAt(at) !== tokenKind.end &&
        cursor.kindAt(at) !== tokenKind.plainEvent &&
        this.blockListAt(at, listOf) === undefined
      ) {
        if (cursor.kindAt(at) === sign.closeBrace) this.cursor.failAt(at, 'this `}` has no matching `{`');
        at = cursor.kindAt(at) === sign.openBrace ? cursor.skipBraces(at) : at + 1;
      }
      outline.declarations.push([start, at]);
    }
    return outline;
  }

  private blockListAt(at: number, listOf: ReadonlyMap<number, number[]>): number[] | undefined {
    const { cursor } = this;
    return cursor.kindAt(at + 1) === sign.openBrace ? listOf.get(cursor.wordAt(at)) : undefined;
  }

  /** Finds the byte order ahead of everything else: types that stand before the trace block depend on it. */
  private findByteOrder(traceToken: number): ByteOrder {
    const { cursor } = this;
    const end = cursor.skipBraces(traceToken + 1) - 1;
    for (let at = traceToken + 2; at < end;) {
      if (cursor.kindAt(at) === sign.openBrace) {
        at = cursor.skipBraces(at);
        continue;
      }
      if (cursor.wordAt(at) === word.byte_order && cursor.kindAt(at + 1) === sign.equals) {
        cursor.position = at + 2;
        const text = cursor.text('a byte order (`le`, `be` or `network`)');
        return (
          byteOrderNamed(text) ??
          this.cursor.failMeaning(
            at + 2,
            `the byte order of a trace must be \`le\`, \`be\` or \`network\`, not \`${text}\``,
          )
        );
      }
      at += 1;
    }
    return this.cursor.failMeaning(traceToken, 'the `trace` block has no `byte_order`');
  }

  /**
   * Reads a block's `NAME = VALUE;` and, where there are types, `NAME := TYPE;`, `typedef` and `typealias`.
   * `read` reads the value of an attribute that it knows, and answers whether it did.
   */
  private parseBlock(
    start: number,
    what: string,
    types: TypeParser | undefined,
    scope: TypeScope,
    read: (name: string, assigns: 'value' | 'type') => boolean,
    repeatable = false,
  ): void {
    const { cursor } = this;
    const seen = new DistinctNames();
    cursor.position = start + 1;
    cursor.expect(sign.openBrace, '`{`');
    while (!cursor.accept(sign.closeBrace)) {
      if (types?.parseAlias(scope)) continue;
      const token = cursor.position;
      const name = cursor.dottedWords(`an attribute of ${what}`);
      if (!seen.add(name) && !repeatable) {
        this.cursor.failMeaning(token, `\`${name}\` is given twice`);
      }
      if (types !== undefined && cursor.accept(tokenKind.typeAssign)) {
        if (!read(name, 'type')) {
          this.warn(token, `unknown attribute \`${name}\` of ${what} is ignored`);
          types.parseType(scope);
        }
      } else {
        cursor.expect(sign.equals, types === undefined ? '`=`' : '`=` or `:=`');
        if (!read(name, 'value')) {
          this.warn(token, `unknown attribute \`${name}\` of ${what} is ignored`);
          parseValue(this.cursor);
        }
      }
      cursor.semicolon();
    }
    cursor.accept(sign.semicolon);
  }

  private parseUuid(): string {
    const { cursor } = this;
    const start = cursor.position;
    if (cursor.kind !== tokenKind.string) this.cursor.failExpecting('a UUID in quotes');
    const uuid = cursor.text('a UUID').toLowerCase();
    if (!uuidPattern.test(uuid)) this.cursor.failMeaning(start, `\`${uuid}\` is not a UUID`);
    return uuid;
  }

  private parseEnvironment(token: number, environment: Map<string, string | bigint>): void {
    const read = (name: string): boolean => {
      environment.set(name, parseValue(this.cursor));
      return true;
    };
    // A key may come again; the last one counts.
    this.parseBlock(token, 'the environment', undefined, new TypeScope(), read, true);
  }

  private parseClock(token: number): ClockClass {
    const clock = new ClockParser(this.cursor, () => this.parseUuid());
    this.parseBlock(token, 'a clock', undefined, new TypeScope(), (name) => clock.parseAttribute(name));
    return clock.finish(token);
  }

  private parseTrace(
    token: number,
    types: TypeParser,
    root: TypeScope,
  ): { readonly uuid: string | undefined; readonly packetHeader: DeclaredStructure | undefined } {
    const { cursor } = this;
    const scope = new TypeScope(root);
    let uuid: string | undefined;
    let packetHeader: DeclaredStructure | undefined;
    const missing = new Set(['major', 'minor']);
    this.parseBlock(token, 'the trace', types, scope, (name, assigns) => {
      if (assigns === 'type') {
        if (name !== 'packet.header') return false;
        packetHeader = types.parseScopeStructure(scope, 'the packet header');
        return true;
      }
      switch (name) {
        case 'major':
          this.parseVersionPart(1n, 'major');
          missing.delete(name);
          return true;
        case 'minor':
          this.parseVersionPart(8n, 'minor');
          missing.delete(name);
          return true;
        case 'uuid':
          uuid = this.parseUuid();
          return true;
        case 'byte_order':
          cursor.text('a byte order');
          return true;
        default:
          return false;
      }
    });
    for (const name of missing) this.cursor.failMeaning(token, `the \`trace\` block has no \`${name}\``);
    return { uuid, packetHeader };
  }

  private parseVersionPart(supported: bigint, name: string): void {
    const start = this.cursor.position;
    const value = this.cursor.unsigned('a version number');
    if (value !== supported) {
      this.cursor.failMeaning(start, `the ${name} version must be ${supported} (CTF 1.8), not ${value}`);
    }
  }

  private parseStream(token: number, types: TypeParser, root: TypeScope): DeclaredStream {
    const { cursor } = this;
    const scope = new TypeScope(root);
    let id: bigint | undefined;
    let packetContext: DeclaredStructure | undefined;
    let eventHeader: DeclaredStructure | undefined;
    let eventContext: DeclaredStructure | undefined;
    this.parseBlock(token, 'a stream', types, scope, (name, assigns) => {
      if (assigns === 'value') {
        if (name !== 'id') return false;
        id = cursor.unsigned('the number of the stream');
        return true;
      }
      switch (name) {
        case 'packet.context':
          packetContext = types.parseScopeStructure(scope, 'the packet context');
          return true;
        case 'event.header':
          eventHeader = types.parseScopeStructure(scope, 'the event header');
          return true;
        case 'event.context':
          eventContext = types.parseScopeStructure(scope, "the stream's event context");
          return true;
        default:
          return false;
      }
    });
    return { token, id, packetContext, eventHeader, eventContext };
  }

  private plainEvent(token: number, plainFields: PlainFields): DeclaredEvent {
    const { tokens } = this.cursor;
    const plain = tokens.plainEvents[tokens.values[token]!]!;
    const { name, id, streamId, logLevel, emfUri } = plain;
    return {
      token,
      name,
      id: BigInt(id),
      streamId: streamId === undefined ? undefined : BigInt(streamId),
      logLevel,
      emfUri,
      context: undefined,
      fields: undefined,
      plainPayload: () => plainFields.payload(plain),
    };
  }

  private parseEvent(token: number, types: TypeParser, root: TypeScope): DeclaredEvent {
    const { cursor } = this;
    const scope = new TypeScope(root);
    let name: string | undefined;
    let id: bigint | undefined;
    let streamId: bigint | undefined;
    let logLevel: number | undefined;
    let emfUri: string | undefined;
    let context: DeclaredStructure | undefined;
    let fields: DeclaredStructure | undefined;
    this.parseBlock(token, 'an event', types, scope, (attribute, assigns) => {
      if (assigns === 'type') {
        if (attribute === 'fields') fields = types.parseScopeStructure(scope, 'the payload of an event');
        else if (attribute === 'context')
          context = types.parseScopeStructure(scope, 'the context of an event');
        else return false;
        return true;
      }
      switch (attribute) {
        case 'name':
          name = cursor.text('the name of the event');
          return true;
        case 'id':
          id = cursor.unsigned('the number of the event');
          return true;
        case 'stream_id':
          streamId = cursor.unsigned('the number of a stream');
          return true;
        case 'loglevel': {
          const start = cursor.position;
          const level = cursor.unsigned('a log level');
          if (level > BigInt(maximumLogLevel))
            this.warn(start, `the log level ${level} has no meaning and is ignored`);
          else logLevel = Number(level);
          return true;
        }
        case 'model.emf.uri':
          emfUri = cursor.text('a URI');
          return true;
        default:
          return false;
      }
    });
    if (name === undefined) this.cursor.failMeaning(token, 'this event has no `name`');
    return {
      token,
      name,
      id,
      streamId,
      logLevel,
      emfUri: emfUri === '' ? undefined : emfUri,
      context,
      fields,
    };
  }
}

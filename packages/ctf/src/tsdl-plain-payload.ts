/** What the fields of plain event blocks become, once somebody wants to know. */
import type { ByteOrder, EventClass, StructureFieldClass } from './model.ts';
import { TokenCursor } from './tsdl-cursor.ts';
import { tokenize } from './tsdl-lexer.ts';
import { Placer } from './tsdl-placement.ts';
import { plainFieldsOf, type PlainEvent, type PlainField } from './tsdl-plain-event.ts';
import { TypeParser } from './tsdl-type-parser.ts';
import { declareArray, declareStructure, TypeScope, type DeclaredType } from './tsdl-types.ts';

/** Makes structures of the fields of plain events, when they are wanted. */
export class PlainFields {
  private readonly byteOrder: ByteOrder;
  /** Nothing can be wrong that it would have to show. */
  private readonly cursor = new TokenCursor(tokenize('', 'metadata'));
  /** Types by their text; there are few. */
  private readonly types = new Map<string, DeclaredType>();

  constructor(byteOrder: ByteOrder) {
    this.byteOrder = byteOrder;
  }

  /** The payload of an event with these fields. */
  payload(event: PlainEvent): StructureFieldClass {
    const members = plainFieldsOf(event).map((field) => ({ name: field.name, type: this.typeOf(field) }));
    const structure = declareStructure(members, 1);
    const placer = new Placer(this.cursor, undefined);
    return placer.place('event-payload', structure, new Map([['event-payload', structure]]), 0);
  }

  private typeOf({ type: text, length, lengthName }: PlainField): DeclaredType {
    let type = this.types.get(text);
    if (type === undefined) {
      const parser = new TypeParser(new TokenCursor(tokenize(text, 'metadata')), {
        byteOrder: this.byteOrder,
        environment: new Map(),
        clockNames: new Set(),
        warn: () => {},
        tolerant: false,
      });
      type = parser.parseType(new TypeScope());
      this.types.set(text, type);
    }
    if (lengthName !== undefined) return declareArray(type, { path: [lengthName], token: 0 });
    return length === undefined ? type : declareArray(type, length);
  }
}

/** Event classes whose payload refers to none but its own fields, as is known without looking at it. */
const selfContained = new WeakSet<EventClass>();

/** Whether lengths and selectors in the fields of the class are known to refer to fields of the same scope only. */
export function isKnownSelfContained(eventClass: EventClass): boolean {
  return selfContained.has(eventClass);
}

/** The class of a plain event; its payload is made when it is first looked at. */
export function plainEventClass(
  {
    name,
    logLevel,
    emfUri,
  }: Pick<EventClass, 'name'> & {
    readonly logLevel: number | undefined;
    readonly emfUri: string | undefined;
  },
  id: bigint,
  makePayload: () => StructureFieldClass,
): EventClass {
  let payload: StructureFieldClass | undefined;
  const eventClass: EventClass = {
    id,
    name,
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(emfUri === undefined ? {} : { emfUri }),
    get payload(): StructureFieldClass {
      return (payload ??= makePayload());
    },
  };
  selfContained.add(eventClass);
  return eventClass;
}

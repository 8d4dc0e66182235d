/** Fields and contexts of an event as objects whose members are decoded when they are read. */
import { jsonOf, type EventClassInfo, type EventView } from '@spoor/components';
import type { Accessor, FieldValue, Scope, StructureFieldClass } from '@spoor/ctf';

/** Members by name; those that the event has not are undefined. */
export type Members = { readonly [name: string]: FieldValue | undefined };

/** Values as JSON can hold them: as `sink.text.json` prints them. */
export function plainJson(values: Members): unknown {
  return JSON.parse(jsonOf({ ...values } as { readonly [name: string]: FieldValue }));
}

const inspected = Symbol.for('nodejs.util.inspect.custom');

/** Says what console.log shows of a class's objects under Node.js. */
export function showAs<Shown extends object>(prototype: Shown, show: (object: Shown) => object): void {
  Object.defineProperty(prototype, inspected, {
    value(this: Shown) {
      return show(this);
    },
  });
}

/** What all such objects have, beside their members; none of it is counted among them. */
const prototype: object = Object.create(null, {
  toJSON: {
    value(this: Members) {
      return plainJson(this);
    },
  },
  // What console.log shows under Node.js: values in place of getters.
  [inspected]: {
    value(this: Members) {
      return { ...this };
    },
  },
}) as object;

interface MemberSource {
  readonly scope: Scope;
  readonly fieldClass: StructureFieldClass | undefined;
}

/**
 * An object with a member for each of the structures'; of two of one name the first counts. It shows the event that
 * `view` is at, and costs nothing until a member is read.
 */
function makeMembers(
  view: EventView,
  { decoder, localIndex }: EventClassInfo,
  sources: readonly MemberSource[],
  packetContext: StructureFieldClass | undefined,
): Members {
  const members = Object.create(prototype) as Members;
  for (const { scope, fieldClass } of sources) {
    for (const { name } of fieldClass?.members ?? []) {
      if (Object.hasOwn(members, name)) continue;
      let accessor: Accessor | undefined;
      Object.defineProperty(members, name, {
        enumerable: true,
        get: () => view.readWith((accessor ??= decoder.accessor(localIndex, scope, name))),
      });
    }
  }
  for (const { name, fieldClass } of packetContext?.members ?? []) {
    if (Object.hasOwn(members, name)) continue;
    // Sizes, times and counts say something to readers, nothing about the event: there, but not listed.
    const enumerable = fieldClass.kind !== 'integer' || fieldClass.roles.length === 0;
    Object.defineProperty(members, name, { enumerable, get: () => view.packetContext()[name] });
  }
  return members;
}

/** The payload of events of a class. */
export function makeFields(view: EventView, info: EventClassInfo): Members {
  return makeMembers(
    view,
    info,
    [{ scope: 'event-payload', fieldClass: info.eventClass.payload }],
    undefined,
  );
}

/** The contexts of events of a class: its own, that of all events of its stream, that of the packet. */
export function makeContext(view: EventView, info: EventClassInfo): Members {
  const { eventClass, streamClass } = info;
  return makeMembers(
    view,
    info,
    [
      { scope: 'event-specific-context', fieldClass: eventClass.specificContext },
      { scope: 'event-common-context', fieldClass: streamClass.eventCommonContext },
    ],
    streamClass.packetContext,
  );
}

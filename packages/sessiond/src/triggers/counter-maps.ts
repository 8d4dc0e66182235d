// The counter maps of all sessions: what programs count is read from their directories, what the daemon counts is here.
import { SpoorError } from '@spoor/base';
import type { CounterMap, MapOwner, MapValue } from '@spoor/control';
import type { Numbered } from './watch-description.ts';
import { mapName } from './watch-description.ts';
import type { WatchedProcess } from './watched-process.ts';

/** Counts that belong to no process that runs, by key. */
export type Counts = Readonly<Record<string, number>>;

/** A map as it is kept in the daemon's state. */
export interface StoredMap extends Numbered<CounterMap> {
  /** What the daemon has counted, and what processes had that are over, if their policy adds it here. */
  readonly shared: Counts;
  /** Of maps by user: what ended processes of each had. */
  readonly users: Readonly<Record<string, Counts>>;
}

class OpenMap {
  readonly number: number;
  readonly value: CounterMap;
  readonly shared: Map<string, number>;
  readonly users: Map<number, Map<string, number>>;

  constructor({ number, value, shared, users }: StoredMap) {
    this.number = number;
    this.value = value;
    this.shared = new Map(Object.entries(shared));
    this.users = new Map(
      Object.entries(users).map(([uid, counts]) => [Number(uid), new Map(Object.entries(counts))]),
    );
  }
}

/** Keeps maps. */
export class CounterMaps {
  readonly #maps: OpenMap[] = [];

  constructor(stored: readonly StoredMap[] = []) {
    this.#maps = stored.map((map) => new OpenMap(map));
  }

  get stored(): readonly StoredMap[] {
    return this.#maps.map(({ number, value, shared, users }) => ({
      number,
      value,
      shared: Object.fromEntries(shared),
      users: Object.fromEntries([...users].map(([uid, counts]) => [uid, Object.fromEntries(counts)])),
    }));
  }

  /** Those of a session, or all. */
  list(session?: string): readonly CounterMap[] {
    return this.#of(session).map(({ value }) => value);
  }

  /** @throws SpoorError `trigger/map-exists`. */
  add(number: number, value: CounterMap): void {
    if (this.#find(value.session, value.name) !== undefined) {
      throw new SpoorError(
        'trigger/map-exists',
        `session ${value.session} has a map \`${value.name}\` already`,
      );
    }
    this.#maps.push(new OpenMap({ number, value, shared: {}, users: {} }));
  }

  /** The first of `map0`, `map1` … that a session has not. */
  freeName(session: string): string {
    for (let number = 0; ; number += 1) {
      if (this.#find(session, `map${number}`) === undefined) return `map${number}`;
    }
  }

  /** Forgets the maps of a session; whether it had any. */
  removeSession(session: string): boolean {
    const kept = this.#maps.filter(({ value }) => value.session !== session);
    const hadAny = kept.length < this.#maps.length;
    this.#maps.splice(0, this.#maps.length, ...kept);
    return hadAny;
  }

  /**
   * Counts one in the daemon itself.
   * @throws SpoorError `trigger/unknown-map`, `trigger/map-full`.
   */
  increment(session: string, name: string, key: string): void {
    const map = this.#find(session, name);
    if (map === undefined) {
      throw new SpoorError('trigger/unknown-map', `session ${session} has no map \`${name}\``, {
        hint: 'add-map-channel makes one',
      });
    }
    const { shared, value } = map;
    if (!shared.has(key) && shared.size >= value.maxKeys) {
      throw new SpoorError(
        'trigger/map-full',
        `map \`${name}\` has ${value.maxKeys} keys, which is its most`,
      );
    }
    shared.set(key, (shared.get(key) ?? 0) + 1);
  }

  /** Takes over what a process has counted that is over; whether that was anything. */
  takeOver(process: WatchedProcess): boolean {
    let tookAny = false;
    for (const { number, value, shared, users } of this.#maps) {
      const counts = process.counts(mapName(number));
      if (counts.size === 0) continue;
      tookAny = true;
      if (value.ownership === 'user') {
        const own = users.get(process.uid) ?? new Map<string, number>();
        users.set(process.uid, own);
        addTo(own, counts, value.maxKeys);
      } else if (value.deadProcessPolicy === 'sum-into-shared') {
        addTo(shared, counts, value.maxKeys);
      }
    }
    return tookAny;
  }

  /** All counters of a session's maps, with those of the processes that run. */
  values(session: string, processes: readonly WatchedProcess[]): readonly MapValue[] {
    return this.#of(session).flatMap(({ number, value, shared, users }) => {
      const made: MapValue[] = [];
      const add = (owner: MapOwner, counts: ReadonlyMap<string, number>): void => {
        for (const [key, count] of counts) made.push(mapValue(value, owner, key, count));
      };
      const byUser = new Map([...users].map(([uid, counts]) => [uid, new Map(counts)]));
      for (const process of processes) {
        const counts = process.counts(mapName(number));
        if (value.ownership === 'process') {
          add({ kind: 'process', pid: process.pid, procname: process.procname }, counts);
        } else {
          const own = byUser.get(process.uid) ?? new Map<string, number>();
          byUser.set(process.uid, own);
          addTo(own, counts, value.maxKeys);
        }
      }
      for (const [uid, counts] of byUser) add({ kind: 'user', uid }, counts);
      add({ kind: 'shared' }, shared);
      return made;
    });
  }

  /** The maps of sessions of which `isActive` holds. */
  active(isActive: (session: string) => boolean): readonly Numbered<CounterMap>[] {
    return this.#maps.filter(({ value }) => isActive(value.session));
  }

  #of(session: string | undefined): readonly OpenMap[] {
    return this.#maps.filter(({ value }) => session === undefined || value.session === session);
  }

  #find(session: string, name: string): OpenMap | undefined {
    return this.#maps.find(({ value }) => value.session === session && value.name === name);
  }
}

/** Adds counts to sums of at most so many keys. */
function addTo(sums: Map<string, number>, counts: ReadonlyMap<string, number>, maxKeys: number): void {
  for (const [key, count] of counts) {
    if (sums.has(key) || sums.size < maxKeys) sums.set(key, (sums.get(key) ?? 0) + count);
  }
}

function mapValue({ name, valueType }: CounterMap, owner: MapOwner, key: string, count: number): MapValue {
  const isNarrow = valueType === 'signed-int-32';
  const hasOverflowed = isNarrow ? count > 0x7fff_ffff : count > Number.MAX_SAFE_INTEGER;
  return { map: name, owner, key, value: isNarrow ? count | 0 : count, hasOverflowed };
}

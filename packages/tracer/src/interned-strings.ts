// Strings as numbers. A field declared `interned-string` records four bytes; what text a number stands for is told by an
// event `spoor:string` before, in every packet anew that the number occurs in: so each packet can be read without the
// others, whatever was overwritten or lost.
import type { RingProducer } from '@spoor/ringbuffer';
import { declare, type Declaration } from './declaration.ts';
import type { Serialise } from './serialiser.ts';
import { detached, slotOf } from './string-cache.ts';

/** What tells the text of a number. */
export const stringDeclaration: Declaration = declare(
  'spoor:string',
  [
    ['id', 'u32'],
    ['text', 'string'],
  ],
  'info',
);

/** Most strings, and most of their characters, that a thread has numbers for at a time. */
const MAX_STRINGS = 4096;
const MAX_CHARACTERS = 1 << 20;
const SLOT_COUNT = 512;
/** Rounds in which all strings of an event must come to be told in one packet. */
const MAX_ATTEMPTS = 4;

/** The numbers of strings in one thread. When it is full it begins anew: a number means what was told of it last. */
export class StringTable {
  readonly #ids = new Map<string, number>();
  /** The strings that were looked up last: a Map takes three times as long. */
  readonly #slotTexts: string[] = Array.from({ length: SLOT_COUNT }, () => '');
  readonly #slotIds = new Uint32Array(SLOT_COUNT);
  readonly #rings: WeakRef<RingStrings>[] = [];
  #characters = 0;

  /** The number of a string, from 1 to {@link MAX_STRINGS}; holds until the next call. */
  idOf(text: string): number {
    if (text.length !== 0) {
      const slot = slotOf(text, SLOT_COUNT - 1);
      if (this.#slotTexts[slot] === text) return this.#slotIds[slot]!;
    }
    return this.#look(text);
  }

  /** Has `ring` forget what it told when the numbers begin anew. */
  follow(ring: RingStrings): void {
    this.#rings.push(new WeakRef(ring));
  }

  #look(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      this.#characters += text.length;
      if (this.#ids.size >= MAX_STRINGS || this.#characters > MAX_CHARACTERS) this.#beginAnew(text.length);
      id = this.#ids.size + 1;
      this.#ids.set(detached(text), id);
    }
    if (text.length !== 0) {
      const slot = slotOf(text, SLOT_COUNT - 1);
      this.#slotTexts[slot] = detached(text);
      this.#slotIds[slot] = id;
    }
    return id;
  }

  #beginAnew(characters: number): void {
    this.#ids.clear();
    this.#slotTexts.fill('');
    this.#characters = characters;
    const alive = this.#rings.filter((ring) => ring.deref() !== undefined);
    this.#rings.length = 0;
    for (const ring of alive) {
      ring.deref()?.told.fill(0);
      this.#rings.push(ring);
    }
  }
}

/** What was told of strings in one ring. */
export class RingStrings {
  /** By number: the packet that it was told in last, as {@link RingProducer.openedPackets} counts. */
  readonly told: Uint32Array = new Uint32Array(MAX_STRINGS + 1);
  readonly table: StringTable;
  readonly #ring: RingProducer;
  readonly #tell: Serialise;

  /** @param tell records {@link stringDeclaration}'s event in the ring. */
  constructor(table: StringTable, ring: RingProducer, tell: Serialise) {
    this.table = table;
    this.#ring = ring;
    this.#tell = tell;
    table.follow(this);
  }

  /**
   * Begins an event with these strings, as {@link RingProducer.begin} does, in a packet in which all of them are told.
   * Their numbers may have changed thereafter. -1 when the event is lost (and counted).
   */
  begin(eventId: number, payloadBytes: number, texts: readonly string[]): number {
    const ring = this.#ring;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      for (const text of texts) if (!this.#ensureTold(text)) return -1;
      // A table that began anew in between, or a packet that was full, asks for another round.
      if (!texts.every((text) => this.#isTold(text))) continue;
      const packets = ring.openedPackets;
      const at = ring.begin(eventId, payloadBytes);
      if (at < 0 || ring.openedPackets === packets) return at;
    }
    ring.countLost();
    return -1;
  }

  #isTold(text: string): boolean {
    return this.told[this.table.idOf(text)] === this.#ring.openedPackets && this.#ring.end !== 0;
  }

  /** False when the ring is full, which counted a loss. */
  #ensureTold(text: string): boolean {
    if (this.#isTold(text)) return true;
    const ring = this.#ring;
    const committed = ring.committed[0]!;
    const lost = ring.lostEvents;
    const id = this.table.idOf(text);
    this.#tell(id, text);
    if (ring.committed[0] === committed) return false;
    // Contexts of the event are the program's code, which may have emitted events of its own: if one of all these was
    // lost, or the numbers begun anew, the next round sees to it.
    if (ring.lostEvents === lost && this.table.idOf(text) === id) this.told[id] = ring.openedPackets;
    return true;
  }
}

// Tiles that were fetched, and the requests for those that the picture lacks. A view's tiles are asked for together,
// one request a tile for all rows that lack it; requests that the next view does not need are cancelled.
import { tileBins, type TileAddress } from '@spoor/store';

/** Fetches one tile of the given rows. */
export type TileFetch = (
  address: TileAddress,
  rows: readonly string[],
  signal: AbortSignal,
) => Promise<Uint32Array>;

/** Row tiles kept, at 2 KiB each. */
const capacity = 12_000;
/** Rows of one request. */
const rowsPerRequest = 128;

interface Entry {
  readonly words: Uint32Array;
  readonly revision: number;
}

interface Pending {
  readonly stop: AbortController;
  readonly address: TileAddress;
  readonly rows: ReadonlySet<string>;
}

/** See the head of this file. */
export class TileCache {
  /** The trace's revision; entries of another are drawn until their successor is there. */
  revision = 0;
  readonly #fetch: TileFetch;
  readonly #arrived: () => void;
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<number, Pending>();
  #serial = 0;

  constructor(fetch: TileFetch, arrived: () => void) {
    this.#fetch = fetch;
    this.#arrived = arrived;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** The bins of a row's tile, perhaps out of date while the trace is being indexed. */
  find(level: number, index: number, row: string): Uint32Array | undefined {
    return this.#entries.get(`${level}/${index}/${row}`)?.words;
  }

  /** Asks for what is missing of the wanted tiles, and cancels what is under way for others. */
  want(addresses: readonly TileAddress[], rows: readonly string[]): void {
    const wanted = new Set(addresses.map(({ level, index }) => `${level}/${index}`));
    for (const [serial, pending] of this.#pending) {
      if (wanted.has(`${pending.address.level}/${pending.address.index}`)) continue;
      pending.stop.abort();
      this.#pending.delete(serial);
    }
    for (const address of addresses) {
      const underWay = new Set<string>();
      for (const pending of this.#pending.values()) {
        if (pending.address.level !== address.level || pending.address.index !== address.index) continue;
        for (const row of pending.rows) underWay.add(row);
      }
      const missing = rows.filter((row) => {
        if (underWay.has(row)) return false;
        const key = `${address.level}/${address.index}/${row}`;
        const entry = this.#entries.get(key);
        if (entry === undefined) return true;
        // Move to the young end, so that the oldest are dropped first.
        this.#entries.delete(key);
        this.#entries.set(key, entry);
        return entry.revision !== this.revision;
      });
      for (let i = 0; i < missing.length; i += rowsPerRequest) {
        void this.#request(address, missing.slice(i, i + rowsPerRequest));
      }
    }
  }

  async #request(address: TileAddress, rows: readonly string[]): Promise<void> {
    const serial = this.#serial++;
    const stop = new AbortController();
    this.#pending.set(serial, { stop, address, rows: new Set(rows) });
    const { revision } = this;
    try {
      const words = await this.#fetch(address, rows, stop.signal);
      rows.forEach((row, i) => {
        const key = `${address.level}/${address.index}/${row}`;
        this.#entries.delete(key);
        this.#entries.set(key, { words: words.subarray(i * tileBins, (i + 1) * tileBins), revision });
      });
      for (const key of this.#entries.keys()) {
        if (this.#entries.size <= capacity) break;
        this.#entries.delete(key);
      }
      this.#pending.delete(serial);
      this.#arrived();
    } catch {
      // Cancelled, or the server is gone: the status line says so, and the next view asks again.
      this.#pending.delete(serial);
    }
  }
}

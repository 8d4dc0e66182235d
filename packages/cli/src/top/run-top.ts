/** Shows again and again what sessions do, until somebody has seen enough. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '@spoor/control';
import { adviseOn } from './advice.ts';
import { SORT_KEYS, type SortKey, sortedRows, tableText } from './top-table.ts';
import { type SessionLook, UsageHistory } from './usage-history.ts';

/** How it is shown. */
export interface TopOptions {
  /** The one session that is meant; all when undefined. */
  readonly session?: string;
  readonly intervalMs: number;
  /** How often it is shown; without end when undefined. */
  readonly count?: number;
  readonly sortKey: SortKey;
  readonly isJson: boolean;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';

/** Runs until the count is reached, a key or a signal ends it, or nobody reads any more. */
export async function runTop(client: ControlClient, options: TopOptions): Promise<void> {
  const isScreen = !options.isJson && process.stdout.isTTY && options.count === undefined;
  const ending = new AbortController();
  const view = new View(options, isScreen, () => ending.abort());
  const end = (): void => ending.abort();
  process.on('SIGINT', end).on('SIGTERM', end);
  process.stdout.on('error', end);
  try {
    view.open();
    const history = new UsageHistory();
    // Rates need two looks: the first is shown on a screen alone, which should not stay empty.
    const looks = await look(client, options.session);
    const first = history.add(looks, Date.now());
    if (isScreen) view.show(first, looks);
    for (let shown = 0; shown !== options.count && !ending.signal.aborted; shown += 1) {
      await sleep(options.intervalMs, undefined, { signal: ending.signal });
      const seen = await look(client, options.session);
      view.show(history.add(seen, Date.now()), seen);
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    view.close();
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

/** Columns and lines of the terminal; one that was never told its size says 0 of both. */
function terminalSize(): { readonly width: number; readonly height: number } {
  const { columns, rows } = process.stdout;
  return { width: columns > 0 ? columns : 80, height: rows > 0 ? rows : 24 };
}

async function look(client: ControlClient, name: string | undefined): Promise<readonly SessionLook[]> {
  const sessions =
    name === undefined
      ? (await client.call('list-sessions', {})).sessions
      : [(await client.call('get-session', { session: name })).session];
  return Promise.all(
    sessions.map(async (session) => ({
      session,
      usage: await client.call('get-usage', { session: session.name }),
    })),
  );
}

class View {
  readonly #isJson: boolean;
  readonly #isScreen: boolean;
  readonly #end: () => void;
  #sortKey: SortKey;
  #redraw: (() => void) | undefined;
  readonly #onKey = (bytes: Buffer): void => this.#key(bytes.toString('latin1'));
  readonly #onResize = (): void => this.#redraw?.();

  constructor({ isJson, sortKey }: TopOptions, isScreen: boolean, end: () => void) {
    this.#isJson = isJson;
    this.#isScreen = isScreen;
    this.#sortKey = sortKey;
    this.#end = end;
  }

  open(): void {
    if (!this.#isScreen) return;
    process.stdout.write(ENTER);
    process.stdout.on('resize', this.#onResize);
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true);
      process.stdin.on('data', this.#onKey).resume();
    }
  }

  close(): void {
    if (!this.#isScreen) return;
    process.stdout.off('resize', this.#onResize);
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(false);
      process.stdin.off('data', this.#onKey).pause();
    }
    process.stdout.write(LEAVE);
  }

  show(frame: ReturnType<UsageHistory['add']>, looks: readonly SessionLook[]): void {
    const advices = adviseOn(frame, looks);
    if (this.#isJson) {
      const rows = sortedRows(frame.rows, this.#sortKey);
      process.stdout.write(`${JSON.stringify({ ...frame, rows, advice: advices })}\n`);
      return;
    }
    if (!this.#isScreen) {
      const hasColors = process.stdout.isTTY;
      const width = hasColors ? { width: terminalSize().width } : {};
      process.stdout.write(`${tableText(frame, advices, { sortKey: this.#sortKey, hasColors, ...width })}\n`);
      return;
    }
    this.#redraw = () => {
      const { width, height } = terminalSize();
      const keys = Object.entries(SORT_KEYS).map(([name, key]) =>
        name === this.#sortKey ? `[${key} ${name}]` : `${key} ${name}`,
      );
      const text = tableText(frame, advices, {
        sortKey: this.#sortKey,
        hasColors: true,
        width,
        // The last line feed would scroll.
        height: Math.max(1, height - 1),
        footer: `sort by: ${keys.join('  ')}   q quit`,
      });
      const lines = text.trimEnd().split('\n');
      process.stdout.write(`${HOME}${lines.join(`${TO_LINE_END}\r\n`)}${TO_LINE_END}${TO_SCREEN_END}`);
    };
    this.#redraw();
  }

  #key(text: string): void {
    for (const character of text) {
      if (character === 'q' || character === '\u0003') this.#end();
      const chosen = Object.entries(SORT_KEYS).find(([, key]) => key === character);
      if (chosen === undefined) continue;
      this.#sortKey = chosen[0] as SortKey;
      this.#redraw?.();
    }
  }
}

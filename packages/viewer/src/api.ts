import type {
  ErrorAnswer,
  EventDetail,
  Marks,
  PickAnswer,
  PositionAnswer,
  SearchAnswer,
  SelectionAnswer,
  TableRows,
  TraceSummary,
} from '@spoor/server/protocol';
import type { TileAddress } from '@spoor/store';

/** What is wanted in each column of the table. */
export interface Patterns {
  readonly process: string;
  readonly thread: string;
  readonly eventName: string;
  readonly fields: string;
}

/** What is said when the server is gone. */
export const disconnected = 'The server does not answer. Is `spoor view` still running?';

/** A request that failed: refused by the server, or without any answer. */
class ApiError extends Error {}

type Parameters = Readonly<Record<string, string | number>>;

async function get(path: string, parameters: Parameters, signal: AbortSignal | undefined): Promise<Response> {
  const query = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]));
  let answer: Response;
  try {
    answer = await fetch(`api/${path}?${query}`, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError(disconnected);
  }
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => ({ error: `status ${answer.status}` }))) as ErrorAnswer;
  throw new ApiError(body.error);
}

async function json<T>(path: string, parameters: Parameters, signal?: AbortSignal): Promise<T> {
  return (await (await get(path, parameters, signal)).json()) as T;
}

async function words(path: string, parameters: Parameters, signal?: AbortSignal): Promise<Uint32Array> {
  return new Uint32Array(await (await get(path, parameters, signal)).arrayBuffer());
}

/** The server's requests; each rejects with `ApiError`, or the signal's reason when it is cancelled. */
export const api = {
  trace: (signal?: AbortSignal) => json<TraceSummary>('trace', {}, signal),
  tiles: ({ level, index }: TileAddress, rows: readonly string[], signal?: AbortSignal) =>
    words('tiles', { level, index, rows: rows.join(',') }, signal),
  histogram: (from: number, to: number, bins: number, signal?: AbortSignal) =>
    words('histogram', { from, to, bins }, signal),
  marks: (rows: readonly string[], from: number, to: number, min: number, signal?: AbortSignal) =>
    json<Marks>('marks', { rows: rows.join(','), from, to, min }, signal),
  pick: (row: string, time: number, tolerance: number, signal?: AbortSignal) =>
    json<PickAnswer>('pick', { rows: row, time, tolerance }, signal),
  selection: (from: number, to: number, signal?: AbortSignal) =>
    json<SelectionAnswer>('selection', { from, to }, signal),
  event: (event: number, signal?: AbortSignal) => json<EventDetail>('event', { event }, signal),
  rows: (first: number, count: number, patterns: Patterns, signal?: AbortSignal) =>
    json<TableRows>('rows', { first, count, ...patterns }, signal),
  positionOfEvent: (event: number, patterns: Patterns, signal?: AbortSignal) =>
    json<PositionAnswer>('position', { event, ...patterns }, signal),
  positionOfTime: (time: number, patterns: Patterns, signal?: AbortSignal) =>
    json<PositionAnswer>('position', { time, ...patterns }, signal),
  search: (from: number, direction: 'forward' | 'backward', patterns: Patterns, signal?: AbortSignal) =>
    json<SearchAnswer>('search', { from, direction, ...patterns }, signal),
};

/** Whether an error only says that a request was cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Files of a web server, by range requests. */
import { SpoorError } from '@spoor/base';
import { RemoteSource } from './remote-source.ts';

/** Asked for at first; files of traces are recognised by as much. */
const firstBytes = 65_536;

function failed(url: string, message: string, hint?: string, cause?: unknown): SpoorError {
  return new SpoorError('trace/fetch', message, { where: url, hint, cause });
}

async function request(url: string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { headers });
  } catch (cause) {
    throw failed(url, 'the server does not answer', 'a server of another origin must allow it (CORS)', cause);
  }
}

/** The text of a file; undefined where there is none. @throws SpoorError `trace/fetch`. */
export async function fetchText(url: string): Promise<string | undefined> {
  const response = await request(url, {});
  if (response.status === 404 || response.status === 403) return undefined;
  if (!response.ok) throw failed(url, `the server answers ${response.status}`);
  return response.text();
}

/** A file of a web server: its bytes, and the address that it was found at in the end. */
export interface UrlFile {
  readonly source: RemoteSource;
  readonly url: string;
}

/**
 * Opens a file; its first 64 KiB are fetched. A server that knows no ranges sends it whole.
 * @throws SpoorError `trace/fetch`.
 */
export async function openUrl(url: string): Promise<UrlFile> {
  const response = await request(url, { Range: `bytes=0-${firstBytes - 1}` });
  const range = response.headers.get('content-range');
  if (response.status === 416) return { source: new RemoteSource(url, 0, neverFetched), url };
  if (response.status === 200) {
    const whole = new Uint8Array(await response.arrayBuffer());
    return { source: wholeSource(url, whole), url: response.url || url };
  }
  if (response.status !== 206) throw failed(url, `the server answers ${response.status}`);
  const size = Number(/^bytes \d+-\d+\/(\d+)$/.exec(range ?? '')?.[1]);
  if (!Number.isSafeInteger(size)) {
    throw failed(
      url,
      'the server does not say how large it is',
      'of another origin, it must expose the header Content-Range',
    );
  }
  const first = new Uint8Array(await response.arrayBuffer());
  const fetchRange = async (start: number, end: number): Promise<Uint8Array> => {
    const part = await request(url, { Range: `bytes=${start}-${end - 1}` });
    if (part.status !== 206 || !(part.headers.get('content-range') ?? '').endsWith(`/${size}`)) {
      throw failed(url, `the server answers ${part.status}`, 'it changed while it was read');
    }
    return new Uint8Array(await part.arrayBuffer());
  };
  return { source: new RemoteSource(url, size, fetchRange, first), url: response.url || url };
}

function neverFetched(): Promise<Uint8Array> {
  return Promise.resolve(new Uint8Array(0));
}

function wholeSource(url: string, whole: Uint8Array): RemoteSource {
  return new RemoteSource(
    url,
    whole.length,
    (start, end) => Promise.resolve(whole.subarray(start, end)),
    whole,
  );
}

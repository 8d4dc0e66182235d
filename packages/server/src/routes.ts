// The HTTP surface. Only this machine may ask: the server listens on the loopback address, and a request whose Host is
// another name (a page elsewhere that had its name resolve to us) is refused.
import { setImmediate } from 'node:timers/promises';
import { describeError, SpoorError } from '@spoor/base';
import { maxLevel, parseRowKey, type RowKey } from '@spoor/store';
import { Hono, type Context } from 'hono';
import type { ColumnPatterns } from './pattern.ts';
import type { PageFiles } from './page-files.ts';
import type { TraceView } from './trace-view.ts';

const maxRows = 512;
const maxBins = 8192;
const hostPattern = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The application that answers for `view`; `page` is the viewer. */
export function routesOf(view: TraceView, page: PageFiles): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (!hostPattern.test(context.req.header('host') ?? '')) {
      return context.json({ error: 'this server answers on 127.0.0.1 only' }, 403);
    }
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      return context.json({ error: 'only GET' }, 405, { allow: 'GET, HEAD' });
    }
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    return undefined;
  });
  app.onError((error, context) =>
    context.json(
      { error: describeError(error) },
      error instanceof SpoorError && error.code.startsWith('view/') ? 400 : 500,
    ),
  );
  app.notFound((context) => context.json({ error: 'no such address' }, 404));

  app.use('/api/*', async (context, next) => {
    // A page elsewhere cannot read answers, but it could keep the server busy with them.
    const site = context.req.header('sec-fetch-site') ?? 'none';
    if (site !== 'same-origin' && site !== 'none') {
      return context.json({ error: "only this server's page may ask" }, 403);
    }
    // One turn of the event loop, so that a request cancelled while it waited is not computed.
    await setImmediate();
    if (context.req.raw.signal.aborted) return new Response(undefined, { status: 499 });
    context.header('cache-control', 'no-store');
    await next();
    return undefined;
  });
  app.get('/api/trace', (context) => context.json(view.summary()));
  app.get('/api/tiles', (context) => {
    const level = integer(context, 'level', 0, maxLevel);
    const index = integer(context, 'index', -(2 ** 43), 2 ** 43);
    return words(context, view.tile({ level, index }, rowKeys(context)), view.store.revision);
  });
  app.get('/api/histogram', (context) => {
    const { fromNs, toNs } = range(context);
    const bins = integer(context, 'bins', 1, maxBins);
    return words(context, view.histogram(fromNs, toNs, bins), view.store.revision);
  });
  app.get('/api/marks', (context) => {
    const { fromNs, toNs } = range(context);
    return context.json(view.marks(rowKeys(context), fromNs, toNs, number(context, 'min')));
  });
  app.get('/api/pick', (context) => {
    const row = rowKeys(context)[0];
    if (row === undefined) throw badParameter('rows', 'one row');
    return context.json(view.pick(row, number(context, 'time'), number(context, 'tolerance')));
  });
  app.get('/api/selection', (context) => {
    const { fromNs, toNs } = range(context);
    return context.json(view.selection(fromNs, toNs));
  });
  app.get('/api/event', (context) => {
    const detail = view.detail(integer(context, 'event', 0, 0xffff_fffe));
    return detail === undefined ? context.json({ error: 'no such event' }, 404) : context.json(detail);
  });
  app.get('/api/rows', (context) => {
    const first = integer(context, 'first', 0, 0xffff_fffe);
    const count = integer(context, 'count', 0, maxRows);
    return context.json(view.table.rows(first, count, patterns(context)));
  });
  app.get('/api/position', (context) => {
    if (context.req.query('event') !== undefined) {
      return context.json(
        view.table.rowOfEvent(integer(context, 'event', 0, 0xffff_fffe), patterns(context)),
      );
    }
    return context.json(view.table.rowAtTime(number(context, 'time'), patterns(context)));
  });
  app.get('/api/search', (context) => {
    const from = integer(context, 'from', -1, 0xffff_fffe);
    const forward = context.req.query('direction') !== 'backward';
    return context.json(view.table.search(from, forward, patterns(context)));
  });
  app.get('*', (context) => {
    const file = page.get(context.req.path === '/' ? '/index.html' : context.req.path);
    if (file === undefined) return context.notFound();
    return context.body(file.body, 200, {
      'content-type': file.type,
      'cache-control': file.immutable ? 'max-age=31536000, immutable' : 'no-cache',
    });
  });
  return app;
}

function badParameter(name: string, wanted: string): SpoorError {
  return new SpoorError('view/parameter', `parameter ${name} must be ${wanted}`);
}

function number(context: Context, name: string): number {
  const text = context.req.query(name);
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isFinite(value)) throw badParameter(name, 'a number');
  return value;
}

function integer(context: Context, name: string, least: number, most: number): number {
  const value = number(context, name);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw badParameter(name, `an integer from ${least} to ${most}`);
  }
  return value;
}

function range(context: Context): { readonly fromNs: number; readonly toNs: number } {
  const fromNs = number(context, 'from');
  const toNs = number(context, 'to');
  if (fromNs > toNs) throw badParameter('to', 'at least from');
  return { fromNs, toNs };
}

function rowKeys(context: Context): RowKey[] {
  const names = (context.req.query('rows') ?? '').split(',').filter(Boolean);
  if (names.length > maxRows) throw badParameter('rows', `at most ${maxRows} rows`);
  return names.map((name) => {
    const key = parseRowKey(name);
    if (key === undefined) throw badParameter('rows', 'names of rows');
    return key;
  });
}

function patterns(context: Context): ColumnPatterns {
  const text = (name: string): string => context.req.query(name) ?? '';
  return {
    process: text('process'),
    thread: text('thread'),
    event: text('eventName'),
    fields: text('fields'),
  };
}

function words(context: Context, body: Uint32Array, revision: number): Response {
  return context.body(body.buffer as ArrayBuffer, 200, {
    'content-type': 'application/octet-stream',
    'x-spoor-revision': String(revision),
  });
}

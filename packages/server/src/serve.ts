import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { SpoorError } from '@spoor/base';
import { readPageFiles } from './page-files.ts';
import { routesOf } from './routes.ts';
import type { ViewSource } from './source.ts';
import { TraceView } from './trace-view.ts';

/** How to serve. */
export interface ServeOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** Folder of the built viewer. */
  readonly pageDir: string;
}

/** A running server. */
export interface ViewServer {
  readonly url: string;
  readonly port: number;
  readonly view: TraceView;
  /** Resolves when all events are indexed. */
  readonly indexed: Promise<void>;
  /** Stops at once, open requests included. */
  close(): Promise<void>;
}

/**
 * Serves the viewer for a source on 127.0.0.1 and starts to index it.
 * @throws SpoorError `view/page`, `view/port`.
 */
export async function serveView(source: ViewSource, options: ServeOptions): Promise<ViewServer> {
  const page = readPageFiles(options.pageDir);
  const view = new TraceView(source);
  const answer = getRequestListener(routesOf(view, page).fetch);
  const server = createServer((request, response) => void answer(request, response));
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const indexed = view.index(stop.signal);
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    view,
    indexed,
    close: async () => {
      stop.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await indexed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new SpoorError('view/port', taken ? `port ${port} is in use` : `cannot listen on port ${port}`, {
          hint: taken ? 'choose another with --port, or leave it out for a free one' : undefined,
          cause: taken ? undefined : cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

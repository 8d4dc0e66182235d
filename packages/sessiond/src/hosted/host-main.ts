// The consumer process of a session daemon: `node host-main.js SOCKET`. It goes on when its daemon dies, so that the
// next one finds nothing lost, and ends when it has neither a session nor a daemon. A session whose directory somebody has
// removed is none any more.
import { LineServer } from '../line-server.ts';
import { PathMark } from '../path-mark.ts';
import { ConsumerHost } from './host.ts';

process.title = 'spoor-consumer';
// Traces are for the user and the group, as LTTng's are.
process.umask(0o007);

/** How long it waits for a daemon when it has nothing to do. */
const LONELY_MS = 5000;

const path = process.argv[2] ?? '';
const host = new ConsumerHost();
const server = await LineServer.listen(
  path,
  { mode: 0o600 },
  {
    receive: (peer, line) => host.receive(peer, line),
    closed: (peer) => host.closed(peer),
  },
);

const socket = new PathMark(path);

function end(): void {
  // Who is at its place by now is to be found there.
  if (socket.state === 'same') server.close();
  host.close();
  process.exit(0);
}

let lonelySinceMs = performance.now();
setInterval(() => {
  // What is wrong with what is left of a session keeps nobody here.
  if (host.isAlone) host.endRemoved().catch(() => undefined);
  if (!host.isAlone || !host.isIdle) lonelySinceMs = performance.now();
  if (performance.now() - lonelySinceMs >= LONELY_MS) end();
}, LONELY_MS / 5);

// A write beyond the file size limit is an error of that write.
process.on('SIGXFSZ', () => undefined);
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
// Told to end by a daemon that wants another one: what is in the rings stays there.
process.on('SIGTERM', end);

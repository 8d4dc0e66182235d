/** The consumer process of one session, with an IPC channel to `spoor record`. */
import type { CommandMessage, ConsumerMessage } from './consumer-messages.ts';
import { Consumer } from './consumer.ts';
import { ownIdentity } from './process-identity.ts';
import { SessionDirectory } from './run-directory.ts';
import { watchWakes } from './program-wakes.ts';

/** Consumes a session until the command says that it is over, or is gone; then ends the process. */
export function runConsumer(sessionPath: string): void {
  process.title = 'spoor-consumer';

  const session = new SessionDirectory(sessionPath);
  let consumer: Consumer | undefined;
  let isStopping = false;
  let isOrphaned = false;
  let timer: NodeJS.Timeout | undefined;
  // Before any program can call.
  const watcher = watchWakes(session.path, wake);

  /** Sends to the command; when that is gone nobody listens. */
  function tell(message: ConsumerMessage, sent?: () => void): void {
    if (process.connected) process.send!(message, undefined, undefined, () => sent?.());
    else sent?.();
  }

  /** Takes the session over; the state of the rings is read here, not before. */
  function start(): Consumer {
    session.writeConsumer(ownIdentity());
    const onNote = (severity: 'info' | 'error', text: string): void => tell({ kind: 'note', severity, text });
    return new Consumer(session, onNote, { isWoken: watcher !== undefined });
  }

  function loop(): void {
    timer = undefined;
    consumer ??= start();
    if (!isStopping) {
      const pauseMs = consumer.poll(performance.now());
      if (pauseMs === 0) setImmediate(loop);
      else timer = setTimeout(loop, pauseMs);
      return;
    }
    const { totals, complete } = consumer.finish();
    tell({ kind: 'drained', totals, complete }, () => {
      // Without the command nobody else takes the directory away.
      if (isOrphaned) session.remove();
      process.exit(0);
    });
  }

  /** A program calls: the pause is over. */
  function wake(): void {
    consumer?.wake();
    if (timer === undefined) return;
    clearTimeout(timer);
    loop();
  }

  function stop(): void {
    if (isStopping) return;
    isStopping = true;
    // A pause need not be waited for; a pass that goes on at once looks at `isStopping` itself.
    if (timer !== undefined || consumer === undefined) {
      clearTimeout(timer);
      loop();
    }
  }

  process.on('message', (message: CommandMessage) => {
    switch (message.kind) {
      case 'start':
        if (consumer === undefined) loop();
        return;
      case 'stop':
        stop();
        return;
      default:
        message satisfies never;
    }
  });
  process.on('disconnect', () => {
    isOrphaned = true;
    stop();
  });
  // Its life ends with the recording; a write beyond the file size limit is an error of that write.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXFSZ'] as const)
    process.on(signal, () => undefined);

  tell({ kind: 'ready' });
}

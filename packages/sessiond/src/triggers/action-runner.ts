// Actions that leave the daemon: commands and web hooks. Each gets the notification as JSON.
import { spawn } from 'node:child_process';
import { SpoorError } from '@spoor/base';
import type { FileUser } from '@spoor/sys';
import type { ExecAction, TriggerNotification, WebhookAction } from '@spoor/control';

/** What is kept of a command's complaint. */
const MOST_COMPLAINT_CHARACTERS = 500;
/** Statuses by which a web server says that it has taken what was sent. */
const isTaken = (status: number): boolean => status >= 200 && status < 300;

/**
 * Runs a command, with the notification on its standard input and in its environment what it is about: `SPOOR_TRIGGER`,
 * `SPOOR_SESSION_NAME`, `SPOOR_ARCHIVE_PATH`.
 * @param user whose command it is, if not of this process's user: it gets their rights, and nothing of this environment but
 * the path.
 * @throws SpoorError `trigger/exec` when it cannot be run, ends with another status than 0, or takes too long.
 */
export async function runCommand(
  { command, timeoutMs }: Omit<ExecAction, 'kind'>,
  notification: TriggerNotification,
  user?: FileUser,
): Promise<void> {
  const [program = '', ...args] = command;
  const { session, archivePath } = notification.measured;
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    // A group of its own: what it has started ends with it.
    detached: true,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid, cwd: '/' }),
    env: {
      ...(user === undefined ? process.env : { PATH: process.env['PATH'] }),
      SPOOR_TRIGGER: notification.trigger,
      ...(session === undefined ? {} : { SPOOR_SESSION_NAME: String(session) }),
      ...(archivePath === undefined ? {} : { SPOOR_ARCHIVE_PATH: String(archivePath) }),
    },
  });
  let complaint = '';
  let isLate = false;
  child.stderr.on('data', (chunk: Uint8Array) => {
    complaint = `${complaint}${Buffer.from(chunk).toString('utf8')}`.slice(-MOST_COMPLAINT_CHARACTERS);
  });
  // It need not read it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(notification)}\n`);
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child.pid);
  }, timeoutMs);
  try {
    const status = await new Promise<number | string>((done, failed) => {
      child.once('error', failed);
      child.once('exit', (code, signal) => done(code ?? signal ?? 'unknown'));
    });
    if (status === 0) return;
    const why = isLate ? `it took longer than ${timeoutMs} ms` : `status ${status}`;
    throw new SpoorError(
      'trigger/exec',
      `the command failed: ${why}${complaint === '' ? '' : `: ${complaint.trim()}`}`,
      {
        where: command.join(' '),
      },
    );
  } catch (error) {
    if (error instanceof SpoorError) throw error;
    throw new SpoorError('trigger/exec', 'the command cannot be run', {
      where: command.join(' '),
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    child.stderr.destroy();
    child.unref();
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/**
 * Posts the notification.
 * @throws SpoorError `trigger/webhook` when the server does not take it, or not in time.
 */
export async function postNotification(
  { url, timeoutMs }: Omit<WebhookAction, 'kind'>,
  notification: TriggerNotification,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(notification), 'utf8');
  // Loaded when it is needed; `fetch` would take more memory than all else of the daemon.
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  const headers = { 'content-type': 'application/json', 'content-length': body.byteLength };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const status = await new Promise<number>((done, failed) => {
      const sent = request(url, { method: 'POST', headers, signal, agent: false }, (answer) => {
        answer.resume();
        answer.once('error', failed);
        answer.once('end', () => done(answer.statusCode ?? 0));
      });
      sent.once('error', failed);
      sent.end(body);
    });
    if (isTaken(status)) return;
    throw new SpoorError('trigger/webhook', `the web server answered with status ${status}`, { where: url });
  } catch (error) {
    if (error instanceof SpoorError) throw error;
    throw new SpoorError('trigger/webhook', 'the notification cannot be posted', {
      where: url,
      cause: error,
    });
  }
}

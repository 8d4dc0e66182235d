// The real LTTng-UST beside our tests and benchmarks: a private session daemon for the length of one call, in
// mount and process namespaces of its own. Nothing of it outlives the call, even when the caller is killed, and
// any number of calls may run side by side.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { type Need, command, repoRoot, root } from './machine.ts';
import { removeTree } from './removal.ts';

/** What {@link recordUst} and {@link runUnderLttng} need of the machine. */
export function lttngNeeds(): Need[] {
  // Debian puts the headers below the folder of the architecture.
  const folders = existsSync('/usr/include') ? ['', ...readdirSync('/usr/include')] : [];
  const header = folders.some((name) => existsSync(join('/usr/include', name, 'lttng/tracepoint.h')));
  return [
    root(),
    command('lttng-sessiond'),
    command('lttng'),
    command('gcc'),
    command('unshare'),
    { group: 'interop', lack: 'no liblttng-ust-dev (scripts/install-peers.sh)', met: header },
  ];
}

/** One recording session of the real LTTng. */
export interface LttngSession {
  /** Where the trace goes; made if absent. Not below /dev/shm or /run/lttng, which the daemon sees empty. */
  readonly dir: string;
  /** One buffer set per user (default) or per process. */
  readonly buffers?: 'uid' | 'pid';
  /** Context fields as `lttng add-context --type` names them; none by default. */
  readonly contexts?: readonly string[];
  /** A power of two, at least a page; 4 MiB by default. */
  readonly subBufferSizeBytes?: number;
  /** A power of two; 8 by default. */
  readonly subBufferCount?: number;
  /**
   * `discard` (default) and `overwrite` write the trace all along; `snapshot` overwrites in memory and takes
   * one snapshot after the commands.
   */
  readonly mode?: 'discard' | 'overwrite' | 'snapshot';
  /** What `lttng enable-channel --blocking-timeout` is given; programs also need LTTNG_UST_ALLOW_BLOCKING. */
  readonly blockingTimeout?: string;
  /** Event names or patterns to enable; all by default. */
  readonly enable?: readonly string[];
  /** Filter expression of the recording rules; none by default. */
  readonly filter?: string;
}

/** What a command run by {@link runUnderLttng} wrote. */
export interface LttngRun {
  /** Standard output of all commands, in order. */
  readonly stdout: string;
  /** Standard error of the commands and of the `lttng` tool, which warns there of discarded events. */
  readonly stderr: string;
}

/**
 * Compiles a C program against liblttng-ust, once per content of its folder's C files.
 * @param source path of the `.c` file; headers beside it may be included by their name.
 * @param flags of the compiler, besides the usual.
 * @returns the path of the program, below the checkout's `.cache`.
 */
export function buildUstProgram(source: string, flags: readonly string[] = []): string {
  const folder = dirname(resolve(source));
  const hash = createHash('sha256').update([basename(source), ...flags].join(' '));
  for (const name of readdirSync(folder).sort()) {
    if (/\.[ch]$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
  }
  const cache = join(repoRoot, '.cache', 'ust', hash.digest('hex').slice(0, 16));
  mkdirSync(cache, { recursive: true });
  const program = join(cache, basename(source, '.c'));
  if (existsSync(program)) return program;
  // Built aside and renamed, so that a second builder never runs half a file.
  const made = `${program}.${process.pid}.tmp`;
  const args = [
    '-O2',
    ...flags,
    '-I',
    folder,
    resolve(source),
    '-o',
    made,
    '-llttng-ust',
    '-ldl',
    '-lpthread',
  ];
  const done = spawnSync('gcc', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`compiling ${source} failed:\n${done.stderr}`);
  renameSync(made, program);
  return program;
}

/** A TCP port of the loopback interface that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', ready);
  });
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no free TCP port');
  return address.port;
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const line = (words: readonly string[]): string => words.map(quote).join(' ');

/** The shell script that runs as the first process of the namespaces. Descriptor 3 is the commands' stdout. */
function script(session: LttngSession, commands: readonly (readonly string[])[], agentPort: number): string {
  const mode = session.mode ?? 'discard';
  const channel = [
    'lttng enable-channel --userspace ch0',
    `--buffers-${session.buffers ?? 'uid'}`,
    `--subbuf-size=${session.subBufferSizeBytes ?? 4 * 1024 * 1024}`,
    `--num-subbuf=${session.subBufferCount ?? 8}`,
    ...(mode === 'overwrite' ? ['--overwrite'] : []),
    ...(session.blockingTimeout === undefined
      ? []
      : [`--blocking-timeout=${quote(session.blockingTimeout)}`]),
  ].join(' ');
  const output = `--output=${quote(resolve(session.dir))}`;
  const filter = session.filter === undefined ? '' : ` --filter=${quote(session.filter)}`;
  return [
    'set -eu',
    'mkdir -p /run/lttng',
    'mount -t tmpfs none /run/lttng',
    'mount -t tmpfs -o mode=1777 none /dev/shm',
    'export HOME=/run/lttng/home LTTNG_HOME=/run/lttng/home LTTNG_UST_REGISTER_TIMEOUT=60000',
    'mkdir "$HOME"',
    `lttng-sessiond --no-kernel --agent-tcp-port=${agentPort} --daemonize`,
    `lttng create spoor ${mode === 'snapshot' ? '--snapshot ' : ''}${output}`,
    channel,
    ...(session.contexts ?? []).map(
      (type) => `lttng add-context --userspace --channel=ch0 --type=${quote(type)}`,
    ),
    ...(session.enable ?? ['*']).map(
      (name) => `lttng enable-event --userspace --channel=ch0 ${quote(name)}${filter}`,
    ),
    'lttng start',
    ...commands.map((words) => `${line(words)} >&3`),
    ...(mode === 'snapshot' ? ['lttng snapshot record'] : []),
    'lttng stop',
    'lttng destroy',
    'daemon=$(cat /run/lttng/lttng-sessiond.pid)',
    'kill "$daemon"',
    // The daemon is a grandchild: no `wait` for it, but its end must come before ours.
    'for _ in $(seq 100); do kill -0 "$daemon" 2>/dev/null || break; sleep 0.02; done',
  ].join('\n');
}

/** Arguments of unshare: mounts and processes of their own, which end with the first of these. */
export const ownNamespaces: readonly string[] = [
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];

/**
 * Runs commands one after the other while a real LTTng session records them.
 * @param commands each a program and its arguments; a status other than 0 ends the run with an error.
 * @param timeoutMs the whole run is killed after this long.
 */
export async function runUnderLttng(
  session: LttngSession,
  commands: readonly (readonly string[])[],
  timeoutMs = 120_000,
): Promise<LttngRun> {
  mkdirSync(session.dir, { recursive: true });
  const text = script(session, commands, await freePort());
  const child = spawn('unshare', [...ownNamespaces, 'sh', '-c', text], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  // The kernel ends every process of a process namespace with its first one, and --kill-child ties that to unshare.
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const timer = setTimeout(stop, timeoutMs);
  try {
    const [status, messages, complaints, answers] = await Promise.all([
      ended(child),
      collect(child, 1),
      collect(child, 2),
      collect(child, 3),
    ]);
    if (status !== 0) throw new Error(`LTTng run ended with status ${status}:\n${messages}${complaints}`);
    return { stdout: answers, stderr: complaints };
  } finally {
    clearTimeout(timer);
    process.removeListener('exit', stop);
  }
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (status, signal) => done(status ?? signal ?? 'unknown'));
  });
}

async function collect(child: ChildProcess, descriptor: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  const stream = child.stdio[descriptor] as NodeJS.ReadableStream;
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}

/** A recording of the program `ust/gen.c`. */
export interface UstRecording extends LttngSession {
  /** How many events the program emits, of seven kinds. */
  readonly events: number;
  /** 4 by default. */
  readonly threads?: number;
  /** Sleep of each thread after 1,024 events, in microseconds; 1,500 by default, with which nothing is lost. */
  readonly pauseUs?: number;
  /** What is emitted depends on this, the event count and the thread count alone; 1 by default. */
  readonly seed?: number;
  /** How often the program runs, one after the other; 1 by default. */
  readonly runs?: number;
}

/**
 * Records a new trace with the real LTTng-UST; a trace already in `dir` is removed first. Whether events were
 * discarded is up to buffer sizes and pauses; the defaults lose none of 5 million.
 * @returns the trace's folder and the number of events emitted.
 */
export async function recordUst(
  recording: UstRecording,
): Promise<{ readonly dir: string; readonly emitted: number; readonly stderr: string }> {
  const program = buildUstProgram(join(repoRoot, 'tests/support/ust/gen.c'));
  removeTree(recording.dir);
  const { events, threads = 4, pauseUs = 1500, seed = 1, runs = 1 } = recording;
  const commands = Array.from({ length: runs }, (_, run) =>
    [program, events, threads, pauseUs, seed + run].map(String),
  );
  const done = await runUnderLttng({ enable: ['gen:*'], ...recording }, commands);
  const emitted = done.stdout.split('\n').reduce((sum, word) => sum + Number(word), 0);
  return { dir: recording.dir, emitted, stderr: done.stderr };
}

/** Runs the real babeltrace2 with the given arguments, under a time limit, since some bad traces hang it. */
export function babeltrace2(
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly env?: Readonly<Record<string, string>> } = {},
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const done = spawnSync('babeltrace2', args, {
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 30,
    env: { ...process.env, TZ: 'UTC', ...options.env },
  });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

// Commands of the real `lttng`, one after the other, each with its status and the traces that are there afterwards.
import { spawnSync } from 'node:child_process';
import { ownNamespaces } from './lttng.ts';

/** What one command left. */
export interface Step {
  readonly command: string;
  readonly status: number;
  /** What it printed. */
  readonly stdout: string;
  /** Files below the folder of all traces. */
  readonly tree: readonly string[];
}

const separator = '=== step ';
const printed = '=== printed';

/**
 * Runs shell lines under a session daemon of LTTng in namespaces of their own.
 * @param facts a last line, whose output is answered.
 */
export function runLttngSteps(
  lines: readonly string[],
  facts: string,
): { readonly steps: readonly Step[]; readonly facts: string } {
  const quoted = (line: string): string => `'${line.replaceAll("'", "'\\''")}'`;
  const script = [
    'mkdir -p /run/lttng',
    'mount -t tmpfs none /run/lttng',
    'mount -t tmpfs -o mode=1777 none /dev/shm',
    'export HOME=/run/lttng/home LTTNG_HOME=/run/lttng/home LTTNG_UST_REGISTER_TIMEOUT=60000 TZ=UTC',
    'mkdir "$HOME"',
    // A port of its own: other daemons may listen on the usual one.
    `lttng-sessiond --no-kernel --agent-tcp-port=${20_000 + (process.pid % 20_000)} --daemonize`,
    ...lines.flatMap((line) => [
      `eval ${quoted(line)} >/run/lttng/printed 2>/dev/null`,
      `echo "${separator}$?"`,
      '(cd "$HOME/lttng-traces" 2>/dev/null && find . -type f -printf "%P\\n")',
      `echo "${printed}"; cat /run/lttng/printed`,
    ]),
    `echo "${separator}facts"`,
    facts,
    'kill $(cat /run/lttng/lttng-sessiond.pid)',
  ].join('\n');
  const done = spawnSync('unshare', [...ownNamespaces, 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 400_000,
    killSignal: 'SIGKILL',
  });
  const parts = done.stdout.split(separator).slice(1);
  if (parts.length !== lines.length + 1) throw new Error(`LTTng did not run:\n${done.stdout}${done.stderr}`);
  const steps = lines.map((command, at) => {
    const [before = '', stdout = ''] = parts[at]!.split(`${printed}\n`);
    const [status, ...tree] = before.trimEnd().split('\n');
    return { command, status: Number(status), tree, stdout };
  });
  return { steps, facts: parts.at(-1)!.slice('facts\n'.length) };
}

/** A layout without what differs from one run to the next: times, numbers of processes and of streams. */
export function layoutOf(tree: readonly string[]): readonly string[] {
  const plain = tree.map((path) =>
    path
      .replaceAll(/\d{8}T\d{6}[+-]\d{4}/g, 'TIME')
      .replaceAll(/\d{8}-\d{6}/g, 'DATE')
      .replace(/ust\/uid\/\d+\/64-bit/, 'ust/BUFFERS')
      .replace(/ust\/pid\/[^/]+-\d+-DATE/, 'ust/BUFFERS')
      .replace(/_\d+(\.idx)?$/, '_N$1'),
  );
  return [...new Set(plain)].sort((a, b) => a.localeCompare(b));
}

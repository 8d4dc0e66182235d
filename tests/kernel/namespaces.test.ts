// Contexts of processes in namespaces of their own and of other users, held against what they say of themselves.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { openTrace } from '@spoor/components/node';
import { afterAll, expect, test } from 'vitest';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { until } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoorProgram } from '../support/spoor.ts';

/** Says what it is, then makes one system call again and again until it may end. */
const program = `
name=$1; folder=$2
echo "$$ $(readlink /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/mnt /proc/self/ns/uts | tr -cd '0-9\\n' | tr '\\n' ' ')$(id -u)" > "$folder/$name.new"
mv "$folder/$name.new" "$folder/$name"
while [ ! -e "$folder/go" ]; do
  case $name in
    apart) cd "$folder" ;;
    entered) umask 022 ;;
    nobody) kill -0 $$ ;;
  esac
  sleep 0.05
done
`;

/** Which call tells which program. */
const calls = { apart: 'chdir', entered: 'umask', nobody: 'kill' } as const;

const contexts = ['vpid', 'pid_ns', 'net_ns', 'mnt_ns', 'uts_ns', 'euid'] as const;

const needs = [tracefs(), command('unshare'), command('setpriv')];

describeNeeding(needs, 'contexts in namespaces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-namespaces-'));
  const trace = join(folder, 'trace');
  afterAll(() => removeTree(folder));

  /** What a program said of itself, in the order of the contexts. */
  const truth = (name: string): string => readFileSync(join(folder, name), 'latin1').trim();

  /** Contexts of the events of each program so far, as texts. */
  function seen(): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    for (const event of openTrace(join(trace, 'kernel')).events()) {
      const { procname, ...values } = (event.commonContext() ?? {}) as Record<string, unknown>;
      const name = Object.keys(calls).find(
        (key) => event.name === `syscall_entry_${calls[key as keyof typeof calls]}`,
      );
      if (procname !== 'sh' || name === undefined) continue;
      const of = found.get(name) ?? new Set();
      found.set(name, of.add(contexts.map((context) => String(values[context])).join(' ')));
    }
    return found;
  }

  /** The same while the recorder writes: what is half written tells nothing yet. */
  function seenSoFar(): ReturnType<typeof seen> {
    try {
      return seen();
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      return new Map();
    }
  }

  test('numbers, namespaces and users are those that the processes have', async () => {
    chmodSync(folder, 0o777);
    const script = join(folder, 'program.sh');
    writeFileSync(script, program);
    const each = (name: keyof typeof calls): string => `sh ${script} ${name} ${folder}`;
    const all = `unshare -pfnu --mount-proc ${each('apart')} & unshare -nu ${each('entered')} &
      setpriv --reuid 65534 --regid 65534 --clear-groups ${each('nobody')} & wait`;
    const child = spawn(
      process.execPath,
      [
        spoorProgram,
        'record',
        '--no-auto',
        '--kernel-events',
        Object.values(calls)
          .map((call) => `syscall_entry_${call}`)
          .join(','),
        '--kernel-context',
        ['procname', ...contexts].join(','),
        '-o',
        trace,
        '--',
        'sh',
        '-c',
        all,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (data) => (said += String(data)));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until(() => Object.keys(calls).every((name) => existsSync(join(folder, name))));
      // All live until the recorder has seen them: what it looks up is there. First events may be of before the record
      // of the program's execution was read, from another ring.
      await until(() => {
        if (!existsSync(join(trace, 'kernel/metadata'))) return false;
        const found = seenSoFar();
        return Object.keys(calls).every((name) => [...(found.get(name) ?? [])].at(-1) === truth(name));
      });
    } finally {
      writeFileSync(join(folder, 'go'), '');
      // Who looks for that file once the folder is removed never ends.
      await ended;
    }
    expect(await ended, said).toBe(0);
    const found = seen();
    const last = Object.keys(calls).map((name) => [...(found.get(name) ?? [])].at(-1));
    expect(last).toEqual(Object.keys(calls).map(truth));
    // It was made by who had left all namespaces before, and is told from them at once.
    expect([...found.get('apart')!]).toEqual([truth('apart')]);
    expect(truth('apart')).toMatch(/^1 /);
    expect(truth('nobody')).toMatch(/ 65534$/);
    expect(new Set(last.map((values) => values!.split(' ')[2]))).toHaveProperty('size', 3);
  });
});

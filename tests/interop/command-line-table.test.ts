// Every line of command-lines.ts, by babeltrace2 and by `spoor-babeltrace2`: the same standard output, the same status,
// and where a command line is refused the same reason.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runAsBabeltrace2 } from '../../packages/cli/src/babeltrace2/command-line.ts';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { atOnce } from './command-lines.ts';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it in this process: a process each would cost more than all the rest. */
async function ours(args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const { stdout, stderr } = process;
  const real = { stdout: stdout.write.bind(stdout), stderr: stderr.write.bind(stderr) };
  const into =
    (name: 'stdout' | 'stderr') =>
    (text: string | Uint8Array): boolean => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    };
  stdout.write = into('stdout');
  stderr.write = into('stderr');
  try {
    return { status: await runAsBabeltrace2(args, '0.0.0'), ...written };
  } finally {
    stdout.write = real.stdout;
    stderr.write = real.stderr;
  }
}

/** What the innermost cause says, where it is the command line itself that is wrong. */
function reasonOf(stderr: string): string | undefined {
  const [, actor, text] =
    [...stderr.matchAll(/^(?:ERROR:   |CAUSED BY) \[(.+?)\].*\n((?:  .*\n)+)/gm)].at(-1) ?? [];
  // A slip of the pen of 2.0 that nobody looks for.
  const words = text
    ?.replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^Cannot creation/, 'Cannot create');
  return actor === 'Babeltrace CLI' ? words : undefined;
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests')],
  "babeltrace2's command line, line by line",
  () => {
    test.each(atOnce.map((line) => [line.args.join(' '), line] as const))(
      '%s',
      async (_, { args: written, otherOutput, otherWords }) => {
        const traces = join(corpusFolder('babeltrace-tests'), '1/succeed');
        const args = written.map((word) => word.replaceAll('TRACES', traces));
        const theirs = babeltrace2(args);
        const own = await ours(args);
        expect(own.status, own.stderr).toBe(theirs.status);
        if (otherOutput === undefined) expect(own.stdout).toBe(theirs.stdout);
        else expect(own.stdout === '').toBe(theirs.stdout === '');
        if (theirs.status === 0) return;
        expect(own.stderr).toMatch(/^ERROR: {4}\[Babeltrace CLI\]/m);
        const reason = reasonOf(theirs.stderr);
        if (otherWords === undefined && reason !== undefined) expect(reasonOf(own.stderr)).toBe(reason);
      },
    );
  },
);

// What a thread that goes first is worth beside other sessions, whose processes Linux schedules as groups.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const built = fileURLToPath(new URL('../../dist/drain/favoured-thread.node.js', import.meta.url));
const program = `
  const { favourThisThread } = await import(${JSON.stringify(built)});
  const { readFileSync } = await import('node:fs');
  favourThisThread();
  console.log(readFileSync('/proc/self/autogroup', 'latin1'));
`;

test.skipIf(process.getuid?.() !== 0 || !existsSync('/proc/self/autogroup'))(
  'the group of a process that is alone in its session goes first with it, and no group that it shares',
  () => {
    const run = (launcher: readonly string[]): string => {
      const words = [...launcher, process.execPath, '--input-type=module', '-e', program];
      const { stdout, stderr } = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
      expect(stderr).toBe('');
      return stdout.trim();
    };
    expect(run(['setsid', '--wait'])).toMatch(/ nice -10$/);
    // A shell that begins the session, of which it is another process.
    expect(run(['setsid', '--wait', 'sh', '-c', '"$@"; true', 'sh'])).toMatch(/ nice 0$/);
  },
);

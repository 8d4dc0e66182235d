// Who lives, to a process that has no descriptor left to look with.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const identityUrl = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'process-identity.js')).href;

test('without a free descriptor a process that is there counts as running, and one that is not as gone', () => {
  const program = `
    import { openSync } from 'node:fs';
    const { isProcessAlive, isThreadAlive, ownIdentity } = await import(${JSON.stringify(identityUrl)});
    const own = ownIdentity();
    const ticks = BigInt(own.startTicks);
    const gone = { pid: 2 ** 22 + 1, startTicks: '7' };
    const look = () => [isProcessAlive(own), isThreadAlive(own.pid, own.pid, ticks), isProcessAlive(gone), isThreadAlive(own.pid, gone.pid, 0n)];
    const before = look();
    try {
      for (;;) openSync('/dev/null');
    } catch (error) {
      console.log = (text) => process.stdout.write(text);
      console.log(JSON.stringify([error.code, before, look()]));
    }`;
  const done = spawnSync(
    'sh',
    ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(done).toMatchObject({ status: 0, stderr: '' });
  const seen = [true, true, false, false];
  expect(JSON.parse(done.stdout)).toEqual(['EMFILE', seen, seen]);
});

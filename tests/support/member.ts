// A daemon of root's that another user may control, as a member of its group.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TestDaemon } from './daemon.ts';
import { otherUsers } from './needs.ts';
import { spoor } from './spoor.ts';

const { one } = otherUsers;

/** Root's daemon with user `one` as the member of its group, who may write to the directory that is returned. */
export function withMember(daemon: TestDaemon): string {
  chmodSync(daemon.home, 0o755);
  chmodSync(daemon.runDir, 0o711);
  const group = spawnSync('getent', ['group', String(one)], { encoding: 'utf8' }).stdout.split(':')[0]!;
  const started = spoor(['sessiond', '--daemonize', '--group', group], { env: daemon.environment });
  expect(started.status, started.stderr).toBe(0);
  const home = join(daemon.home, 'member');
  mkdirSync(home);
  chownSync(home, one, one);
  return home;
}

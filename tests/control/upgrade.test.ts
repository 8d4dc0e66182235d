// A session daemon of one release, and commands of another: what an upgrade of the packages leaves behind.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTROL_VERSION } from '@spoor/control';
import { expect, test } from 'vitest';
import { patientlyMs, steps, type TestDaemon, until, upTo, withDaemon } from '../support/daemon.ts';
import { repoRoot } from '../support/machine.ts';
import { removeTree } from '../support/removal.ts';
import { type CommandRun, spoor } from '../support/spoor.ts';

/** The packages once more, as another release has them. */
class OtherRelease {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spoor-release-'));

  constructor() {
    const modules = join(this.#folder, 'node_modules');
    mkdirSync(join(modules, '@spoor'), { recursive: true });
    for (const name of readdirSync(join(repoRoot, 'packages'))) {
      for (const part of ['package.json', 'dist', 'bin']) {
        const from = join(repoRoot, 'packages', name, part);
        // The command as one file would be that of this release.
        const isWanted = (path: string): boolean => !/\.(?:cjs|map)$/.test(path) || path.includes('/bin/');
        try {
          cpSync(from, join(this.#folder, 'packages', name, part), { recursive: true, filter: isWanted });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
      symlinkSync(join(this.#folder, 'packages', name), join(modules, '@spoor', name));
    }
    for (const name of readdirSync(join(repoRoot, 'node_modules'))) {
      if (name !== '@spoor') symlinkSync(join(repoRoot, 'node_modules', name), join(modules, name));
    }
  }

  /** Has a constant another value from now on, in what is loaded from now on. */
  change(file: string, constant: string, value: number): void {
    const path = join(this.#folder, 'packages', file);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(new RegExp(`const ${constant} = \\d+;`), `const ${constant} = ${value};`);
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
  }

  /** Runs its command. */
  spoor(line: string, { environment }: TestDaemon): string {
    const bin = join(this.#folder, 'packages/cli/bin/spoor.cjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...line.split(' ')], {
      env: environment,
      encoding: 'utf8',
    });
    expect({ status, stderr }, line).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  [Symbol.dispose](): void {
    removeTree(this.#folder);
  }
}

function run(line: string, { environment }: TestDaemon): CommandRun {
  return spoor(line.split(' '), { env: environment });
}

/** Ends the daemon as the hint of an error says it. */
async function followHint(text: string, daemon: TestDaemon): Promise<void> {
  const pid = Number(/kill (\d+)/.exec(text)?.[1]);
  expect(pid).toBe(daemon.pid);
  process.kill(pid);
  await until('the daemon has ended', () => daemon.pid === undefined);
}

test(
  'after an upgrade verbs say which process is to be ended, and the next daemon goes on with all sessions',
  withDaemon(async (daemon) => {
    using older = new OtherRelease();
    older.change('control/dist/protocol.js', 'CONTROL_VERSION', CONTROL_VERSION - 1);
    older.spoor('create shop', daemon);
    older.spoor('enable-event test:step', daemon);
    older.spoor('start', daemon);
    const program = await daemon.program();
    await program.tell('emit 10');

    const refused = run('status', daemon);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `spoor: ${daemon.runDir}/spoor/control.sock: the session daemon is of Spoor 0.1.0 and speaks version ` +
        `${CONTROL_VERSION - 1} of the protocol, not ${CONTROL_VERSION} (end it by kill ${daemon.pid}: the next verb ` +
        'starts the one of its own release, which goes on with all sessions)\n',
    );
    expect(JSON.parse(run('list --json', daemon).stdout)).toMatchObject({
      error: { code: 'control/version', where: `${daemon.runDir}/spoor/control.sock` },
    });
    expect(run('doctor', daemon).stdout).toContain(`kill ${daemon.pid}`);
    await program.tell('emit 10');
    await followHint(refused.stderr, daemon);

    expect(run('list', daemon).stdout).toContain('shop');
    await program.tell('emit 10');
    expect(run('stop', daemon).status).toBe(0);
    await program.end();
    expect(run('destroy', daemon).status).toBe(0);
    expect(steps(join(daemon.home, 'lttng-traces'))).toEqual(upTo(30));
  }),
  patientlyMs,
);

test(
  'commands that are older than the daemon are told which release they should be of',
  withDaemon(async (daemon) => {
    using newer = new OtherRelease();
    newer.change('control/dist/protocol.js', 'CONTROL_VERSION', CONTROL_VERSION + 1);
    newer.spoor('create shop', daemon);
    expect(run('list', daemon).stderr).toMatch(/\(use the commands of Spoor 0\.1\.0, which is newer\)\n$/);
  }),
  patientlyMs,
);

test(
  'a daemon whose files became those of another release says so when it needs a consumer of them',
  withDaemon(async (daemon) => {
    using release = new OtherRelease();
    release.spoor('sessiond --daemonize', daemon);
    release.change('sessiond/dist/hosted/host-protocol.js', 'HOST_VERSION', 0);
    expect(run('create shop', daemon).status).toBe(0);
    expect(run('enable-event test:step', daemon).status).toBe(0);
    const refused = JSON.parse(run('start --json', daemon).stdout) as {
      readonly error: { readonly code: string; readonly hint: string };
    };
    expect(refused.error.code).toBe('control/version');
    await followHint(refused.error.hint, daemon);
    release.spoor('start', daemon);
    expect(release.spoor('list', daemon)).toContain('shop');
  }),
  patientlyMs,
);

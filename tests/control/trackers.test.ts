// Trackers of groups and of control groups, by the command: what a session has of a program that they include, and of
// one that they do not.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patientlyMs, steps, upTo, withDaemon } from '../support/daemon.ts';
import { spoor } from '../support/spoor.ts';

/** The path of this process in a control group, as the tracker sees it. */
const cgroupPath = (): string =>
  readFileSync('/proc/self/cgroup', 'utf8').split('\n')[0]!.split(':').slice(2).join(':');

test(
  'include programs by group, by its name and by control group, and leave out the others',
  withDaemon(async (daemon) => {
    const env = daemon.environment;
    const run = (...words: string[]): string => {
      const { status, stdout, stderr } = spoor(words, { env });
      expect(stderr, words.join(' ')).toBe('');
      expect(status, words.join(' ')).toBe(0);
      return stdout;
    };
    const gid = process.getgid!();
    const own = cgroupPath();
    const sessions: readonly (readonly [name: string, tracked: readonly string[], isIncluded: boolean])[] = [
      ['own-group', ['--vgid', `${gid},${gid + 1}`], true],
      ['other-group', ['--vgid', String(gid + 1)], false],
      ['own-cgroup', ['--cgroup', own], true],
      ['any-cgroup', ['--cgroup', `/no-such-group,${own.slice(0, 1)}*`], true],
      ['other-cgroup', ['--cgroup', '/no-such-group*'], false],
      ['both', ['--vgid', String(gid), '--cgroup', '/no-such-group*'], false],
      ['none', ['--vgid', '--all'], true],
    ];
    const client = await daemon.start();
    const rule = { kind: 'user-tracepoint', name: 'test:*' } as const;
    for (const [name, tracked] of sessions) {
      await client.call('create-session', { name, mode: 'local' });
      await client.call('enable-event', { session: name, domain: 'user', rule });
      run('track', '-u', '-s', name, ...tracked);
      await client.call('start-session', { session: name });
    }
    const program = await daemon.program();
    await program.tell('emit 10');
    await program.end();
    const groupName = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((line) => line.split(':')[2] === String(gid))
      ?.split(':')[0];
    if (groupName !== undefined) {
      expect(run('track', '-u', '-s', 'other-group', '--vgid', groupName)).toContain(
        `Added ${groupName} to the virtual group ID tracker inclusion set`,
      );
    }
    expect(run('untrack', '-u', '-s', 'other-group', '--vgid', String(gid + 1))).toContain('Removed');
    expect(run('untrack', '-u', '-s', 'other-cgroup', '--cgroup', '/no-such-group*')).toContain(
      'Removed /no-such-group* from the control group tracker inclusion set',
    );
    expect(run('track', '-u', '-s', 'other-cgroup', '--cgroup', '--all')).toContain('include all');
    // As with lttng: what programs take for their numbers.
    expect(run('track', '-u', '-s', 'both', '--pid', '7', '--vpid', '8')).toBe(
      'Added 7 to the virtual process ID tracker inclusion set\nAdded 8 to the virtual process ID tracker inclusion set\n',
    );
    expect(run('list', 'both')).toMatch(/Virtual process IDs: +7, 8\n/);
    expect(run('untrack', '-u', '-s', 'both', '--pid', '7')).toContain(
      'Removed 7 from the virtual process ID',
    );
    expect(run('track', '-u', '-s', 'both', '--all', '--pid')).toContain(
      'Virtual process ID tracking policy',
    );
    const late = await daemon.program();
    await late.tell('emit 3');
    await late.end();
    for (const [name] of sessions) await client.call('destroy-session', { session: name });
    const traces = join(daemon.home, 'lttng-traces');
    const recorded = (name: string): number[] => {
      const folder = readdirSync(traces).find((path) => path.startsWith(`${name}-2`))!;
      return existsSync(join(traces, folder, 'ust/pid')) ? steps(join(traces, folder)) : [];
    };
    const changed = new Set([...(groupName === undefined ? [] : ['other-group']), 'other-cgroup']);
    for (const [name, , isIncluded] of sessions) {
      const late3 = isIncluded || changed.has(name) ? upTo(3) : [];
      expect([name, recorded(name)]).toEqual([name, [...(isIncluded ? upTo(10) : []), ...late3]]);
    }
  }),
  patientlyMs,
);

// Names that the session daemon knows, completed by the shells.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { completedByZsh } from '../support/zsh.ts';

describeNeeding([command('bash'), command('zsh')], 'completion of names', () => {
  test(
    'offers sessions, channels, event rules and triggers',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const bin = join(daemon.home, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'spoor'), `#!/bin/sh\nexec '${process.execPath}' '${spoorProgram}' "$@"\n`);
      chmodSync(join(bin, 'spoor'), 0o755);
      const env = { ...daemon.environment, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
      for (const shell of ['bash', 'zsh']) {
        writeFileSync(join(daemon.home, `script.${shell}`), spoor(['completion', shell]).stdout);
      }
      // A name that a shell would run, if it were careless.
      for (const name of ['webshop', 'web two', '$(touch ran)']) {
        await client.call('create-session', { name, mode: 'no-output' });
      }
      const rule = { kind: 'user-tracepoint', name: 'shop:order' } as const;
      await client.call('enable-event', { session: 'webshop', domain: 'user', channel: 'orders', rule });
      await client.call('add-trigger', {
        name: 'slow',
        condition: { kind: 'session-rotation-starts', session: 'webshop' },
        actions: [{ kind: 'notify' }],
      });
      const run = (program: string, script: string, words: readonly string[]): string[] => {
        const done = spawnSync(program, ['-c', script, program, 'spoor', ...words], {
          cwd: daemon.home,
          encoding: 'utf8',
          env: env as NodeJS.ProcessEnv,
        });
        expect(done.stderr).toBe('');
        return done.stdout.split('\n').filter((line) => line !== '');
      };
      const bash = (...words: string[]): string[] =>
        run(
          'bash',
          'source ./script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spoor; printf "%s\\n" "${COMPREPLY[@]}"',
          words,
        );
      expect(bash('start', 'web').sort()).toEqual(['web\\ two', 'webshop']);
      expect(bash('destroy', '').sort()).toEqual(['\\$\\(touch\\ ran\\)', 'web\\ two', 'webshop']);
      expect(bash('enable-event', '-s', 'webs')).toEqual(['webshop']);
      expect(bash('enable-channel', 'o')).toEqual(['orders']);
      expect(bash('disable-event', '-c', '')).toEqual(['orders']);
      expect(bash('disable-event', 'sh')).toEqual(['shop:order']);
      // As bash takes words apart, and puts them together again.
      expect(bash('disable-event', 'shop', ':', 'or')).toEqual(['order']);
      expect(bash('disable-event', 'shop', ':')).toEqual(['order']);
      expect(bash('disable-event', '-s', 'webshop', 'shop', ':', 'x')).toEqual([]);
      expect(bash('start', 'web\\ t')).toEqual(['web\\ two']);
      expect(bash('start', '"web t')).toEqual(['web two']);
      expect(bash('start', "'web t")).toEqual(['web two']);
      expect(bash('start', '"$')).toEqual([]);
      expect(bash('remove-trigger', '')).toEqual(['slow']);
      // What zsh is given to choose from, without its line editor.
      const zsh =
        'compadd() { print -rl -- "$found[@]" }; compdef() { }; source ./script.zsh; _spoor_names $2';
      expect(run('zsh', zsh, ['sessions']).sort()).toEqual(['$(touch ran)', 'web two', 'webshop']);
      const byZsh = (line: string): string[] => completedByZsh(line, daemon.home, env);
      expect(byZsh('spoor start we').sort()).toEqual(['web two', 'webshop']);
      expect(byZsh('spoor disable-event shop:o')).toEqual(['shop:order']);
      expect(byZsh('spoor enable-event -c o')).toEqual(['orders']);
      expect(spawnSync('ls', [join(daemon.home, 'ran')]).status).not.toBe(0);
      await daemon.kill();
      expect(bash('start', '')).toEqual([]);
    }),
    patientlyMs,
  );
});

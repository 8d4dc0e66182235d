// `spoor list -u`: the tracepoints of programs, whether or not anything records them.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { registerUrl } from '../support/session.ts';
import { spoor } from '../support/spoor.ts';
import { tracerUrl } from '../support/traced.ts';

const programText = `
import { tracepoint, enumeration } from ${JSON.stringify(tracerUrl)};
const first = tracepoint('shop:first', { n: 'u32', text: 'string', share: 'f64', list: { kind: 'sequence', element: 'u8' } });
const again = tracepoint('shop:first', { n: 'u32', text: 'string', share: 'f64', list: { kind: 'sequence', element: 'u8' } });
process.stdin.once('data', () => tracepoint('shop:later', {}, { logLevel: 'err' }));
process.stdin.resume();
`;

test(
  'shows what programs have, with levels and fields, as they come and go',
  withDaemon(async (daemon) => {
    const env = daemon.environment;
    const list = (...words: string[]): string => {
      const { status, stdout, stderr } = spoor(['list', '-u', ...words], { env });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      return stdout;
    };
    const client = await daemon.start();
    expect(list()).toBe('UST events:\n-------------\nNone\n');
    const path = join(daemon.home, 'shop.mjs');
    writeFileSync(path, programText.replace(', enumeration', ''));
    const child = spawn(process.execPath, ['--import', registerUrl, path], {
      env: env as NodeJS.ProcessEnv,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      await until('the program is listed', () => list().includes('shop:first'));
      const fields = list('-f');
      expect(fields).toContain(`UST event fields:\n-------------\n\nPID: ${child.pid} - Name: node\n`);
      expect(fields).toContain(
        '      shop:first (loglevel: TRACE_DEBUG_LINE (13)) (type: tracepoint)\n' +
          '        field: n (integer)\n        field: text (string)\n        field: share (float)\n' +
          '        field: list (unknown)\n',
      );
      // Declared twice, and automatic events too.
      expect(fields.split('shop:first')).toHaveLength(2);
      expect(fields).toContain('      nodejs:warning (loglevel: TRACE_WARNING (4)) (type: tracepoint)\n');
      child.stdin.write('go\n');
      await until('the new tracepoint is listed', () =>
        list().includes('shop:later (loglevel: TRACE_ERR (3))'),
      );
      // Nothing was recorded for that, and a session is none of the list's business.
      expect((await client.call('list-sessions', {})).sessions).toEqual([]);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    expect(list()).toBe('UST events:\n-------------\nNone\n');
  }),
  patientlyMs,
);

test(
  'tells of programs that do not answer, and speaks the machine interface of lttng',
  withDaemon(async (daemon) => {
    const env = daemon.environment as NodeJS.ProcessEnv;
    await daemon.start();
    const busyPath = join(daemon.home, 'busy.mjs');
    writeFileSync(busyPath, 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
    const shopPath = join(daemon.home, 'shop.mjs');
    writeFileSync(shopPath, programText.replace(', enumeration', ''));
    // Of another daemon: none of this one's business.
    const strangerEnvironment = { ...env, SPOOR_RUN_DIR: join(daemon.home, 'elsewhere') };
    const programs = [
      spawn(process.execPath, ['--import', registerUrl, shopPath], {
        env,
        stdio: ['pipe', 'inherit', 'inherit'],
      }),
      spawn(process.execPath, ['--import', registerUrl, busyPath], {
        env,
        stdio: ['pipe', 'inherit', 'inherit'],
      }),
      spawn(process.execPath, ['--import', registerUrl, busyPath], {
        env: strangerEnvironment,
        stdio: ['pipe', 'inherit', 'inherit'],
      }),
    ] as const;
    const ended = programs.map((child) => new Promise((resolve) => child.once('close', resolve)));
    const [shop, busy, stranger] = programs;
    try {
      let text = '';
      await until('the program is listed', () => {
        text = spoor(['list', '-u'], { env }).stdout;
        return text.includes('shop:first');
      });
      expect(text).toContain(
        `PID: ${busy.pid} - Name: node\n      does not answer: its event loop does not turn\n`,
      );
      expect(text).not.toContain(`PID: ${stranger.pid} `);
      const { stdout, status } = spoor(['--mi', 'xml', 'list', '-u', '-f'], { env });
      expect(status).toBe(0);
      expect(stdout).toContain(`<pid><id>${busy.pid}</id><name>node</name></pid>`);
      expect(stdout).toContain(
        '<event><name>shop:first</name><type>TRACEPOINT</type><enabled>true</enabled><loglevel>TRACE_DEBUG_LINE</loglevel>' +
          '<loglevel_type>ALL</loglevel_type><exclusions/><event_fields>' +
          '<event_field><name>n</name><type>INTEGER</type><nowrite>0</nowrite></event_field>' +
          '<event_field><name>text</name><type>STRING</type><nowrite>0</nowrite></event_field>' +
          '<event_field><name>share</name><type>FLOAT</type><nowrite>0</nowrite></event_field>' +
          '<event_field><name>list</name><type>OTHER</type><nowrite>0</nowrite></event_field>' +
          '</event_fields></event>',
      );
      expect(stdout).toContain(`<pid><id>${shop.pid}</id><name>node</name><events>`);
      const { programs: listed } = JSON.parse(spoor(['list', '-u', '--json'], { env }).stdout) as {
        programs: readonly { readonly pid: number; readonly answers: boolean }[];
      };
      expect(listed.map(({ pid, answers }) => [pid, answers])).toEqual(
        [
          [shop.pid, true],
          [busy.pid, false],
        ].sort(([a], [b]) => Number(a) - Number(b)),
      );
    } finally {
      for (const child of programs) child.kill('SIGKILL');
      await Promise.all(ended);
    }
  }),
  patientlyMs,
);

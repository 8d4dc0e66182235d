// Shared memory that is short: a container's 64 MiB, or none left at all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { command, describeNeeding, root } from '../support/needs.ts';
import { repoRoot } from '../support/machine.ts';
import { describeSession } from '../support/session.ts';
import { tracerUrl } from '../support/traced.ts';
import { spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-little-'));
afterAll(() => {
  removeTree(folder);
});

const program = join(folder, 'program.mjs');
const mountPoint = join(folder, 'memory');

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly states: readonly {
    state: string;
    rings?: { subBufferCount: number; subBufferSizeBytes: number }[];
    reasons: string[];
  }[];
}

/** Runs a program that emits, in a run directory on a tmpfs of `sizeKib` with `takenKib` of it used. */
function runIn(sizeKib: number, takenKib: number, env: Readonly<Record<string, string>> = {}): Outcome {
  writeFileSync(
    program,
    `import { tracepoint } from ${JSON.stringify(tracerUrl)};
    const tick = tracepoint('test:tick', { n: 'u32' });
    for (let n = 0; n < 1000; n += 1) tick(n);
    console.log('ran', tick.enabled);`,
  );
  const session = JSON.stringify(
    describeSession('/nowhere', { subBufferSizeBytes: 256 * 1024, subBufferCount: 16 }),
  );
  const script = `
    mkdir -p ${mountPoint} && mount -t tmpfs -o size=${sizeKib}k none ${mountPoint} && mkdir ${mountPoint}/s
    echo '${session}' > ${mountPoint}/s/session.json
    [ ${takenKib} = 0 ] || dd if=/dev/zero of=${mountPoint}/taken bs=1k count=${takenKib} 2>/dev/null
    SPOOR_SESSION=${mountPoint}/s ${process.execPath} ${program}; status=$?
    echo STATES; cat ${mountPoint}/s/*/status/*.json; exit $status`;
  const done = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    encoding: 'utf8',
    cwd: repoRoot,
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  const [stdout = '', states = ''] = done.stdout.split('STATES\n');
  return {
    status: done.status,
    stdout,
    stderr: done.stderr,
    states: states
      .trim()
      .split(/(?<=\})\s*(?=\{)/)
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Outcome['states'][number]),
  };
}

describeNeeding([root(), command('unshare', 'root')], 'a traced program with little shared memory', () => {
  test.each([{}, { SPOOR_NO_KOFFI: '1' }])('takes a smaller ring (%j)', (env) => {
    const ran = runIn(4096, 0, env);
    expect(ran).toMatchObject({ status: 0, stdout: 'ran true\n', stderr: '' });
    const [thread] = ran.states;
    expect(thread).toMatchObject({
      state: 'recording',
      rings: [{ subBufferCount: 4, subBufferSizeBytes: 131072 }],
    });
    expect(thread!.reasons.at(-1)).toContain('little shared memory');
  });

  test.each([{}, { SPOOR_NO_KOFFI: '1' }])('takes the smallest when that alone fits (%j)', (env) => {
    const ran = runIn(160, 60, env);
    expect(ran).toMatchObject({ status: 0, stdout: 'ran true\n', stderr: '' });
    expect(ran.states).toMatchObject([
      { state: 'recording', rings: [{ subBufferCount: 2, subBufferSizeBytes: 16384 }] },
    ]);
  });

  test.each([{}, { SPOOR_NO_KOFFI: '1' }])(
    'runs on untraced when none fits, and its status says why (%j)',
    (env) => {
      const ran = runIn(1024, 990, env);
      // Its tracepoints are enabled where there is room left to count what is lost.
      expect(ran).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^ran (true|false)\n$/),
        stderr: '',
      });
      expect(ran.states).toMatchObject([{ state: 'off' }]);
      expect(ran.states[0]!.reasons[0]).toContain('no shared memory left');
    },
  );

  test('the recorder says that a thread recorded nothing which began when all was taken', () => {
    writeFileSync(
      program,
      `import { closeSync, openSync, writeSync } from 'node:fs';
      import { Worker, isMainThread } from 'node:worker_threads';
      import { tracepoint } from ${JSON.stringify(tracerUrl)};
      const tick = tracepoint('test:tick', { n: 'u32' });
      tick(1);
      if (isMainThread) {
        const fd = openSync(process.env.SPOOR_RUN_DIR + '/taken', 'w');
        for (let size = 65536; size >= 1; size /= 2)
          try { for (;;) writeSync(fd, Buffer.alloc(size)); } catch {}
        closeSync(fd);
        new Worker(new URL(import.meta.url));
      }`,
    );
    const trace = join(folder, 'trace');
    const script = `
      mkdir -p ${mountPoint} && mount -t tmpfs -o size=8m none ${mountPoint} || exit 99
      ${process.execPath} ${spoorProgram} record --no-auto -o ${trace} -- ${process.execPath} ${program}`;
    const done = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, SPOOR_RUN_DIR: mountPoint },
      timeout: 60_000,
    });
    expect(done.stderr).toContain('channel ch0 records nothing: no shared memory left');
    expect(done.status).toBe(1);
    expect(done.stderr).toContain('recorded 1 event');
  });

  test('runs on untraced when not even a directory can be made', () => {
    const ran = runIn(64, 64);
    expect(ran).toMatchObject({ status: 0, stdout: 'ran false\n' });
  });
});

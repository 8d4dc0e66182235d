// `regenerate metadata`: a clock that was set after a session began.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { patientlyMs, steps, upTo, withDaemon } from '../support/daemon.ts';
import { spoor } from '../support/spoor.ts';

const HOUR_NS = 3_600_000_000_000n;

test(
  'gives the traces of programs that live, that have ended and that come the clock of now',
  withDaemon(async (daemon) => {
    let client = await daemon.start();
    const path = join(daemon.home, 'trace');
    const session = 's';
    await client.call('create-session', { name: session, mode: 'local', output: { kind: 'local', path } });
    const rule = { kind: 'user-tracepoint', name: 'test:*' } as const;
    await client.call('enable-event', { session, domain: 'user', rule });
    // As if the clock had been an hour behind when the session was made.
    await daemon.kill();
    const state = join(daemon.runDir, 'spoor/sessions/1.json');
    const stored = JSON.parse(readFileSync(state, 'utf8')) as {
      readonly run: { readonly clockOffsetNs: string };
    };
    const wrong = BigInt(stored.run.clockOffsetNs) - HOUR_NS;
    writeFileSync(state, JSON.stringify({ ...stored, run: { ...stored.run, clockOffsetNs: String(wrong) } }));
    client = await daemon.start();
    await client.call('start-session', { session });
    const ended = await daemon.program();
    await ended.tell('emit 10');
    await ended.end();
    const living = await daemon.program();
    await living.tell('emit 10');
    await client.call('stop-session', { session });
    await client.call('start-session', { session });
    await daemon.joined(1, living);
    const offsets = (): readonly bigint[] =>
      readdirSync(join(path, 'ust/pid')).map((name) => {
        const text = readFileSync(join(path, 'ust/pid', name, 'metadata'), 'utf8');
        return BigInt(/^\toffset = (\d+);$/m.exec(text)![1]!);
      });
    expect(offsets()).toEqual([wrong, wrong]);
    const { status, stdout } = spoor(['regenerate', 'metadata', '-s', session], { env: daemon.environment });
    expect(stdout).toBe('Metadata successfully regenerated for session s\n');
    expect(status).toBe(0);
    const late = await daemon.program();
    await late.tell('emit 10');
    await living.tell('other 5');
    await client.call('destroy-session', { session });
    const found = offsets();
    expect(found).toHaveLength(3);
    expect(new Set(found).size).toBe(1);
    const differenceNs = found[0]! - measureClockOffsetNs();
    expect(Number(differenceNs < 0n ? -differenceNs : differenceNs)).toBeLessThan(Number(HOUR_NS / 2n));
    expect(steps(path).sort((a, b) => a - b)).toEqual(upTo(10).flatMap((n) => [n, n, n]));
  }),
  patientlyMs,
);

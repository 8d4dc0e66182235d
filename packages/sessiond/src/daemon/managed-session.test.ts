import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { HUB_FILE, SESSION_FILE, type SessionDescription } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { enableEvent } from './edits.ts';
import { Hub } from './hub.ts';
import { ManagedSession } from './managed-session.ts';
import { SessionStore } from './session-store.ts';
import { plainSession } from '../testing/plain-session.ts';

test('programs that have read a change which is refused then are told what it was before, by a number of its own', async () => {
  const folder = mkdtempSync('/dev/shm/spoor-managed-');
  try {
    const hub = new Hub(join(folder, 'run', 'hub'));
    const store = new SessionStore(join(folder, 'sessions'));
    const described = (): SessionDescription =>
      JSON.parse(readFileSync(join(hub.sessionPath(1), SESSION_FILE), 'utf8')) as SessionDescription;
    const touchedMs = (): number => statSync(join(hub.path, HUB_FILE)).mtimeMs;
    const seen: (number | undefined)[] = [];
    let isRefusing = false;
    const managed = new ManagedSession(
      {
        hub,
        store,
        consumer: {
          attach: async () => {
            seen.push(described().revision);
            if (isRefusing) throw new SpoorError('kernel/no-event', 'the kernel has no such event');
            return 0;
          },
          call: async () => {
            throw new Error('nothing else is asked of it');
          },
          forget: () => undefined,
          prepare: () => undefined,
        },
        publish: () => undefined,
      },
      { ...plainSession, ownerUid: process.getuid!() },
    );
    const enable = (name: string): Promise<unknown> =>
      managed.change((model) => enableEvent(model, 'user', undefined, { kind: 'user-tracepoint', name }));
    await enable('shop:*');
    await managed.start();
    const before = described();
    const beforeMs = touchedMs();
    isRefusing = true;
    await expect(enable('other:*')).rejects.toThrow('no such event');
    const { revision, ...rest } = described();
    const { revision: _own, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect(touchedMs()).toBeGreaterThan(beforeMs);
    isRefusing = false;
    await enable('third:*');
    const all = [...seen, revision, described().revision];
    // The last attach saw what is described now.
    expect(new Set(all).size).toBe(all.length - 1);
    expect(store.readAll().sessions[0]!.run.revision).toBe(described().revision);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a start that is refused leaves nothing with the consumer, while the directory is still there', async () => {
  const folder = mkdtempSync('/dev/shm/spoor-managed-');
  try {
    const hub = new Hub(join(folder, 'run', 'hub'));
    const session = hub.sessionPath(1);
    const done: string[] = [];
    const managed = new ManagedSession(
      {
        hub,
        store: new SessionStore(join(folder, 'sessions')),
        consumer: {
          attach: async () => {
            throw new SpoorError('kernel/no-event', 'the kernel has no such event');
          },
          call: async (method, params) => {
            expect(params).toEqual({ session });
            expect(hub.has(1)).toBe(true);
            done.push(method);
            throw new SpoorError('control/not-attached', 'the consumer does not work for this session');
          },
          forget: (forgotten) => {
            expect(forgotten).toBe(session);
            done.push('forget');
          },
          prepare: () => undefined,
        },
        publish: () => undefined,
      },
      { ...plainSession, ownerUid: process.getuid!() },
    );
    const rule = { kind: 'user-tracepoint', name: 'shop:*' } as const;
    await managed.change((model) => enableEvent(model, 'user', undefined, rule));
    await expect(managed.start()).rejects.toThrow('no such event');
    expect(done).toEqual(['forget', 'finish']);
    expect(hub.has(1)).toBe(false);
    expect(managed.model.hasStarted).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

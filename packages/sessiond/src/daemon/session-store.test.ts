import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionStore } from './session-store.ts';
import { plainRun, plainSession } from '../testing/plain-session.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function noted(store: SessionStore, id: number): void {
  store.write({ session: { ...plainSession, name: `s${id}`, id }, run: plainRun });
}

test('no session has the number of another one, also of one that is gone, under this daemon or the next', () => {
  const store = new SessionStore(folder);
  expect([store.nextId(), store.nextId()]).toEqual([1, 2]);
  noted(store, 2);
  store.remove(2);
  expect(store.nextId()).toBe(3);
  expect(new SessionStore(folder).nextId()).toBe(4);
});

test('a number that was not noted, or is none, is found from the sessions that are there', () => {
  noted(new SessionStore(folder), 7);
  expect(new SessionStore(folder).nextId()).toBe(8);
  writeFileSync(join(folder, 'last-id'), 'x');
  const store = new SessionStore(folder);
  expect(store.nextId()).toBe(8);
  expect(store.readAll().sessions.map(({ session }) => session.name)).toEqual(['s7']);
});

test('what another release noted is not taken for rubbish: its sessions may be recorded still', () => {
  const store = new SessionStore(folder);
  noted(store, 1);
  writeFileSync(join(folder, '2.json'), '{"version":1,"sess');
  writeFileSync(join(folder, '3.json'), 'null');
  expect([...store.readAll().unusable].sort()).toEqual([join(folder, '2.json'), join(folder, '3.json')]);
  writeFileSync(join(folder, '4.json'), '{"version":2,"session":{"id":4}}');
  expect(() => store.readAll()).toThrow(
    expect.objectContaining({ code: 'control/state', where: join(folder, '4.json') }) as Error,
  );
});

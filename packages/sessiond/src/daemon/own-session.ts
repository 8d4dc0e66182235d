/** Sessions that a daemon has for itself, to ask programs for something: they find them in the hub as they find any other. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION_FILE, type SessionDescription } from '@spoor/ringbuffer';
import { canActAsUsers } from '@spoor/sys';
import { openToUsers } from '../other-users.ts';

/** Makes such a session, or replaces what it asks; programs of all users find root's. Throws what the file system throws. */
export function describeOwnSession(path: string, description: SessionDescription): void {
  const isShared = canActAsUsers();
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isShared) openToUsers(path);
  const draft = join(path, `.${SESSION_FILE}`);
  const text = JSON.stringify({ ...description, ...(isShared ? { ownerUid: process.geteuid?.() } : {}) });
  writeFileSync(draft, text, { mode: 0o600 });
  if (isShared) chmodSync(draft, 0o644);
  renameSync(draft, join(path, SESSION_FILE));
}

// A recording's directory without a recorder: what a program is told by `spoor record`, for tests that look at the
// program and not at the trace.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RUN_VERSION, SESSION_FILE, SESSION_VARIABLE, type SessionDescription } from '@spoor/ringbuffer';
import { repoRoot } from './machine.ts';

/** Where the module is that the tracer is loaded by. */
export const registerUrl: string = pathToFileURL(join(repoRoot, 'packages/tracer/dist/register.js')).href;

/** A session that programs can attach to; its directory goes away with it. */
export class TestSession implements Disposable {
  readonly folder: string;
  /** What a program's environment needs to attach. */
  readonly environment: Readonly<Record<string, string>>;

  constructor(settings: Partial<SessionDescription> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'spoor-session-'));
    const session: SessionDescription = {
      version: RUN_VERSION,
      name: 'test',
      mode: 'discard',
      auto: true,
      outputDir: this.folder,
      subBufferSizeBytes: 64 * 1024,
      subBufferCount: 4,
      ...settings,
    };
    writeFileSync(join(this.folder, SESSION_FILE), JSON.stringify(session));
    this.environment = { [SESSION_VARIABLE]: this.folder, NODE_OPTIONS: `--import ${registerUrl}` };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

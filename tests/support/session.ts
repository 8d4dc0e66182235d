// A recording's directory without a recorder: what a program is told by `spoor record`, for tests that look at the
// program and not at the trace.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  RUN_VERSION,
  SESSION_FILE,
  SESSION_VARIABLE,
  makeChannel,
  type ChannelDescription,
  type SessionDescription,
} from '@spoor/ringbuffer';
import { repoRoot } from './machine.ts';
import { removeTree } from './removal.ts';

/** The module that `--import` loads the tracer by. */
export const registerUrl: string = pathToFileURL(join(repoRoot, 'packages/tracer/dist/register.js')).href;

/** The file that `--require` loads the tracer by, as `spoor record` does it. */
export const registerPath: string = join(repoRoot, 'packages/tracer/dist/register.bundle.cjs');

/** What tests say of a session: of its only channel without `channels`. */
export type TestSettings = Partial<SessionDescription> & Partial<Omit<ChannelDescription, 'name'>>;

/** A whole description: of one small channel that takes everything, where `settings` say nothing. */
export function describeSession(outputDir: string, settings: TestSettings = {}): SessionDescription {
  const { name, auto, channels, maxMemoryBytes, clockOffsetNs, ...channel } = settings;
  return {
    version: RUN_VERSION,
    name: name ?? 'test',
    auto: auto ?? false,
    outputDir,
    channels: channels ?? [makeChannel({ subBufferSizeBytes: 64 * 1024, subBufferCount: 8, ...channel })],
    ...(maxMemoryBytes === undefined ? {} : { maxMemoryBytes }),
    ...(clockOffsetNs === undefined ? {} : { clockOffsetNs }),
  };
}

/** A session that programs can attach to; its directory goes away with it. */
export class TestSession implements Disposable {
  readonly folder: string;
  /** What a program's environment needs to attach. */
  readonly environment: Readonly<Record<string, string>>;

  constructor(settings: TestSettings = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'spoor-session-'));
    const session = describeSession(this.folder, { auto: true, subBufferCount: 4, ...settings });
    writeFileSync(join(this.folder, SESSION_FILE), JSON.stringify(session));
    this.environment = { [SESSION_VARIABLE]: this.folder, NODE_OPTIONS: `--require ${registerPath}` };
  }

  [Symbol.dispose](): void {
    removeTree(this.folder);
  }
}

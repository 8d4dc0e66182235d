/** Marks: lines from any program into the recordings of the kernel that go on. */
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { defaultPrefix } from '../tracefs/instance.node.ts';
import { isOwnerGone, ownerOf } from '../tracefs/instance-name.node.ts';
import { sessionInstances } from '../session/session-names.node.ts';
import { findTracefs } from '../tracefs/tracefs.node.ts';

/** Name of the file in an instance. */
export const markerFile = 'trace_marker';

/** Files that take marks, of all recordings of the kernel that go on. @throws SpoorError `kernel/no-tracefs` and the like. */
export function runningMarkers(prefix: string = defaultPrefix): readonly string[] {
  const root = findTracefs();
  const instances = join(root, 'instances');
  const running = readdirSync(instances).filter((name) => {
    const owner = ownerOf(prefix, name);
    return owner !== undefined && !isOwnerGone(owner);
  });
  return [...running, ...sessionInstances(root, prefix)].map((name) => join(instances, name, markerFile));
}

/** Writes lines into recordings, whose files it keeps open. */
export class MarkWriter implements Disposable {
  private readonly files = new Map<string, number>();

  /**
   * Writes to these files from now on.
   * @throws SpoorError `kernel/marker` where one of them cannot be written to.
   */
  use(markers: readonly string[]): void {
    for (const path of this.files.keys()) if (!markers.includes(path)) this.close(path);
    for (const path of markers) {
      if (this.files.has(path)) continue;
      try {
        this.files.set(path, openSync(path, 'w'));
      } catch (error) {
        throw markerError(path, error);
      }
    }
  }

  /**
   * Writes a line; long ones become several events. Recordings that have stopped do not take it.
   * @returns how many recordings took it.
   * @throws SpoorError `kernel/marker`.
   */
  write(text: string): number {
    const bytes = Buffer.from(text);
    let taken = 0;
    for (const [path, fd] of this.files) {
      try {
        // The kernel takes as much as fits into an event.
        let done = 0;
        do done += writeSync(fd, bytes, done);
        while (done < bytes.length);
        taken += 1;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // It is not recording, or is gone.
        if (code === 'EBADF' || code === 'EINVAL') continue;
        if (code !== 'ENODEV' && code !== 'ENOENT') throw markerError(path, error);
        this.close(path);
      }
    }
    return taken;
  }

  private close(path: string): void {
    const fd = this.files.get(path);
    if (fd !== undefined) closeSync(fd);
    this.files.delete(path);
  }

  [Symbol.dispose](): void {
    for (const path of this.files.keys()) this.close(path);
  }
}

function markerError(path: string, cause: unknown): SpoorError {
  return new SpoorError('kernel/marker', `cannot write to ${path}`, {
    hint: 'the recording may have ended, and only root may write there',
    cause,
  });
}

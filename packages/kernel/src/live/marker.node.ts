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

/**
 * Writes a line into recordings; long ones become several events.
 * @throws SpoorError `kernel/marker` where one of them cannot be written to.
 */
export function writeMark(text: string, markers: readonly string[]): void {
  const bytes = Buffer.from(text);
  for (const path of markers) {
    try {
      const fd = openSync(path, 'w');
      try {
        // The kernel takes as much as fits into an event.
        let done = 0;
        do done += writeSync(fd, bytes, done);
        while (done < bytes.length);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw new SpoorError('kernel/marker', `cannot write to ${path}`, {
        hint: 'the recording may have ended, and only root may write there',
        cause: error,
      });
    }
  }
}

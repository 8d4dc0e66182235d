/**
 * Text that lies where a link would point to: to make a link takes no file descriptor, and on a tmpfs a short one takes no
 * space, so that a program that has none left can still say what it loses.
 */
import { readlinkSync, renameSync, symlinkSync, unlinkSync } from '@spoor/sys';

/** Most bytes of such a text: those of a path in Linux, without its NUL. */
const MOST_BYTES = 4095;

/** Whether a text is short enough. */
export function fitsLink(text: string): boolean {
  return Buffer.byteLength(text) <= MOST_BYTES;
}

/** Whether it is for want of file descriptors that something could not be done. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'EMFILE' || code === 'ENFILE';
}

/** Whether it is for want of space, such as shared memory's: a short link on a tmpfs takes none. */
export function isOutOfSpace(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'sys/enospc';
}

/** Puts a text there, in place of what is there; a reader finds the one or the other. Throws what the file system throws. */
export function writeLinkText(path: string, text: string): void {
  const draft = `${path}.draft`;
  try {
    symlinkSync(text, draft);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Of a thread that was ended in the middle of this: each writes under names of its own.
    unlinkSync(draft);
    symlinkSync(text, draft);
  }
  renameSync(draft, path);
}

/** The text that is there; undefined where there is none, but a file or nothing. */
export function readLinkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Every error of an archive: named here, so that its words are in one place. */
import { SpoorError } from '@spoor/base';

/** What is wrong with an archive. */
export type ArchiveErrorCode =
  | 'archive/unsafe-entry'
  | 'archive/damaged'
  | 'archive/unsupported'
  | 'archive/too-large'
  | 'archive/too-many-entries'
  | 'archive/temporary-file';

/** Whether an error says that an archive is refused. */
export function isArchiveError(error: unknown): error is SpoorError {
  return error instanceof SpoorError && error.code.startsWith('archive/');
}

/** Names of entries come from strangers: what a terminal would obey is escaped. */
function shown(entry: string): string {
  const text = entry.length > 200 ? `${entry.slice(0, 200)}…` : entry;
  return text.replaceAll(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** An error at an archive, or at an entry of it. */
export function archiveError(
  code: ArchiveErrorCode,
  archive: string,
  entry: string | undefined,
  message: string,
  hint?: string,
): SpoorError {
  return new SpoorError(code, message, {
    where: entry === undefined ? archive : `${archive}, entry ${shown(entry)}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A compressed stream or file whose check value is not that of its content. */
export function wrongChecksum(archive: string, entry?: string): SpoorError {
  return archiveError(
    'archive/damaged',
    archive,
    entry,
    'its checksum is not that of its content',
    'the archive was damaged on its way; fetch or make it again',
  );
}

/** An archive that ends before it should. */
export function truncated(archive: string, entry?: string): SpoorError {
  return archiveError(
    'archive/damaged',
    archive,
    entry,
    entry === undefined ? 'the archive is cut short' : 'the archive is cut short inside this entry',
    'fetch or make it again',
  );
}

/** What cannot be read is told with its place, and with what to do. */
import { SpoorError } from '@spoor/base';

/** Does what reads a file or a directory. @throws SpoorError `trace/unreadable` where the system refuses it. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof SpoorError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'let its owner change its mode, or read it as its owner';
      throw new SpoorError('trace/unreadable', 'no permission to read it', { where: path, hint });
    }
    throw new SpoorError('trace/unreadable', 'cannot read it', { where: path, cause });
  }
}

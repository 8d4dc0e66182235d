import { SpoorError } from '@spoor/base';

/** A system call that failed: which, with which errno. `code` is `sys/` and the errno's name in lower case. */
export class SystemCallError extends SpoorError {
  /** Name of the call, such as `mmap`. */
  readonly call: string;
  readonly errno: number;
  /** Name of the errno, such as `ENOSPC`; `errno N` when it has none. */
  readonly errnoName: string;

  constructor(call: string, errno: number, errnoName: string, where?: string) {
    super(`sys/${errnoName.toLowerCase()}`, `cannot ${call}: ${errnoName}`, { where });
    this.name = 'SystemCallError';
    this.call = call;
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

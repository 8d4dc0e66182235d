import { SpoorError } from '@spoor/base';

/** A description of the kernel that cannot be understood; codes are `kernel/format` and `kernel/page-header`. */
export class FormatError extends SpoorError {
  constructor(code: 'kernel/format' | 'kernel/page-header', message: string, where: string) {
    super(code, message, { where });
    this.name = 'FormatError';
  }
}

// Datagrams to Unix sockets, which node:net has none of: what sd_notify(3) is.
import { SystemCallError } from './errors.ts';
import { lastError, library } from './library.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Longest path of a Unix socket, with its NUL. */
const PATH_BYTES = 108;
const ENAMETOOLONG = 36;

/**
 * Sends one datagram to a Unix socket.
 * @param address its path, or `@` and a name of the abstract namespace.
 * @throws SpoorError `sys/unavailable`, SystemCallError.
 */
export function sendDatagram(address: string, text: string): void {
  const { koffi } = library();
  const c = koffi.load(null);
  const socket = c.func('int socket(int, int, int)') as (...words: readonly number[]) => number;
  const close = c.func('int close(int)') as (fd: number) => number;
  const sendTo = c.func('intptr_t sendto(int, void *, size_t, int, void *, uint32_t)') as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ) => number | bigint;
  const name = unixAddress(address);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw lastError('socket');
  try {
    const bytes = Buffer.from(text, 'utf8');
    if (Number(sendTo(fd, bytes, bytes.length, MSG_NOSIGNAL, name, name.length)) < 0) {
      throw lastError('sendto', address);
    }
  } finally {
    close(fd);
  }
}

/** `struct sockaddr_un`, as long as its path. */
function unixAddress(address: string): Uint8Array {
  const isAbstract = address.startsWith('@');
  const path = Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`, 'utf8');
  if (path.length > PATH_BYTES) throw new SystemCallError('sendto', ENAMETOOLONG, 'ENAMETOOLONG', address);
  const bytes = Buffer.alloc(2 + path.length);
  bytes.writeUInt16LE(AF_UNIX, 0);
  path.copy(bytes, 2);
  return bytes;
}

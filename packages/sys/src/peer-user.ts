/** Who is at the other end of a Unix socket. */
import type { Socket } from 'node:net';
import { isAvailable, library } from './library.ts';
import type { FileUser } from './user-access.ts';

const SOL_SOCKET = 1;
/** The number on all platforms that koffi and the tracer know. */
const SO_PEERCRED = 17;
/** `struct ucred`: process, user, group. */
const UCRED_BYTES = 12;

let getsockopt: ((...words: readonly unknown[]) => number) | undefined;

/**
 * The user that connected to a Unix socket, as the kernel noted it then: unix(7), SO_PEERCRED.
 * @returns undefined when it cannot be told: without koffi, of a socket that is closed.
 */
export function peerUser(socket: Socket): FileUser | undefined {
  // net.Socket has no name for it.
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd ?? -1;
  if (fd < 0 || !isAvailable().available) return undefined;
  getsockopt ??= library()
    .koffi.load(null)
    .func('int getsockopt(int, int, int, _Out_ void *, _Inout_ uint32_t *)') as (
    ...words: readonly unknown[]
  ) => number;
  const credentials = Buffer.alloc(UCRED_BYTES);
  const length = [UCRED_BYTES];
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0 || length[0] !== UCRED_BYTES) {
    return undefined;
  }
  const [uid, gid] = [credentials.readUInt32LE(4), credentials.readUInt32LE(8)];
  // What the kernel says of no peer.
  return uid === 0xffff_ffff ? undefined : { uid, gid };
}

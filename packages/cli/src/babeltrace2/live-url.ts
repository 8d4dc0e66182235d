/** Addresses of LTTng live sessions: `net[4|6]://HOST[:PORT][/host/TARGET/SESSION]`. */
import { SpoorError } from '@spoor/base';

/**
 * Whether an address names a session, or only where to ask which there are.
 * @throws SpoorError `babeltrace2/live-url` for what is no such address.
 */
export function readLiveUrl(url: string): { readonly hasSession: boolean } {
  const wrong = (why: string): SpoorError =>
    new SpoorError('babeltrace2/live-url', `Invalid LTTng live URL format: ${why}.`);
  const [protocol = ''] = url.split(':', 1);
  if (!['net', 'net4', 'net6'].includes(protocol)) throw wrong(`Unknown protocol: \`${protocol}\``);
  const found = /^[^:]+:\/\/(\[[^\]]*\]|[^:/]+)(?::(\d+))?(?:\/(.*))?$/.exec(url);
  if (found === null) throw wrong('it has no name of a host');
  const [, , port, path = ''] = found;
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) {
    throw wrong(`Invalid port: ${port}`);
  }
  if (path === '') return { hasSession: false };
  const parts = path.split('/');
  if (parts.length !== 3 || parts[0] !== 'host' || parts.includes('')) {
    throw wrong('behind the host there must be host/TARGET/SESSION');
  }
  return { hasSession: true };
}

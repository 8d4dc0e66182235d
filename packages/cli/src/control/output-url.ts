/** Places for traces as lttng-create(1) writes them: `file://DIR`, `net://HOST[:CTRL[:DATA]]/DIR`, or a directory. */
import { resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { NetworkOutput, Output } from '@spoor/control';

const DEFAULT_CONTROL_PORT = 5342;
const DEFAULT_DATA_PORT = 5343;
const networkUrl = /^(net6?|tcp6?):\/\/(\[[^\]]+\]|[^:/[\]]+)(?::(\d+)(?::(\d+))?)?(?:\/(.*))?$/;

function invalid(text: string, why: string): SpoorError {
  return new SpoorError('control/invalid-url', `cannot use the URL ${text}: ${why}`, {
    hint: 'file:///DIR, or net://HOST[:PORT[:PORT]][/DIR]',
  });
}

function portOf(text: string, digits: string | undefined, usual: number): number {
  const port = digits === undefined ? usual : Number(digits);
  if (port < 1 || port > 65_535) throw invalid(text, `there is no port ${port}`);
  return port;
}

/**
 * Reads a URL, or the path of a directory.
 * @throws SpoorError `control/invalid-url`.
 */
export function readOutput(text: string): Output {
  if (text.startsWith('file://')) {
    const path = text.slice('file://'.length);
    if (!path.startsWith('/')) throw invalid(text, 'the directory is not absolute');
    return { kind: 'local', path: resolve(path) };
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    if (text === '') throw invalid(text, 'it is empty');
    return { kind: 'local', path: resolve(text) };
  }
  const parts = networkUrl.exec(text);
  if (parts === null) throw invalid(text, 'it is neither of files nor of a relay daemon');
  const [, protocol, host = '', control, data, tracePath] = parts;
  return {
    kind: 'network',
    protocol: protocol as NetworkOutput['protocol'],
    host: host.replace(/^\[|\]$/g, ''),
    controlPort: portOf(text, control, DEFAULT_CONTROL_PORT),
    dataPort: portOf(text, data, DEFAULT_DATA_PORT),
    ...(tracePath === undefined || tracePath === '' ? {} : { tracePath }),
  };
}

/** How an output is shown. */
export function outputText(output: Output): string {
  if (output.kind === 'local') return output.path;
  const { protocol, host, controlPort, dataPort, tracePath } = output;
  const shown = host.includes(':') ? `[${host}]` : host;
  return `${protocol}://${shown}:${controlPort}:${dataPort}${tracePath === undefined ? '' : `/${tracePath}`}`;
}

/** Options that name an output by URLs. */
export interface UrlOptions {
  readonly setUrl?: string;
  readonly ctrlUrl?: string;
  readonly dataUrl?: string;
}

/**
 * The output that options name; undefined when they name none.
 * @throws SpoorError `control/invalid-url`.
 */
export function outputOfOptions({ setUrl, ctrlUrl, dataUrl }: UrlOptions): Output | undefined {
  if (setUrl !== undefined) {
    if (ctrlUrl !== undefined || dataUrl !== undefined) {
      throw invalid(setUrl, '--set-url stands for --ctrl-url and --data-url');
    }
    return readOutput(setUrl);
  }
  if (ctrlUrl === undefined && dataUrl === undefined) return undefined;
  if (ctrlUrl === undefined || dataUrl === undefined) {
    throw invalid(ctrlUrl ?? dataUrl ?? '', '--ctrl-url and --data-url go together');
  }
  const control = readOutput(ctrlUrl);
  const data = readOutput(dataUrl);
  if (control.kind !== 'network' || data.kind !== 'network' || control.host !== data.host) {
    throw invalid(ctrlUrl, 'both must name the same relay daemon');
  }
  return { ...control, dataPort: data.dataPort };
}

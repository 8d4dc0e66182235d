// `spoor view` and Debian's Chromium, as the tests and the benchmark of the viewer use them.
import { type ChildProcess, spawn } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';
import { spoorProgram } from './spoor.ts';

/** A running `spoor view`. */
export interface Viewer {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it as Ctrl-C does; resolves to its exit status. */
  stop(): Promise<number | null>;
}

/** Starts `spoor view` and waits for the address that it prints. */
export function startViewer(args: readonly string[]): Promise<Viewer> {
  const child = spawn(process.execPath, [spoorProgram, 'view', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'UTC' },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)));
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: Buffer): void => {
      text += String(chunk);
      const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0];
      if (url === undefined) return;
      resolve({
        url,
        process: child,
        stop: () => {
          child.kill('SIGINT');
          return ended;
        },
      });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    void ended.then((status) => reject(new Error(`spoor view ended with status ${status}: ${text}`)));
  });
}

/** Starts Chromium without a window, a GPU or anything that wants the network; scrollbars hide unless asked for. */
export function launchChromium(options: { readonly scrollbars?: boolean } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    ...(options.scrollbars === true ? { ignoreDefaultArgs: ['--hide-scrollbars'] } : {}),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

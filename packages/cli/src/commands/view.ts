import { spawn } from 'node:child_process';
import { InvalidArgumentError } from 'commander';
import { showBy } from '../show-by.ts';
import type { RegisterCommand } from './register-command.ts';

interface ViewOptions {
  readonly port: number;
  readonly tracePath?: string;
  readonly viewer?: string;
  readonly open?: true;
}

export const registerView: RegisterCommand = (program, context) => {
  program
    .command('view')
    .description('Show traces, or what a session recorded, in a browser: time line, event table, statistics.')
    .argument(
      '[dir...]',
      'directories with traces in or below them, or archives of such, all shown together; or the name of a session, the current one by default',
    )
    .option('-e, --viewer <command>', 'have this command show them, which is given the directory last')
    .option('-t, --trace-path <dir>', 'show this directory')
    .option('-p, --port <number>', 'port of 127.0.0.1 to serve on; 0 is any free one', readPort, 0)
    .option('--open', 'open the page in the default browser')
    .addHelpText('after', '\nServes until Ctrl-C. Only this machine can reach the page.')
    .action(async (words: string[], options: ViewOptions) => {
      const { viewedDirectories } = await import('../control/viewed-directories.ts');
      const directories = await viewedDirectories(
        options.tracePath === undefined ? words : [...words, options.tracePath],
      );
      context.exitStatus =
        options.viewer === undefined ? await view(directories, options) : showBy(options.viewer, directories);
    });
};

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('A number from 0 to 65535 is needed.');
  }
  return port;
}

async function view(directories: readonly string[], options: ViewOptions): Promise<number> {
  const { FileBinaries, openTrace, withRawReader } = await import('@spoor/components/node');
  const { loadRawReader } = await import('../convert/raw-rings.ts');
  const { serveView, traceSetSource } = await import('@spoor/server');
  const { pageFolder } = await import('./installed.ts');
  const set = await withRawReader(loadRawReader, (readRaw) => openTrace(directories, { readRaw }));
  const server = await serveView(traceSetSource(set, directories, new FileBinaries()), {
    port: options.port,
    pageDir: pageFolder(),
  });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  process.stdout.write(`${server.url}\n`);
  if (process.stderr.isTTY) process.stderr.write('spoor: serving on this machine only; Ctrl-C stops\n');
  if (options.open === true) openBrowser(server.url);
  void server.indexed.then(() => {
    const { eventCount, warnings, failure } = server.view.summary();
    for (const warning of warnings) process.stderr.write(`spoor: ${warning}\n`);
    if (failure !== undefined) process.stderr.write(`spoor: stopped reading: ${failure}\n`);
    if (process.stderr.isTTY) process.stderr.write(`spoor: ${eventCount} events indexed\n`);
  });
  await stopped;
  await server.close();
  return 0;
}

/** Opens a page in the desktop's browser; a machine without one gets a line that says so, and goes on serving. */
function openBrowser(url: string): void {
  const opener = spawn('xdg-open', [url], { stdio: 'ignore', detached: true });
  const say = (why: string): void => {
    process.stderr.write(`spoor: cannot open a browser (${why}); open ${url} yourself\n`);
  };
  opener.on('error', () => say('no xdg-open here'));
  opener.on('exit', (status) => {
    if (status !== 0) say(`xdg-open ended with status ${status}`);
  });
  opener.unref();
}

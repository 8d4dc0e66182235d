import { readFileSync } from '@spoor/sys';
import { dirname, join } from 'node:path';
import { watchBunyan } from './log-bunyan.ts';
import { watchDebug } from './log-debug.ts';
import { watchPino } from './log-pino.ts';
import { watchWinston } from './log-winston.ts';
import { tellMissing } from './guard.ts';
import { watchLoads } from './module-loads.ts';

/** The file of a package through which all its lines go, and what watches them. */
interface LoggerFile {
  readonly package: string;
  /** Of the file, in its package's folder. */
  readonly path: string;
  /** Takes what the file exports; answers whether it found what it knows. */
  readonly watch: (exported: unknown) => boolean;
}

const loggerFiles: readonly LoggerFile[] = [
  { package: 'pino', path: 'lib/proto.js', watch: watchPino },
  { package: 'winston', path: 'lib/winston/logger.js', watch: watchWinston },
  { package: 'bunyan', path: 'lib/bunyan.js', watch: watchBunyan },
  { package: 'debug', path: 'src/node.js', watch: watchDebug },
];

const anyLoggerFile = /\/(?:lib\/(?:proto|winston\/logger|bunyan)|src\/node)\.js$/;

/**
 * Events of the lines that the program's loggers print. The packages are watched as they are loaded, each copy of
 * them, by `require` or `import`, wherever they are installed and under whatever name.
 */
export function startLoggerEvents(): void {
  watchLoads({
    begins: (path) => anyLoggerFile.test(path),
    ended(module, path) {
      const file = loggerFiles.find((candidate) => path.endsWith(`/${candidate.path}`));
      if (file === undefined || packageNameAt(path.slice(0, -file.path.length)) !== file.package) return;
      if (!file.watch(module.exports)) {
        tellMissing(`the events of the logger in ${dirname(path)}`, 'its version is not known');
      }
    },
  });
}

/** Undefined where there is no package. */
function packageNameAt(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly name?: unknown })
      .name;
  } catch {
    return undefined;
  }
}

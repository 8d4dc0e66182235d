/** Begins the run of a command with all plug-ins that there are. */
import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeError, SpoorError } from '@spoor/base';
import { pluginOfPipeFile } from '@spoor/components/node';
import type { GeneralOptions } from '../commands/general-options.ts';
import { entryOf, resolvePackage } from './package-entry.ts';
import { Session } from './session.ts';

/** Where plug-ins are looked for when nothing is said. */
const systemPaths = ['/usr/local/lib/spoor/plugins', '/usr/lib/spoor/plugins'];

/** A directory that is looked through, and whether what is wrong there ends the command. */
interface PluginFolder {
  readonly path: string;
  readonly wasAskedFor: boolean;
}

/** The directories, in the order in which they are looked through. */
export function pluginFolders(options: GeneralOptions): readonly PluginFolder[] {
  const ofVariable = (process.env['SPOOR_PLUGIN_PATH'] ?? '').split(delimiter).filter(Boolean);
  const asked = [...(options.pluginPath ?? []), ...ofVariable];
  const home = options.omitHomePluginPath === true ? [] : [join(homedir(), '.local/lib/spoor/plugins')];
  const system = options.omitSystemPluginPath === true ? [] : systemPaths;
  return [
    ...asked.map((path) => ({ path: resolve(path), wasAskedFor: true })),
    ...[...home, ...system].map((path) => ({ path, wasAskedFor: false })),
  ];
}

/** Plug-ins of a directory: modules, packages, and descriptions of programs. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return entryOf(path) ?? [];
      return /\.(?:mjs|js|pipe\.json)$/.test(name) ? [path] : [];
    });
}

async function loadModule(session: Session, file: string): Promise<void> {
  if (file.endsWith('.pipe.json')) {
    session.registry.add(pluginOfPipeFile(file), file);
    return;
  }
  let exported: unknown;
  try {
    const module = (await import(pathToFileURL(file).href)) as {
      readonly plugin?: unknown;
      readonly default?: unknown;
    };
    exported = module.plugin ?? module.default;
  } catch (cause) {
    const [, name] = /^Cannot find package '(@spoor\/[^'/]+)/.exec(describeError(cause)) ?? [];
    throw new SpoorError('plugin/load', `the plug-in cannot be loaded: ${describeError(cause)}`, {
      where: file,
      ...(name === undefined
        ? {}
        : { hint: `install ${name} where the plug-in lies, or export a plain object` }),
    });
  }
  const { pluginOfModule } = await import('@spoor/components/plugin');
  session.registry.add(pluginOfModule(exported, file), file);
}

/** Loads what a directory has. */
async function loadFolder(session: Session, { path, wasAskedFor }: PluginFolder): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    if (!wasAskedFor) return;
    throw new SpoorError('plugin/path', `there is no directory of plug-ins: ${path}`, {
      hint: 'give directories, separated by colons',
    });
  }
  for (const file of filesIn(path)) {
    try {
      await loadModule(session, file);
    } catch (error) {
      if (wasAskedFor) throw error;
      session.tellTrouble(`${describeError(error)}; this plug-in is left out`);
    }
  }
}

/** Loads a plug-in from a package that is installed where the command is run, or beside the command. */
async function loadPackage(session: Session, name: string): Promise<void> {
  const file =
    resolvePackage(name, process.cwd()) ?? resolvePackage(name, dirname(fileURLToPath(import.meta.url)));
  if (file === undefined) {
    throw new SpoorError('plugin/package', `there is no package ${name}`, {
      hint: `install it where the command is run: npm install ${name}`,
    });
  }
  await loadModule(session, file);
}

/** A session with its plug-ins loaded. */
export async function openSession(options: GeneralOptions & { readonly strict?: boolean }): Promise<Session> {
  const session = new Session(options);
  for (const name of options.plugin ?? []) await loadPackage(session, name);
  for (const folder of pluginFolders(options)) await loadFolder(session, folder);
  return session;
}

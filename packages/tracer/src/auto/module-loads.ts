// When a CommonJS module was loaded, told without a function of ours on the stack while it runs: what a module throws
// is printed with its stack, and a wrapped loader would be seen in it.
import Module from 'node:module';
import { guarded } from './guard.ts';
import { define } from '../primordials.ts';

/** The part of a CommonJS module that is used. */
export interface LoadedModule {
  /** Its file's path; `.` for the program's main module once it runs. */
  readonly id: string;
  exports: unknown;
  readonly loaded: boolean;
}

/** Told of CommonJS modules. */
export interface LoadWatcher {
  /** Whether those that are loaded already are left out. */
  readonly onlyNew?: boolean;
  /** Whether the end of the loading of this file is to be told of. */
  readonly begins: (path: string) => boolean;
  /** The module has run; who asked for it has not got its exports yet. Not called if it threw. */
  readonly ended: (module: LoadedModule, path: string) => void;
}

const watchers: LoadWatcher[] = [];

/**
 * Has a watcher told of CommonJS modules, also those that ES modules import. Works by the property `loaded`: Node.js
 * sets it to false in a module's constructor and to true when the module has run.
 * @throws Error when this version of Node.js does not do so.
 */
export function watchLoads(watcher: LoadWatcher): void {
  if (watchers.length === 0) watchConstructor();
  // What was preloaded before the tracer.
  if (watcher.onlyNew !== true) {
    for (const [path, module] of Object.entries(loadedModules())) {
      if (module?.loaded === true && watcher.begins(path)) watcher.ended(module, path);
    }
  }
  watchers.push(watcher);
}

/** All CommonJS modules by path; none, where Node.js keeps them elsewhere. */
function loadedModules(): Readonly<Record<string, LoadedModule | undefined>> {
  const cache: unknown = Reflect.get(Module, '_cache');
  return isCache(cache) ? cache : {};
}

function isCache(value: unknown): value is Readonly<Record<string, LoadedModule | undefined>> {
  return typeof value === 'object' && value !== null;
}

function watchConstructor(): void {
  let isSeen = false;
  const onConstruct = guarded((module: LoadedModule) => {
    isSeen = true;
    const path = module.id;
    const interested = watchers.filter((watcher) => watcher.begins(path));
    if (interested.length === 0) return;
    define(module, 'loaded', {
      configurable: true,
      enumerable: true,
      get: () => false,
      set(this: LoadedModule, isLoaded: unknown) {
        setPlainly(this, isLoaded);
        if (isLoaded !== true) return;
        tellEnded(interested, this, path);
      },
    });
  });
  define(Module.prototype, 'loaded', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: LoadedModule, isLoaded: unknown) {
      setPlainly(this, isLoaded);
      if (isLoaded === false) onConstruct(this);
    },
  });
  const trial = new Module('');
  if (!isSeen || trial.loaded) throw new Error('modules do not say when they are loaded');
}

const tellEnded = guarded((interested: readonly LoadWatcher[], module: LoadedModule, path: string) => {
  for (const watcher of interested) guarded(watcher.ended)(module, path);
});

function setPlainly(module: LoadedModule, value: unknown): void {
  define(module, 'loaded', { value, writable: true, enumerable: true, configurable: true });
}

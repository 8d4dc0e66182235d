// Where modules are caught on their way from the loader to the compiler: CommonJS right before it is compiled, ES modules
// by a load hook that is kept the outermost, so that what TypeScript loaders give back is what is rewritten.
import Module, { syncBuiltinESMExports } from 'node:module';
import type { ModuleFormat } from './ast.ts';
import type { ModuleRewriter } from './modules.ts';

/** What a load hook returns. */
interface Loaded {
  readonly format?: string | null | undefined;
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null | undefined;
  readonly shortCircuit?: boolean | undefined;
}

interface SyncHooks {
  readonly load: (url: string, context: object, nextLoad: (url: string, context: object) => Loaded) => Loaded;
}

/** The parts of `node:module` that are used and replaced. Older versions lack some. */
interface ModuleApi {
  registerHooks?: (hooks: SyncHooks) => { readonly deregister: () => void };
  register: (...args: readonly unknown[]) => unknown;
  readonly stripTypeScriptTypes?: (source: string, options: { readonly mode: 'strip' }) => string;
  readonly prototype: {
    _compile: (this: Module, content: unknown, path: string, ...more: unknown[]) => unknown;
  };
}

const api = Module as unknown as ModuleApi;
const { apply } = Reflect;

/** Whether ES modules can be rewritten in this thread; otherwise it is done in that of `module.register`. */
export const hasSyncHooks: boolean = typeof api.registerHooks === 'function';

/** Has CommonJS modules rewritten. */
export function hookCommonJs(rewriter: ModuleRewriter): void {
  const { prototype } = api;
  const compile = prototype._compile;
  prototype._compile = function _compile(this: Module, content, path, ...more) {
    const chosen = typeof content === 'string' ? rewriter.chosenPath(path) : undefined;
    if (chosen === undefined) return apply(compile, this, [content, path, ...more]);
    const [format, ...rest] = more;
    const plain = withoutTypes(content as string, format);
    const text = rewriter.rewrite(
      plain?.text ?? (content as string),
      chosen,
      knownFormat(plain?.format ?? format),
    );
    if (text === undefined) return apply(compile, this, [content, path, ...more]);
    return apply(compile, this, [
      text,
      path,
      ...(more.length === 0 ? [] : [plain?.format ?? format]),
      ...rest,
    ]);
  };
}

/** Has ES modules rewritten by hooks in this thread. */
export function hookModules(rewriter: ModuleRewriter): void {
  const register = api.registerHooks!;
  const hooks: SyncHooks = {
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const path = rewriter.chosenPath(url);
      if (path === undefined) return loaded;
      return (
        rewrittenModule(loaded, path, rewriter) ?? rewrittenTypedCommonJs(loaded, path, rewriter) ?? loaded
      );
    },
  };
  let own = register(hooks);
  keepOutermost(() => {
    own.deregister();
    own = register(hooks);
  });
}

/** Calls back after each registration of hooks that is not ours: what is registered last is asked first. */
export function keepOutermost(again: () => void): void {
  for (const name of ['register', 'registerHooks'] as const) {
    const original = api[name] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (original === undefined) continue;
    const replaced = {
      [name](...args: readonly unknown[]): unknown {
        const answer = original(...args);
        try {
          again();
        } catch {
          // Then modules are rewritten where they are plain JavaScript already.
        }
        return answer;
      },
    };
    Object.assign(api, { [name]: replaced[name] });
  }
  syncBuiltinESMExports();
}

/** The answer of a load hook with the rewritten text; undefined where it stays as it is. Never throws. */
export function rewrittenModule(loaded: Loaded, path: string, rewriter: ModuleRewriter): Loaded | undefined {
  const { format, source } = loaded;
  if (format !== 'module' && format !== 'module-typescript') return undefined;
  if (source === null || source === undefined) return undefined;
  const text = textOf(source);
  const plain = withoutTypes(text, format);
  const rewritten = rewriter.rewrite(plain?.text ?? text, path, 'module');
  return rewritten === undefined ? undefined : { ...loaded, format: 'module', source: rewritten };
}

/** The same for a CommonJS module whose text a hook gives: Node.js 20 compiles it past `Module.prototype._compile`. */
export function rewrittenCommonJs(
  loaded: Loaded,
  path: string,
  rewriter: ModuleRewriter,
): Loaded | undefined {
  const { format, source } = loaded;
  if (format !== 'commonjs' || source === null || source === undefined) return undefined;
  const rewritten = rewriter.rewrite(textOf(source), path, format);
  return rewritten === undefined ? undefined : { ...loaded, source: rewritten };
}

/** CommonJS in TypeScript, which Node.js 22 compiles past `_compile` when it is imported. */
function rewrittenTypedCommonJs(loaded: Loaded, path: string, rewriter: ModuleRewriter): Loaded | undefined {
  const { format, source } = loaded;
  if (format !== 'commonjs-typescript' || source === null || source === undefined) return undefined;
  const plain = withoutTypes(textOf(source), format);
  if (plain === undefined) return undefined;
  return rewrittenCommonJs({ ...loaded, format: 'commonjs', source: plain.text }, path, rewriter);
}

function textOf(source: NonNullable<Loaded['source']>): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}

function knownFormat(format: unknown): ModuleFormat | undefined {
  return format === 'module' || format === 'commonjs' ? format : undefined;
}

/** What Node.js would do next with TypeScript; the text keeps its places. */
function withoutTypes(
  text: string,
  format: unknown,
): { readonly text: string; readonly format: string } | undefined {
  if (typeof format !== 'string' || !format.endsWith('-typescript')) return undefined;
  const { emitWarning } = process;
  try {
    // That the function is young is no news for the program's user.
    process.emitWarning = () => {};
    const stripped = api.stripTypeScriptTypes?.(text, { mode: 'strip' });
    return stripped === undefined
      ? undefined
      : { text: stripped, format: format.slice(0, -'-typescript'.length) };
  } catch {
    // Syntax that needs more than leaving types out; or none at all, which Node.js will say.
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

// Hooks of the module loader for Node.js before 22.15, which runs them in a thread of their own: tell the thread that
// imports how long each source took to get. `auto/modules.ts` registers them.
import type { MessagePort } from 'node:worker_threads';

let port: MessagePort | undefined;

/** Called once, with the port that messages go to. */
export function initialize(given: MessagePort): void {
  port = given;
}

/** Part of the module loader: answers what the next loader answers. */
export async function load(
  url: string,
  context: unknown,
  nextLoad: (url: string, context: unknown) => Promise<{ readonly format?: unknown }>,
): Promise<unknown> {
  const startNs = Number(process.hrtime.bigint());
  const loaded = await nextLoad(url, context);
  if (!url.startsWith('node:')) {
    const durationNs = Number(process.hrtime.bigint()) - startNs;
    port?.postMessage({ url, format: loaded.format, startNs, durationNs });
  }
  return loaded;
}

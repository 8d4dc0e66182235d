/** What authors of plug-ins need: docs/manual/plugins.md tells how. */
export {
  type AuthorClass,
  type FilterDefinition,
  type Given,
  type Input,
  type SinkDefinition,
  type SourceDefinition,
} from './plugin/author-class.ts';
export { definePlugin, pluginOfModule, type PluginDefinition } from './plugin/define-plugin.ts';
export { EventOutput, type OutputStreamOptions, type OutputTrace } from './plugin/event-output.ts';
export type { EventHandler, SourceSteps } from './plugin/handler.ts';
export type { EventContexts, OutputStream } from './plugin/output-stream.ts';
export type { StreamMessage, StreamMessageKind } from './plugin/stream-message.ts';
export type { EventView } from './source-ctf-fs/event-view.ts';
export type { EventFlow } from './event-flow.ts';

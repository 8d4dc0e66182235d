export type {
  Component,
  ComponentClass,
  ComponentContext,
  ComponentKind,
  FilterComponent,
  QueryAnswer,
  QueryContext,
  QueryObject,
  RunnableSink,
  SinkComponent,
  SourceComponent,
} from './component.ts';
export { parseConnection, type ConnectionRule } from './connection.ts';
export { Graph, type ComponentRequest, type GraphDescription, type GraphOptions } from './graph.ts';
export { Logger, logLevels, type LogLevel } from './log.ts';
export { InputPort, OutputPort, type ClockOffset, type ClockRule, type Pass } from './port.ts';
export { PluginRegistry, type FoundClass, type Plugin } from './plugin.ts';
export {
  run,
  runInSlices,
  settledOrAborted,
  type RunOptions,
  type RunResult,
  type SlicedRunOptions,
} from './run.ts';
export { parseParameters, UnsignedValue, type Parameters, type ParameterValue } from './parameters.ts';
export {
  checkParameters,
  parameterTypeText,
  type ParameterTable,
  type ParameterType,
} from './parameter-table.ts';

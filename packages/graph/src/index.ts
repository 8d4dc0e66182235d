export type {
  Component,
  ComponentClass,
  FilterComponent,
  RunnableSink,
  SinkComponent,
  SourceComponent,
} from './component.ts';
export { InputPort, OutputPort } from './port.ts';
export { run, runInSlices, type RunOptions, type RunResult } from './run.ts';
export {
  checkParameters,
  parseParameters,
  UnsignedValue,
  type Parameters,
  type ParameterTable,
  type ParameterType,
  type ParameterValue,
} from './parameters.ts';

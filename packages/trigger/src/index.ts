export { actionNames } from './action-arguments.ts';
export type { CarryOut } from './action-queue.ts';
export { contextsOf, parseCapture } from './capture.ts';
export { conditionNames } from './condition-arguments.ts';
export {
  checkTexts,
  conditionRules,
  isDoneByTracer,
  type ConditionRule,
  type RuleRole,
} from './condition-rules.ts';
export { printTrigger } from './print-trigger.ts';
export { readTriggerArguments, type ArgumentContext } from './trigger-arguments.ts';
export { unlimitedSnapshots } from './unlimited-snapshots.ts';
export { TriggerEngine, type BufferUsage, type EnginePort, type Notice } from './trigger-engine.ts';

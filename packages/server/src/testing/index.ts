export { syntheticSource, type SyntheticOptions } from './synthetic-source.ts';
export { writeSmallTrace, type SmallEvent, type SmallTrace } from './small-trace.ts';

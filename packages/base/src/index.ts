export { SpoorError, describeError, type ErrorDetails } from './error.ts';

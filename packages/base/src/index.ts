export { closestName } from './closest-name.ts';
export { SpoorError, describeError, type ErrorDetails } from './error.ts';

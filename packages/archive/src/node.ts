/** The part of the package that needs Node.js. */
export { nodeMeans, spoolInput } from './node-means.node.ts';

/** What makes events of the pages in traces of `spoor record -k --raw`: a module of its own, for few traces have such. */
export { readRawRings } from './source-ftrace/read-raw-rings.node.ts';

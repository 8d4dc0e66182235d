export {
  findTracefs,
  listEvents,
  readFormats,
  tracefsMounts,
  type FormatSelection,
} from './tracefs/tracefs.node.ts';

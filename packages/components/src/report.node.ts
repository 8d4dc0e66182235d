/** The kernel's own text of recordings of its rings: a module of its own, so that a command of one file has nothing else. */
export {
  helpReport,
  printReport,
  type ReportOptions,
  type ReportRequest,
} from './kernel-lines/print-report.node.ts';

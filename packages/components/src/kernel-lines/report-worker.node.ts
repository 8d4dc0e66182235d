/** A thread that writes a part of a report. */
import { workerData } from 'node:worker_threads';
import { helpReport, type ReportRequest } from './print-report.node.ts';

helpReport(workerData as ReportRequest);

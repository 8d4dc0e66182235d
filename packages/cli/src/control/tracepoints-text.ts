import type { ProgramTracepoints, Tracepoint } from '@spoor/control';
import { LOG_LEVELS } from '@spoor/tracer/names';

const levelNames = new Map(
  Object.entries(LOG_LEVELS).map(([name, level]) => [level as number, `TRACE_${name.toUpperCase()}`]),
);

/** The tracepoints of programs, as `lttng list --userspace` shows them; with their fields as `--fields` does. */
export function tracepointsText(programs: readonly ProgramTracepoints[], hasFields: boolean): string {
  const header = hasFields ? 'UST event fields:\n-------------\n' : 'UST events:\n-------------\n';
  if (programs.length === 0) return `${header}None\n`;
  const parts = programs.map(({ pid, procname, answers, tracepoints }) => {
    const lines = tracepoints.map((tracepoint) => tracepointText(tracepoint, hasFields));
    const none = answers ? '      None\n' : '      does not answer: its event loop does not turn\n';
    return `\nPID: ${pid} - Name: ${procname}\n${lines.length === 0 ? none : lines.join('')}`;
  });
  return `${header}${parts.join('')}\n`;
}

function tracepointText({ name, logLevel, fields }: Tracepoint, hasFields: boolean): string {
  const level = levelNames.get(logLevel) ?? 'unknown';
  const text = `      ${name} (loglevel: ${level} (${logLevel})) (type: tracepoint)\n`;
  if (!hasFields) return text;
  return text + fields.map((field) => `        field: ${field.name} (${field.type})\n`).join('');
}

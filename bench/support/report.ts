import type { BenchReport, Spread } from '../harness.ts';

/** A figure in the unit that its metric's name ends in. */
export function formatFigure(metric: string, value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (metric.endsWith('Bytes')) return `${(value / 1e6).toFixed(1)} MB`;
  if (metric.endsWith('Ms')) return `${value.toFixed(1)} ms`;
  if (metric.endsWith('Us')) return `${value.toFixed(2)} µs`;
  if (metric.endsWith('Ns')) return `${value.toFixed(value < 10 ? 2 : 1)} ns`;
  if (metric.endsWith('S')) return `${value.toFixed(3)} s`;
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

function formatSpread(metric: string, { median, min, max }: Spread): string {
  return `${formatFigure(metric, median)} [${formatFigure(metric, min)} – ${formatFigure(metric, max)}]`;
}

/** The report as Markdown that is also fit to read on a terminal: tables with aligned columns. */
export function renderReport(report: BenchReport): string {
  const { spreads } = report;
  const contenders = Object.keys(spreads);
  const metrics = [...new Set(contenders.flatMap((name) => Object.keys(spreads[name] ?? {})))];
  const rows = metrics.map((metric) => [
    metric,
    ...contenders.map((name) => {
      const spread = spreads[name]?.[metric];
      return spread === undefined ? '–' : formatSpread(metric, spread);
    }),
  ]);
  const facts = Object.entries(report.facts).map(([name, value]) => `${name}: ${value}`);
  const machine = Object.entries(report.machine).map(([name, value]) => `${name} ${value}`);
  const verdicts = report.verdicts.map(({ text, unit, metric, value, met }) => {
    const figure = (number: number): string =>
      unit === 'metric' ? formatFigure(metric, number) : number.toPrecision(3);
    const range = ` [${figure(value.min)} – ${figure(value.max)}]${boundsText(value, figure)}`;
    return `- ${text}: **${figure(value.median)}**${range}${met === undefined ? '' : met ? ' ✓' : ' ✗ missed'}`;
  });
  return [
    `\n### ${report.name}: ${report.question}`,
    '',
    `Median [min – max] of ${report.rounds} alternating rounds; ${machine.join(', ')}.`,
    ...(facts.length > 0 ? [`${facts.join('; ')}.`] : []),
    '',
    ...table(['', ...contenders], rows),
    '',
    ...verdicts,
    '',
  ].join('\n');
}

/** What is known of the median, where there are values enough to say more than they do. */
function boundsText({ bounds }: Spread, figure: (number: number) => string): string {
  return bounds === undefined ? '' : `, 95 % sure ${figure(bounds[0])} – ${figure(bounds[1])}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)];
}

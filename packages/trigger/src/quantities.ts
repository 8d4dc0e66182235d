/** Quantities in options, as LTTng's tools write them. */

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Bytes, or with a suffix `k`, `M`, `G`; undefined when it is none. */
export function parseSizeBytes(text: string): number | undefined {
  const parts = /^(\d+)([kmg]?)$/i.exec(text);
  if (parts === null) return undefined;
  const size = Number(parts[1]) * unitBytes[parts[2]!.toLowerCase()]!;
  return Number.isSafeInteger(size) ? size : undefined;
}

/** Milliseconds of a time such as `250ms`, `1.5s`, `800us`, `2m`, `1h`; undefined when it is none or zero. */
export function parseTimeMs(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  if (parts === null) return undefined;
  const timeMs = Number(parts[1]) * unitMs[parts[2]!]!;
  return Number.isFinite(timeMs) && timeMs > 0 ? timeMs : undefined;
}

/** A time in the largest unit that leaves a whole number: `250ms`, `60s` is `1m`. */
export function timeText(timeMs: number): string {
  for (const [unit, size] of Object.entries(unitMs).reverse()) {
    if (Number.isInteger(timeMs / size)) return `${timeMs / size}${unit}`;
  }
  return `${timeMs}ms`;
}

/** A count of at least 1; undefined when it is none. */
export function parseCount(text: string): number | undefined {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

/** A decimal number without sign; undefined when it is none. */
export function parseDecimal(text: string): number | undefined {
  return /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined;
}

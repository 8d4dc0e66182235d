const grouped = new Intl.NumberFormat('en-US');

/** A count with separators: `262,144`. */
export function countText(count: number): string {
  return grouped.format(count);
}

/** `1 process`, `2 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A duration in the unit that suits it, three digits: `812 ns`, `4.21 ms`, `1.30 s`, `2 min 05 s`. */
export function durationText(durationNs: number): string {
  const size = Math.abs(durationNs);
  if (size < 999.5) return `${Math.round(durationNs)} ns`;
  if (size < 999_500) return `${threeDigits(durationNs / 1e3)} µs`;
  if (size < 999_500_000) return `${threeDigits(durationNs / 1e6)} ms`;
  if (size < 59.95e9) return `${threeDigits(durationNs / 1e9)} s`;
  const seconds = Math.round(durationNs / 1e9);
  return `${countText(Math.trunc(seconds / 60))} min ${String(Math.abs(seconds % 60)).padStart(2, '0')} s`;
}

/** A size in decimal units: `812 B`, `4.2 MB`. */
export function sizeText(sizeBytes: number): string {
  const { value, unit } = scaled(sizeBytes, 1000, 999.5);
  return `${unit === 0 ? value : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${['B', 'kB', 'MB', 'GB', 'TB'][unit]}`;
}

/** A size in binary units, as sizes of memory are: `512 KiB`, `1.5 MiB`. */
export function binarySizeText(sizeBytes: number): string {
  const { value, unit } = scaled(sizeBytes, 1024, 1024);
  const number = value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1);
  return `${number} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`;
}

/** A size as options take it: `512k`. */
export function sizeArgument(sizeBytes: number): string {
  if (sizeBytes % (1 << 20) === 0) return `${sizeBytes / (1 << 20)}M`;
  return sizeBytes % 1024 === 0 ? `${sizeBytes / 1024}k` : String(sizeBytes);
}

/** A size in the largest of five units, each `factor` times the one before, of which it has less than `limit`. */
function scaled(sizeBytes: number, factor: number, limit: number): { value: number; unit: number } {
  let value = sizeBytes;
  let unit = 0;
  while (value >= limit && unit < 4) {
    value /= factor;
    unit += 1;
  }
  return { value, unit };
}

/** A share of 1 in per cent: `49.8 %`, `<0.1 %`. */
export function shareText(share: number): string {
  if (!Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.0005) return '<0.1 %';
  return `${(share * 100).toFixed(1)} %`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

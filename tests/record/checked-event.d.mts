export function checkOf(thread: number, n: number): number;
export function textOf(n: number): string;

/** Texts of the kernel itself that records tell by address, as `rcu_utilization` does: `printk_formats` has them. */
import { parsePrintkFormats } from '../print/symbols.ts';
import type { KernelEventFormat, KernelField } from './event-format.ts';

/** Whether a field is the address of a text of the kernel; arguments of system calls are addresses in programs. */
export function isKernelText({ system }: Pick<KernelEventFormat, 'system'>, field: KernelField): boolean {
  return system !== 'syscalls' && /^(?:const )?char ?\*$/.test(field.type) && field.shape.kind === 'integer';
}

const encoder = new TextEncoder();

export class KernelTexts {
  private readonly printkFormats: () => string;
  private parsed: ReadonlyMap<bigint, string> | undefined;
  /** By the lower and the upper half of their addresses, with a NUL behind them; those that are none are added. */
  private readonly met = new Map<number, Map<number, Uint8Array>>();

  /** @param printkFormats the file, asked for when it is needed; empty where there is none. */
  constructor(printkFormats: () => string) {
    this.printkFormats = printkFormats;
  }

  private get texts(): ReadonlyMap<bigint, string> {
    return (this.parsed ??= parsePrintkFormats(this.printkFormats()));
  }

  get isEmpty(): boolean {
    return this.texts.size === 0;
  }

  /** The text at an address, of which the halves are given; the address in digits where none is known there. */
  textOf(low: number, high: number): string {
    const address = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    return this.texts.get(address) ?? `0x${address.toString(16)}`;
  }

  /** Writes it, with a NUL behind it. @returns where the next field begins. */
  write(low: number, high: number, out: Uint8Array, pos: number): number {
    const bytes = this.met.get(low)?.get(high) ?? this.meet(low, high);
    out.set(bytes, pos);
    return pos + bytes.length;
  }

  private meet(low: number, high: number): Uint8Array {
    // Damaged records may tell any number of addresses.
    if (this.met.size > this.texts.size + 1000) this.met.clear();
    const bytes = encoder.encode(`${this.textOf(low, high)}\0`);
    const byHigh = this.met.get(low) ?? new Map<number, Uint8Array>();
    this.met.set(low, byHigh.set(high, bytes));
    return bytes;
  }
}

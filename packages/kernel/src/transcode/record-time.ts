/** In code of transcoders: the time of a record by the kernel's trace clock, in ns, from its halves `hi` and `lo`. */
export const timeOf: string = `(hi >>> 0) * ${2 ** 32} + (lo >>> 0)`;

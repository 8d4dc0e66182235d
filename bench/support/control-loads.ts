// What both sides of the control benchmark are loaded with.

const mib = 1024 * 1024;

export const loads = {
  /** How often what is quick is measured in a round; its median counts. */
  turns: 5,
  many: { programs: Number(process.env['SPOOR_BENCH_PROGRAMS'] ?? 100), threads: 4 },
  /** 128 rings of 4 MiB: of one thread each here, of one processor of a program each there. */
  drain: { programs: 8, threads: 16, rings: 128, events: 4500, subBufferBytes: mib / 2, subBuffers: 8 },
  /** 64 MiB of rings, all of them overwritten at least once. */
  snapshot: { threads: 4, sizeBytes: 64 * mib, events: 40_000, subBufferBytes: 2 * mib, subBuffers: 8 },
} as const;

/** For how long idle programs are watched. */
export const idleSeconds = 20;

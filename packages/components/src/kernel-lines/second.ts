/** Nanoseconds of a whole second, so that seconds of the clock stay whole when times are counted from one. */
export const secondNs = 1e9;

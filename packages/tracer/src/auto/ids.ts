/** Makes a source of span ids for one kind of span: 1, 2, … 2^32 − 1, then 1 again; 0 means none. */
export function spanIds(): () => number {
  let last = 0;
  return () => {
    last = (last + 1) >>> 0;
    if (last === 0) last = 1;
    return last;
  };
}

/**
 * Removes the compiled modules of a package whose sources are gone.
 * @param folder of the package, with `src` and `dist`.
 * @returns what was removed, as paths below `dist` without their endings.
 */
export function removeStale(folder: string): string[];

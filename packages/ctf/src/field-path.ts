/** Names that lead to fields, in the two ways in which the versions of CTF write them. */

/** The names that lead to a field. References of CTF 1.8 have the names of variants' options, those of CTF 2 have not. */
export interface FieldPath {
  readonly full: readonly string[];
  /** Without the names of options; the same array where there are none. */
  readonly bare: readonly string[];
}

const noNames: readonly string[] = [];

/** That of a scope's structure. */
export const rootPath: FieldPath = { full: noNames, bare: noNames };

/** The path of a structure's member. */
export function memberPath({ full, bare }: FieldPath, name: string): FieldPath {
  const path = [...full, name];
  return { full: path, bare: bare === full ? path : [...bare, name] };
}

/** The path of a variant's option. */
export function optionPath({ full, bare }: FieldPath, name: string): FieldPath {
  return { full: [...full, name], bare };
}

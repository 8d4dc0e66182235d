/** Folder of the raw recording in the directory of a kernel's trace whose rings are pages. */
export const rawFolder = 'raw';
/** The file there that says what is to be made of the pages. */
export const rawTraceFile = 'trace.json';
/** The file there with what was known of tasks. */
export const rawTasksFile = 'tasks.json';

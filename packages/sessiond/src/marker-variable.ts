/** Names the file that takes marks of the kernel's recording that a command runs in. */
export const MARKER_VARIABLE = 'SPOOR_TRACE_MARKER';

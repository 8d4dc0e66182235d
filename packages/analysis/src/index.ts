/** Surface of the package: named exports only. */
export const packageName = '@spoor/analysis';

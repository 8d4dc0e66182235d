/** The part of the package that needs Node.js. */
export const packageName = '@spoor/components/node';

// Prints when its first line has been told to the error output, which is an event where these are recorded, in milliseconds since
// the process began.
console.error('');
process.stdout.write(String(performance.now()));

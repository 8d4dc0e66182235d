// Prints when its first line runs, in milliseconds since the process began.
process.stdout.write(String(performance.now()));

// As first-line.mjs, as CommonJS.
process.stdout.write(String(performance.now()));

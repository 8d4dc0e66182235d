// The consumer of a recording: started by `spoor record` with the path of the session.
const { loadCommand } = require('./start.cjs');

// The command itself keeps the compiled form.
void loadCommand(false, 'record.cjs').then(({ consume }) => consume(process.argv[2]));

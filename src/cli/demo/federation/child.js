// A server of "tsunagi demo federation": the command line as it is, ended when the demo that started it is gone.

import process from 'node:process'

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
await import('../../tsunagi.js')
// The channel to the demo would keep a process alive whose server could not start.
process.exit()

// Loaded first in every test process, before the test runner's own part.

import MODULE from 'node:module'

// The runner keeps a record of the files that a process loads, for its coverage and for running what has changed; neither is used
// here. Its loader, through which each module would go, costs a process that loads the server 0.7 s of processor time. Processes that
// a test starts inherit the answer, not the way to it, which would not be found from another folder.
const { register } = MODULE
MODULE.register = () => {
  MODULE.register = register
}
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

// Loaded first in every test process. The test runner keeps a record of the files that a process loads, for its coverage and for
// running what has changed; neither is used here, and to keep the record takes a third of the time that loading the server takes.
// Processes that a test starts inherit the answer, not the way to it, which would not be found from another folder.

process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

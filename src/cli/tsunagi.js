#!/usr/bin/env node
// The executable of the command line: checks Node, then runs the TypeScript sources.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `tsunagi needs Node.js 20.19 or newer; this is ${process.versions.node}.\n` +
      `Node.js 20.19以降が必要です（現在 ${process.versions.node}）。\n`,
  )
  process.exit(2)
}

const { load } = await import('../sources.js')
const { main } = await load('src/cli/main.ts')
process.exitCode = await main(process.argv.slice(2))

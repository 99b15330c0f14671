// docs/onboarding.md as a new vendor goes through it: its own commands, pasted into bash against a real server (idlink A-4, S-7; security a.5).

import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Scenario, startScenario } from './harness.ts'
import { invite } from './vendor.ts'

t.setTimeout(280_000)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TOOLS = ['curl', 'openssl'] as const
const TIMEOUT_MS = 130_000
/** Between the blocks of the page, in what they write. */
const MARK = '=== block'

interface Part {
  readonly heading: string
  readonly blocks: readonly string[]
}

/** The page by its second headings, each with its shell blocks. */
function partsOf(markdown: string): readonly Part[] {
  return markdown.split(/^## /m).map((text) => ({
    heading: text.split('\n')[0] ?? '',
    blocks: [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? ''),
  }))
}

const page = await readFile(join(ROOT, 'docs/onboarding.md'), 'utf8')
const parts = partsOf(page)

function part(number: string): readonly string[] {
  const found = parts.find(({ heading }) => heading.startsWith(`${number}. `))
  if (found === undefined || found.blocks.length === 0) throw new Error(`the page has no commands in part ${number}`)
  return found.blocks
}

const isThere = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined

/** A directory with programs of ours by the names of those that are wanting, in front of the PATH. */
async function standIns(t: Test, tools: readonly string[]): Promise<string> {
  const directory = await temporary(t)
  const loader = import.meta.resolve('tsx')
  for (const tool of tools) {
    const program = fileURLToPath(new URL(`tools/${tool}.ts`, import.meta.url))
    const path = join(directory, tool)
    await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' --import='${loader}' '${program}' "$@"\n`)
    await chmod(path, 0o755)
  }
  return directory
}

async function temporary(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-vendor-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

interface Shell {
  readonly cwd: string
  readonly path: string
  readonly env?: Readonly<Record<string, string>>
}

/** What each block wrote, run one after the other in one shell that stops at the first failure. */
function paste(before: string, blocks: readonly string[], { cwd, path, env = {} }: Shell): Promise<readonly string[]> {
  const script = ['set -euo pipefail', before, ...blocks.flatMap((block) => [`echo '${MARK}'`, block])].join('\n')
  return new Promise((resolve, reject) => {
    const child = execFile(
      'bash',
      ['-s'],
      {
        cwd,
        timeout: TIMEOUT_MS,
        env: { PATH: `${path}:${process.env.PATH ?? ''}`, HOME: cwd, NODE: process.execPath, ROOT, ...env },
      },
      (error, stdout, stderr) =>
        error === null
          ? resolve(stdout.split(`${MARK}\n`).slice(1))
          : reject(new Error(`${error.message}\n${stdout}\n${stderr}`)),
    )
    child.stdin?.end(script)
  })
}

/** The page uses what is installed where it is run; here that is this working copy. */
const NPX = 'npx() { test "$1" = tsunagi; shift; "$NODE" "$ROOT/src/cli/tsunagi.js" "$@"; }'
/** The lines that the vendor is given. */
const GIVEN = /^(TSUNAGI|CA_SHA256|SYSTEM|INVITATION|PATIENT_ID)=.+$/gm

/** What the operator does, and what came of it. */
function operate({ server }: Scenario, path: string): Promise<readonly string[]> {
  const env = { TSUNAGI_DATA_DIR: server.config.dataDir, TSUNAGI_MANAGEMENT_PORT: String(server.managementPort) }
  return paste(NPX, part('1'), { cwd: ROOT, path, env })
}

/** The vendor's parts of the page, begun with what the vendor was given. */
async function goThrough(t: Test, given: string, path: string): Promise<void> {
  const shell = { cwd: await temporary(t), path }
  const blocks = ['2', '3', '4'].map(part)
  const heard = await paste(given, blocks.flat(), shell)
  const [certificate = [], message = []] = blocks
  const [trusted, , redeemed, first] = heard.slice(0, certificate.length)
  const [, https, mllp] = heard.slice(certificate.length, certificate.length + message.length)
  const [query, retrieve, complete] = heard.slice(certificate.length + message.length)
  t.match(trusted, /the fingerprint is right/)
  t.match(redeemed, /CN ?= ?ehr-\w+[\s\S]*notAfter=/)
  t.match(first, /\[x\] First connection with the certificate[\s\S]*\[ \] First message received/)
  t.notMatch(https, /\nERR\|/, 'nothing to warn about')
  t.match(https, /\nMSA\|AA\|TRIAL-/, 'accepted over HTTPS')
  t.match(mllp, /\nMSA\|AA\|TRIAL-/, 'the same answer over MLLP')
  t.equal(query?.trim(), '1', 'one document, although its message was sent twice')
  t.match(retrieve, /^MSH\|\^~\\&\|EHR\|/)
  t.equal((await readFile(join(shell.cwd, 'message.hl7'), 'utf8')).replaceAll('\r', '\n'), retrieve, 'byte for byte')
  t.match(complete, /\[x\] First document retrieved[\s\S]*Complete/)
  t.notMatch(complete, /Last refusal|\[ \]/)
}

const scenario = await startScenario(t)

let patient = ''

t.test('the page as it stands, with openssl and curl where they are installed', async (t) => {
  const path = await standIns(
    t,
    TOOLS.filter((tool) => !isThere(tool)),
  )
  const said = await operate(scenario, path)
  t.match(said.at(-1), /open[\s\S]*Certificate issued/, 'the invitation is listed, and its checklist is empty')
  const given = said.join('').match(GIVEN) ?? []
  t.strictSame(
    given.map((line) => line.split('=')[0]),
    ['TSUNAGI', 'CA_SHA256', 'SYSTEM', 'INVITATION', 'PATIENT_ID'],
  )
  patient = given.at(-1) ?? ''
  await goThrough(t, given.join('\n'), path)
})

t.test('the vendor’s parts with clients of ours in place of both, which then need no installation', async (t) => {
  const system = { systemId: 'ehr-second', facilityId: 'sozo-hospital', roles: ['store-client', 'document-consumer'] }
  const { letter } = await invite(scenario.admin, system)
  const given = [...(letter.match(GIVEN) ?? []), patient].join('\n')
  await goThrough(t, given, await standIns(t, TOOLS))
})

t.test('a wrong fingerprint stops the vendor before anything is sent (security a.5: trust on first use)', async (t) => {
  const path = await standIns(
    t,
    TOOLS.filter((tool) => !isThere(tool)),
  )
  const cwd = await temporary(t)
  await mkdir(join(cwd, 'x'))
  const base = `https://localhost:${scenario.server.httpsPort}`
  const [said = ''] = await paste(`TSUNAGI=${base}\nCA_SHA256=00:11`, part('2').slice(0, 1), { cwd, path })
  t.match(said, /WRONG/)
  await t.rejects(readFile(join(cwd, 'ca.pem')), { code: 'ENOENT' })
})

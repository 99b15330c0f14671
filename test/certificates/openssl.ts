// OpenSSL as the other side: what vendors and partners hold against what we issue.

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const run = promisify(execFile)

export interface Said {
  readonly code: number
  readonly text: string
}

export interface OpenSsl {
  /** Runs openssl in its own directory; what it said and its exit code. */
  readonly call: (...argv: readonly string[]) => Promise<Said>
  /** As call, with something to say: what came back until the other side closed. */
  readonly converse: (argv: readonly string[], input: string) => Promise<string>
  readonly write: (name: string, content: string | Buffer) => Promise<string>
  readonly read: (name: string) => Promise<string>
  /** A new key and a request for it, as a vendor makes them. */
  readonly request: (name: string, key?: readonly string[]) => Promise<string>
  readonly path: (name: string) => string
}

/** An EC key on P-256. */
const USUAL_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] as const

export async function openSsl(t: Test): Promise<OpenSsl> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-openssl-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = (name: string): string => join(directory, name)
  const call: OpenSsl['call'] = async (...argv) => {
    try {
      const { stdout, stderr } = await run('openssl', [...argv], { cwd: directory })
      return { code: 0, text: `${stdout}${stderr}` }
    } catch (error) {
      const failed = error as { readonly code?: number; readonly stdout?: string; readonly stderr?: string }
      return { code: Number(failed.code ?? 1), text: `${failed.stdout ?? ''}${failed.stderr ?? ''}` }
    }
  }
  const read = (name: string): Promise<string> => readFile(path(name), 'utf8')
  return {
    call,
    path,
    read,
    converse: async (argv, input) => {
      const child = spawn('openssl', [...argv], { cwd: directory, stdio: ['pipe', 'pipe', 'ignore'] })
      // A door that hangs up at once breaks the pipe.
      child.stdin.on('error', () => {})
      child.stdin.write(input)
      const heard = await text(child.stdout)
      child.stdin.end()
      return heard
    },
    write: async (name, content) => {
      await writeFile(path(name), content)
      return path(name)
    },
    request: async (name, key = USUAL_KEY) => {
      const { code, text } = await call(
        ...['req', '-new', '-nodes', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`],
        ...['-subj', `/C=XX/O=Somebody/CN=evil ${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'],
        ...['-addext', 'subjectAltName=DNS:evil.example'],
      )
      if (code !== 0) throw new Error(text)
      return read(`${name}.csr`)
    },
  }
}

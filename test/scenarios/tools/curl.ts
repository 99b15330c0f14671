// Stands in for curl where it is not installed: an HTTPS client of ours that knows the options docs/onboarding.md uses, and no other.

import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'

const flags = new Set(['-sS', '--insecure'])
const valued = new Set(['-o', '-H', '--cacert', '--cert', '--key', '--data-binary'])

interface Asked {
  readonly url: string
  readonly isInsecure: boolean
  readonly options: ReadonlyMap<string, readonly string[]>
}

function read(argv: readonly string[]): Asked {
  const options = new Map<string, string[]>()
  const urls: string[] = []
  let isInsecure = false
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? ''
    if (valued.has(word)) {
      index += 1
      options.set(word, [...(options.get(word) ?? []), argv[index] ?? ''])
    } else if (flags.has(word)) isInsecure ||= word === '--insecure'
    else if (word.startsWith('-')) throw new Error(`curl stand-in: ${word} is not known`)
    else urls.push(word)
  }
  const [url, more] = urls
  if (url === undefined || more !== undefined) throw new Error('curl stand-in: one address is needed')
  return { url, isInsecure, options }
}

const { url, isInsecure, options } = read(process.argv.slice(2))
const one = (name: string): string | undefined => options.get(name)?.[0]
const file = (name: string): Buffer | undefined => {
  const path = one(name)
  return path === undefined ? undefined : readFileSync(path)
}
const data = one('--data-binary')
const body = data === undefined ? undefined : readFileSync(data === '@-' ? 0 : data.slice(1))
const headers = Object.fromEntries(
  (options.get('-H') ?? []).map((line) => {
    const at = line.indexOf(':')
    return [line.slice(0, at), line.slice(at + 1).trim()]
  }),
)

const call = request(
  url,
  {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
    rejectUnauthorized: !isInsecure,
    ca: file('--cacert'),
    cert: file('--cert'),
    key: file('--key'),
  },
  async (answer) => {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk as Buffer)
    const path = one('-o')
    if (path === undefined) process.stdout.write(Buffer.concat(chunks))
    else writeFileSync(path, Buffer.concat(chunks))
  },
)
call.on('error', (error) => {
  process.stderr.write(`curl stand-in: ${error.message}\n`)
  process.exitCode = 60
})
call.end(body)

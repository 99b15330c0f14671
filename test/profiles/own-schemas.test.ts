// Schemas of our own are not checked when they are compiled: here all that a server compiles are held against JSON Schema's own schema.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv, type AnySchema } from 'ajv'
import fastify from 'fastify'
import t from 'tap'
import { noPorts } from '../http/no-ports.ts'
import { fillDatabase } from '../prepared/prepared.ts'

/** Routes of the administration alone are more. */
const LEAST = 100

/** A server puts them off until they are called. */
async function compileRoutes(): Promise<void> {
  const { ROUTE_AJV } = await import('../../src/http/route-schemas.ts')
  const { registerAdminApi } = await import('../../src/http/admin/api.ts')
  const { registerPkiRoutes } = await import('../../src/http/pki.ts')
  const app = fastify({ ajv: ROUTE_AJV })
  const { certificates } = noPorts()
  await app.register(async (scope) => registerPkiRoutes(scope, certificates))
  await app.register(async (scope) => registerAdminApi(scope, noPorts()))
  await app.ready()
  await app.close()
}

t.test('every schema that is compiled says what JSON Schema knows', async (t) => {
  const compiled: AnySchema[] = []
  const compile = Ajv.prototype.compile
  Ajv.prototype.compile = function (this: Ajv, schema: AnySchema, meta?: boolean) {
    compiled.push(schema)
    return compile.call(this, schema, meta)
  } as typeof compile
  // Loaded now, for some are compiled as their modules are loaded.
  const { startServer } = await import('../../src/app.ts')
  const { loadConfig } = await import('../../src/config/config.ts')
  await import('../../src/cli/demo/network.ts')
  const dataDir = await mkdtemp(join(tmpdir(), 'tsunagi-schemas-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  await fillDatabase(dataDir)
  const ports = {
    'https.port': '0',
    'mllp.storeclient.port': '0',
    'mllp.pix.port': '0',
    'management.port': '0',
  }
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const server = await startServer(loadConfig({ flags: { dataDir, ...ports }, env: {} }), { log: silent })
  await server.stop()
  const atStart = compiled.length
  await compileRoutes()
  t.ok(compiled.length - atStart > LEAST, `${atStart} and ${compiled.length - atStart}`)
  const judge = new Ajv({ allErrors: true })
  for (const schema of compiled)
    if (judge.validateSchema(schema) !== true) t.fail(judge.errorsText(judge.errors), { schema })
  t.equal(judge.validateSchema({ type: 'text' }), false, 'which finds what is wrong')
})

// Schemas of routes are compiled when a route is called first: to compile all of them takes a tenth of a start, and most are never called.

import AjvCompiler from '@fastify/ajv-compiler'
import { OWN_SCHEMAS } from '../../profiles/own-schemas.ts'

type BuildCompiler = AjvCompiler.BuildCompilerFromPool
type Compile = ReturnType<BuildCompiler>
type Validate = ReturnType<Compile>

/** A value is what it is: nothing is left out or turned into another type. */
export const ROUTE_AJV = {
  customOptions: { removeAdditional: false, allErrors: true, coerceTypes: false, verbose: true, ...OWN_SCHEMAS },
} as const

interface SchemaController {
  readonly compilersFactory: { readonly buildValidator: BuildCompiler }
}

/** What fastify compiles with, put off. That every schema can be compiled is shown by a test. */
export function compiledWhenCalled(): SchemaController {
  const build = AjvCompiler()
  return {
    compilersFactory: { buildValidator: (externalSchemas, options) => putOff(build(externalSchemas, options)) },
  }
}

/** Fastify calls what it gets, and reads the errors of that call from it. */
function putOff(compile: Compile): Compile {
  return (route) => {
    let compiled: Validate | undefined
    const validate: Pick<Validate, 'errors'> & ((data: unknown) => unknown) = (data) => {
      compiled ??= compile(route)
      const isValid = compiled(data)
      validate.errors = compiled.errors ?? null
      return isValid
    }
    return validate as Validate
  }
}

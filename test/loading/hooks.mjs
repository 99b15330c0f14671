// A test file that Node is told to run is taken from the folder of those that were put together.

import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { builtName } from '../../src/sources.js'

let [root, folder] = ['', '']

/** @param {{ readonly root: string, readonly folder: string }} data */
export function initialize(data) {
  root = data.root
  folder = data.folder
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const isTest = context.parentURL === undefined && specifier.endsWith('.test.ts')
  if (!isTest) return next(specifier, context)
  const path = join(folder, builtName(relative(root, fileURLToPath(specifier))))
  return next(pathToFileURL(path).href, context)
}

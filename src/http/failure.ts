// What doors log of an unexpected failure.

export { framesOf, nameOf } from '../model/failure.ts'

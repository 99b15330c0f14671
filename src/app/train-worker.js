// The thread that a model is trained in: TypeScript sources as they are, as for the server itself.

import { register } from 'tsx/esm/api'

register()
await import('./train-worker.ts')

import { tools } from '../fixture/src/server/index.ts'
import { CLIENT_ID, clientDocument } from './client-document.ts'
import { fixtures } from './fixtures.ts'

// The list itself, so that nothing of the wiring in src/index.ts is repeated here.
tools.push(...fixtures)

const internet = globalThis.fetch
globalThis.fetch = async (input, init) =>
  new Request(input, init).url === CLIENT_ID ? Response.json(clientDocument) : internet(input, init)

export * from '#worker'
export { default } from '#worker'

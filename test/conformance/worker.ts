import * as server from '../fixture/src/server/index.ts'
import { CLIENT_ID, clientDocument } from './client-document.ts'
import { fixtures } from './fixtures.ts'
import { prompts } from './prompts.ts'
import { resources } from './resources.ts'
import { skills } from './skills.ts'

// The lists themselves, so that nothing of the wiring in src/index.ts is repeated here.
server.tools.push(...fixtures)
server.resources.push(...resources, skills)
server.prompts.push(...prompts)

const internet = globalThis.fetch
globalThis.fetch = async (input, init) =>
  new Request(input, init).url === CLIENT_ID ? Response.json(clientDocument) : internet(input, init)

export * from '#worker'
export { default } from '#worker'

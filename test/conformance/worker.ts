// The shipped Worker, whole, with the tools, resources and prompts that the conformance suite asks for by name, and with
// one address of the internet that is not there.
import type { Tool } from '../../src/mcp/define-tool.ts'
import { tools } from '../../src/tools/index.ts'
import { CLIENT_ID, clientDocument } from './client-document.ts'
import { fixtures } from './fixtures.ts'

// The list itself, so that nothing of the wiring in src/index.ts is repeated here.
const registered = tools as Tool[]
registered.push(...fixtures)

const internet = globalThis.fetch
globalThis.fetch = async (input, init) =>
  new Request(input, init).url === CLIENT_ID ? Response.json(clientDocument) : internet(input, init)

export * from '../../src/index.ts'
export { default } from '../../src/index.ts'

// The shipped Worker, whole, with the tools, resources and prompts that the conformance suite asks for by name.
import type { Tool } from '../../src/mcp/define-tool.ts'
import { tools } from '../../src/tools/index.ts'
import { fixtures } from './fixtures.ts'

// The list itself, so that nothing of the wiring in src/index.ts is repeated here.
const registered = tools as Tool[]
registered.push(...fixtures)

export {
  AccountObject,
  ClientObject,
  default,
  GrantObject,
  LegacySession,
  Notebook,
} from '../../src/index.ts'

// The same MCP tools without any authentication: the least that a tool call can cost with this SDK.
import { answer, type Who } from './answer.ts'

export { Notebook } from '../../test/fixture/src/server/notebook.ts'

const ANYONE: Who = {
  user: { id: 'anyone', name: 'Anyone' },
  client: { id: 'any-client' },
  scopes: ['notes:read', 'notes:write'],
}

export default {
  fetch: (request: Request, env: Env) => answer(request, env, ANYONE),
}

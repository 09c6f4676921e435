// READ FIRST: what this server is made of. Everything outside engine/ is yours; nothing inside it is.
//   config.ts   name, what the server says about itself, scopes, lifetimes, known apps
//   login.ts    who signs in: one line per method
//   theme.ts    how the pages look
//   routes.ts   HTTP routes of your own; public/ has files that everyone may fetch
//   server/     what your MCP server offers, tools, resources and prompts: index.ts has the lists
// wrangler.toml has the settings of each deployment. To replace the home page, pass a function of your own as `home`.
import { gatehouse } from '#engine/gatehouse.ts'
import { deviceGrant } from '#engine/oauth/device/part.ts'
import type { Part } from '#engine/oauth/part.ts'
import { ownRoutes } from '#engine/own/own-routes.ts'
import { homePage } from '#engine/pages/home.tsx'
import { personalTokens } from '#engine/personal-tokens/part.ts'
import { login } from './login.ts'
import { routes } from './routes.ts'
import { exportData, forget, prompts, resources, tools } from './server/index.ts'

// What you can do without: without its line and its import, your Worker has none of a part.
const parts: readonly Part[] = [
  deviceGrant, // apps without a browser ask for access by a code. DeviceObject, below, belongs to it
  personalTokens, // users make tokens for scripts on their account page
]

const server = gatehouse({
  login,
  tools,
  resources,
  prompts,
  forget,
  exportData,
  parts,
  routes: ownRoutes(routes), // and the files in public/
  home: homePage,
})

export default server.worker

// One line for each Durable Object. wrangler.toml names each, too.
export class AccountObject extends server.AccountObject {}
export class LegacySession extends server.LegacySession {}
export { DirectoryObject } from '#engine/admin/directory/object.ts'
export { AlertObject } from '#engine/alerts/object.ts'
export { AuditObject } from '#engine/log/audit-object.ts'
export { SeenObject } from '#engine/oauth/assertions/seen-object.ts'
export { ClientObject } from '#engine/oauth/clients/object.ts'
export { DeviceObject } from '#engine/oauth/device/object.ts'
export { GrantObject } from '#engine/oauth/grants/object.ts'
export { Notebook } from './server/notes/notebook.ts' // sample

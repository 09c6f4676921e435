// A family's shopping list.
import { gatehouse } from '#engine/gatehouse.ts'
import { deviceGrant } from '#engine/oauth/device/part.ts'
import { homePage } from '#engine/pages/home.tsx'
import { personalTokens } from '#engine/personal-tokens/part.ts'
import { login } from './login.ts'
import { exportData, forget, prompts, resources, tools } from './server/index.ts'

const parts = [deviceGrant, personalTokens]
const server = gatehouse({ login, tools, resources, prompts, forget, exportData, parts, home: homePage })

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
export { ShoppingList } from './server/list.ts'

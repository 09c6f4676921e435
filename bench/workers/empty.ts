// Nothing at all, with the same objects: what a Worker of such a configuration costs before it does anything.
import { DurableObject } from 'cloudflare:workers'

export class GrantObject extends DurableObject {}
export class ClientObject extends DurableObject {}
export class AccountObject extends DurableObject {}
export class SeenObject extends DurableObject {}
export class LegacySession extends DurableObject {}
export class Notebook extends DurableObject {}

export default { fetch: () => new Response('Nothing.') }

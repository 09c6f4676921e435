// A server that trusts another authorization server. Both begin anew before each test.
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { DocumentHost } from './document-host.ts'
import { type Changes, callWith, ForeignServer, type Server, serverWith } from './foreign-server.ts'
import { structured } from './oauth-client.ts'
import './session-tools.ts'

/** From here on the tests count: every one of them begins at this moment. */
export const NOW = Date.now()

export let host: DocumentHost
export let foreign: ForeignServer
export let server: Server

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  host = DocumentHost.install()
  foreign = await ForeignServer.start(host)
  server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

export interface Who {
  userId: string
  name: string
  clientId: string
  scopes: string[]
}

export const call = async (changes: Changes = {}) => callWith(server, await foreign.token(changes))

export async function whoami(token: string | Promise<string>, at = server): Promise<Who> {
  const response = await callWith(at, await token)
  expect(response.status).toBe(200)
  return structured<Who>(response)
}

/** Has the tests ask a server with these settings from now on. */
export function trust(settings: Parameters<typeof serverWith>[0]): void {
  server = serverWith(settings)
}

/** Has that server be this one from now on. */
export async function meet(...where: [issuer?: string]): Promise<void> {
  foreign = await ForeignServer.start(host, ...where)
}

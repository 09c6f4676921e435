// How a further server is declared. What no fork calls is not in its bundle: with one server, none of this folder.
import { withViews } from '../catalog.ts'
import { handedOver } from './hand-over.ts'
import { type FurtherServer, resourceOf, type ServerDefinition } from './server.ts'

/** A further server behind this gate. @throws Error at the start of the server, with what to change */
export function defineServer(server: ServerDefinition): FurtherServer {
  const resource = resourceOf(server)
  if ('handler' in server) return { resource, endpoint: handedOver(resource, server.handler) }
  if (!('tools' in server)) return { resource }
  const { tools, resources = [], prompts = [] } = server
  return { resource, catalog: withViews({ tools, resources, prompts }) }
}

// One Durable Object per session of a client that still begins with `initialize` (MCP 2025-11-25 and earlier). In it
// the server can ask the client something in the middle of a call. The id of the object is the id of the session. What
// `initialize` said is stored, so that the session outlives the object's memory: hours of silence, a deployment.
// Bounded: that one message of a person who is signed in, for seven idle days.
import { DurableObject } from 'cloudflare:workers'
import { LIFETIME } from '#config'
import { loadSettings } from '../../settings/load.ts'
import { identifierOf } from '../../settings/resources.ts'
import { authInfoOf } from '../bearer-auth.ts'
import type { Served } from '../catalog.ts'
import { errorAnswer, sessionNotFound } from '../message.ts'
import { forOperation } from '../request-state.ts'
import { newServer } from '../server.ts'
import { type Envelope, readEnvelope } from './envelope.ts'
import { SessionTransport } from './transport.ts'

/** The owner of a session. Not a grant: after a step-up, the client continues here with another grant. */
interface Session {
  readonly issuer: string
  readonly userId: string
  readonly clientId: string
  /** The server whose session it is; absent: the main one. */
  readonly resource?: string
  /** The thumbprint of the key that the client proves (RFC 9449). */
  readonly jkt?: string | undefined
  readonly initialize: object
}

const IDLE_MS = LIFETIME.idleSession * 1000
/** Of those that a client keeps open for what belongs to no request. */
const MAX_STREAMS = 4
/** How often a session that is used says so to its storage. */
const TOUCH_MS = IDLE_MS / 100

/** @param served as in mcpEndpoint(), the main one first. Asked once, by the first request: the list may grow until then. */
export function legacySession(served: () => readonly [Served, ...Served[]]) {
  let known: readonly [Served, ...Served[]] | undefined
  const all = () => {
    known ??= served()
    return known
  }
  const serverOf = ({ issuer, accessToken: { resource } }: Envelope) =>
    all().find((one) => identifierOf(issuer, one.resource) === resource)

  function belongsTo(session: Session, { issuer, accessToken }: Envelope): boolean {
    const { userId, clientId, jkt } = accessToken
    const resource = session.resource ?? identifierOf(issuer, all()[0].resource)
    const isSameServer = session.issuer === issuer && resource === accessToken.resource
    const isSameUser = session.userId === userId && session.clientId === clientId
    return isSameServer && isSameUser && session.jkt === jkt
  }

  return class extends DurableObject<Env> {
    #transport: Promise<SessionTransport> | undefined

    /** Answers what store.ts sends. */
    override async fetch(request: Request): Promise<Response> {
      const envelope = await readEnvelope(request)
      const session = this.ctx.storage.kv.get<Session>('session')
      if (session ? !belongsTo(session, envelope) : !envelope.initializes) return sessionNotFound()
      if (session) await this.#touch()
      if (request.method === 'DELETE') return this.#end()
      if (request.headers.has('Upgrade')) return this.#listen()
      const server = serverOf(envelope)
      if (!server) return sessionNotFound()
      this.#transport ??= this.#connect(envelope, server, session)
      const transport = await this.#transport
      const authInfo = forOperation(authInfoOf(envelope.issuer, envelope.accessToken), envelope.message)
      // Without event ids there is nothing to come back to.
      if (request.method === 'GET' && !transport.isResumable)
        return errorAnswer(400, -32000, 'There is no such event.')
      const message = envelope.message && transport.received(envelope.message)
      const response = message
        ? await transport.answer(request, message, { parsedBody: message, authInfo })
        : await transport.handleRequest(request, { authInfo })
      // What was cancelled is not answered (MCP utilities, "Cancellation"): nothing more comes on its stream.
      if (envelope.cancels !== undefined) transport.closeSSEStream(envelope.cancels)
      if (!session && transport.sessionId !== undefined) await this.#open(envelope)
      return response
    }

    override async alarm(): Promise<void> {
      if (this.ctx.getWebSockets().length > 0) await this.ctx.storage.setAlarm(Date.now() + IDLE_MS)
      else await this.#end()
    }

    async #connect(
      envelope: Envelope,
      { resource, catalog }: Served,
      session: Session | undefined,
    ): Promise<SessionTransport> {
      const { issuer, message } = envelope
      const id = this.ctx.id.toString()
      const transport = new SessionTransport(id, session?.initialize ?? message, () => this.#newestStream())
      const settings = loadSettings(this.env)
      const surroundings = { env: this.env, settings, issuer, resource, introduces: true }
      await newServer(catalog, surroundings).connect(transport)
      if (session) {
        const again = new Request(`${issuer}/`, { method: 'POST', headers: INITIALIZE_HEADERS })
        const answer = await transport.handleRequest(again, { parsedBody: session.initialize })
        await answer.text()
      }
      return transport
    }

    async #open({ issuer, accessToken, message }: Envelope): Promise<void> {
      const { userId, clientId, resource, jkt } = accessToken
      const session: Session = { issuer, userId, clientId, resource, jkt, initialize: message ?? {} }
      this.ctx.storage.kv.put('session', session)
      await this.#touch()
    }

    // Some clients open one more stream per call and close none. To close the older ones would bring them back.
    #listen(): Response {
      if (this.ctx.getWebSockets().length >= MAX_STREAMS) return tooManyStreams()
      const { 0: client, 1: server } = new WebSocketPair()
      server.serializeAttachment(1 + orderOf(this.#newestStream()))
      this.ctx.acceptWebSocket(server)
      return new Response(null, { status: 101, webSocket: client })
    }

    // A message goes to one stream only (MCP 2025-11-25 transports, "Multiple Connections"): the newest, for another may
    // be the one whose connection broke.
    #newestStream(): WebSocket | undefined {
      return this.ctx.getWebSockets().toSorted((a, b) => orderOf(b) - orderOf(a))[0]
    }

    async #end(): Promise<Response> {
      for (const socket of this.ctx.getWebSockets()) socket.close(1000)
      await (await this.#transport)?.close()
      this.#transport = undefined
      await this.ctx.storage.deleteAll()
      return new Response(null, { status: 204 })
    }

    async #touch(): Promise<void> {
      const alarm = await this.ctx.storage.getAlarm()
      const idleAt = Date.now() + IDLE_MS
      if (alarm === null || idleAt - alarm > TOUCH_MS) await this.ctx.storage.setAlarm(idleAt)
    }
  }
}

const INITIALIZE_HEADERS = {
  Accept: 'application/json, text/event-stream',
  'Content-Type': 'application/json',
}

// MCP 2025-11-25 transports, "Listening for Messages from the Server": 405 is how a server offers no stream.
function tooManyStreams(): Response {
  const refused = errorAnswer(
    405,
    -32000,
    `A session has at most ${MAX_STREAMS} streams open. Close one first.`,
  )
  refused.headers.set('Allow', 'POST, DELETE')
  return refused
}

/** Which stream of the session it is, the first being 1; the object may have slept since. */
function orderOf(socket: WebSocket | undefined): number {
  return (socket?.deserializeAttachment() as number | undefined) ?? 0
}

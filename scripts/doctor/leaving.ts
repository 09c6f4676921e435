// Takes back what a play has left on the server: its session, its tokens (RFC 7009), its registration (RFC 7592).
import type { Play } from './play.ts'
import { send } from './request.ts'
import { proof } from './tokens.ts'

/** @returns what is still there, in words */
export async function leave(play: Play): Promise<string[]> {
  await endSession(play).catch(() => undefined)
  const isRevoked = await revoke(play).catch(() => false)
  const isRemoved = await remove(play).catch(() => false)
  return [
    ...(isRevoked
      ? []
      : [`what you allowed ${play.client.name}: revoke it on the page where you see your apps`]),
    ...(isRemoved ? [] : ['an unused client']),
  ]
}

// A server without sessions, or one that ends them by itself, may refuse (MCP transports, "Session Management").
async function endSession({ client, mcp, session, tokens }: Play): Promise<void> {
  if (session === undefined) return
  await send(mcp, {
    method: 'DELETE',
    headers: {
      'user-agent': client.headers.post['user-agent'] ?? '',
      accept: '*/*',
      authorization: `Bearer ${tokens.access_token}`,
      'mcp-protocol-version': client.mcp.protocolVersion,
      'mcp-session-id': session,
    },
  })
}

async function revoke(play: Play): Promise<boolean> {
  const { client, tokens, serverMetadata } = play
  const token = tokens.refresh_token ?? tokens.access_token
  if (typeof token !== 'string') return true
  const { headers, fields } = await proof(play)
  const answer = await send(new URL(String(serverMetadata.revocation_endpoint)), {
    method: 'POST',
    headers: { ...client.headers.token, ...headers },
    body: new URLSearchParams({ token, ...fields }).toString(),
  })
  return answer.status === 200
}

async function remove({ registered }: Play): Promise<boolean> {
  if (!registered) return true
  const { registration_client_uri, registration_access_token } = registered
  const answer = await send(new URL(String(registration_client_uri)), {
    method: 'DELETE',
    headers: { authorization: `Bearer ${registration_access_token}` },
  })
  return answer.status === 204
}

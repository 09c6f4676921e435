import type { Client } from '../client.ts'
import { client as sdkV1 } from './sdk-v1.ts'

const SIGN_IN = { accept: '*/*', 'user-agent': 'python-httpx/0.28.1' }
const REDIRECT_URI = 'https://claude.ai/api/mcp/auth_callback'

export const client: Client = {
  ...sdkV1,
  name: 'Claude',
  source: {
    from: 'public reports',
    date: 'August 2026',
    of: 'anthropics/claude-ai-mcp#70, #76, #260, #764',
  },
  hosted: true,
  resource: 'exact',
  refusesNull: false,
  document: { url: 'https://claude.ai/oauth/mcp-oauth-client-metadata', redirectUri: REDIRECT_URI },
  registration: {
    client_name: 'Claude',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: '<scope>',
  },
  redirectUri: REDIRECT_URI,
  furtherScope: 'asks again',
  refreshesInParallel: true,
  headers: {
    get: { accept: 'text/event-stream', 'user-agent': 'Claude-User' },
    stream: { accept: 'text/event-stream', 'user-agent': 'Claude-User' },
    // Before and after it has a token, it has been seen to accept anything.
    post: { accept: '*/*', 'content-type': 'application/json', 'user-agent': 'Claude-User' },
    resourceMetadata: { 'mcp-protocol-version': '2025-11-25', ...SIGN_IN },
    serverMetadata: { 'mcp-protocol-version': '2025-11-25', ...SIGN_IN },
    register: { 'content-type': 'application/json', ...SIGN_IN },
    token: { 'content-type': 'application/x-www-form-urlencoded', ...SIGN_IN },
  },
  mcp: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'Anthropic/ClaudeAI', version: '1.0.0' },
    sendsVersion: false,
    opensStream: false,
    members: ['method', 'params', 'jsonrpc', 'id'],
    sendsMethod: false,
  },
}

import type { Client } from '../client.ts'
import { client as sdkV1 } from './sdk-v1.ts'

const AGENT = { 'user-agent': 'opencode/1.18.33' }
const REDIRECT_URI = 'http://127.0.0.1:19876/mcp/oauth/callback'

export const client: Client = {
  ...sdkV1,
  name: 'opencode',
  source: { from: 'a capture', date: 'November 2026', of: 'opencode 1.18.33' },
  registration: {
    redirect_uris: [REDIRECT_URI],
    client_name: 'OpenCode',
    client_uri: 'https://opencode.ai',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: '<scope>',
  },
  redirectUri: REDIRECT_URI,
  scope: 'challenge and offline_access',
  state: { length: 64, alphabet: 'base64url' },
  authorization: [
    'response_type',
    'client_id',
    'code_challenge',
    'code_challenge_method',
    'redirect_uri',
    'state',
    'scope',
    'prompt',
    'resource',
  ],
  headers: {
    get: { accept: 'text/event-stream', ...AGENT },
    stream: { accept: 'text/event-stream', ...AGENT },
    post: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...AGENT },
    resourceMetadata: { 'mcp-protocol-version': '2025-11-25', accept: '*/*', ...AGENT },
    serverMetadata: { accept: 'application/json', 'mcp-protocol-version': '2025-11-25', ...AGENT },
    register: { 'content-type': 'application/json', accept: '*/*', ...AGENT },
    token: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...AGENT },
  },
  mcp: {
    protocolVersion: '2025-11-25',
    capabilities: { roots: {} },
    clientInfo: { name: 'opencode', version: '1.18.33' },
    sendsVersion: true,
    opensStream: true,
    members: ['method', 'params', 'jsonrpc', 'id'],
    sendsMethod: false,
  },
}

import type { Client } from '../client.ts'

const AGENT = { 'user-agent': 'openai-mcp/1.0.0' }
const REDIRECT_URI = 'https://chatgpt.com/connector_platform_oauth_redirect'
const PROOF = ['client_id', 'client_assertion_type', 'client_assertion'] as const

export const client: Client = {
  name: 'ChatGPT',
  source: {
    from: 'public reports',
    date: 'August 2026',
    of: 'exomem#380, google_workspace_mcp#1015, django-oauth-toolkit#1845, Altinity/altinity-mcp#118',
  },
  hosted: true,
  knocks: ['initialize'],
  resourceMetadata: ['challenge', 'path', 'root'],
  resource: 'exact',
  refusesNull: false,
  document: { url: 'https://chatgpt.com/oauth/client.json', redirectUri: REDIRECT_URI },
  registration: {
    client_name: 'ChatGPT',
    client_uri: 'https://chatgpt.com',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
  },
  redirectUri: REDIRECT_URI,
  authMethod: 'private_key_jwt',
  scope: 'challenge',
  furtherScope: 'asks again',
  state: { length: 521, alphabet: 'base64url' },
  authorization: [
    'response_type',
    'client_id',
    'redirect_uri',
    'scope',
    'state',
    'resource',
    'code_challenge',
    'code_challenge_method',
  ],
  token: ['grant_type', 'code', 'code_verifier', 'redirect_uri', ...PROOF, 'resource'],
  // Without a scope: it means all that it has.
  refresh: ['grant_type', 'refresh_token', ...PROOF, 'resource'],
  refreshesInParallel: false,
  repeatsHeaders: false,
  reads: 'results',
  headers: {
    get: { accept: 'text/event-stream', ...AGENT },
    stream: { accept: 'text/event-stream', ...AGENT },
    post: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...AGENT },
    resourceMetadata: AGENT,
    serverMetadata: AGENT,
    register: { 'content-type': 'application/json', ...AGENT },
    token: { 'content-type': 'application/x-www-form-urlencoded', ...AGENT },
  },
  mcp: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'openai-mcp', version: '1.0.0' },
    sendsVersion: true,
    opensStream: false,
    members: ['jsonrpc', 'id', 'method', 'params'],
    sendsMethod: false,
  },
}

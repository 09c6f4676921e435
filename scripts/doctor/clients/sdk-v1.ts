import type { Client } from '../client.ts'

// As Node sends them.
const NODE = { 'accept-language': '*', 'sec-fetch-mode': 'cors', 'user-agent': 'node' }

export const client: Client = {
  name: 'MCP SDK v1',
  source: {
    from: 'a capture',
    date: 'November 2026',
    of: '@modelcontextprotocol/sdk 1.32.2',
  },
  hosted: false,
  knocks: ['initialize'],
  resourceMetadata: ['challenge', 'path', 'root'],
  resource: 'prefix',
  refusesNull: true,
  registration: {
    client_name: 'MCP SDK v1',
    redirect_uris: ['http://127.0.0.1:<port>/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: '<scope>',
  },
  redirectUri: 'http://127.0.0.1:<port>/callback',
  authMethod: 'none',
  scope: 'challenge',
  furtherScope: 'cannot ask',
  state: { length: 36, alphabet: 'base64url' },
  authorization: [
    'response_type',
    'client_id',
    'code_challenge',
    'code_challenge_method',
    'redirect_uri',
    'state',
    'scope',
    'resource',
  ],
  token: ['grant_type', 'code', 'code_verifier', 'redirect_uri', 'resource', 'client_id'],
  refresh: ['grant_type', 'refresh_token', 'resource', 'client_id'],
  refreshesInParallel: false,
  repeatsHeaders: false,
  reads: 'HTTP',
  headers: {
    get: { accept: 'text/event-stream', ...NODE },
    stream: { accept: 'text/event-stream', ...NODE },
    post: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...NODE },
    resourceMetadata: { 'mcp-protocol-version': '2025-11-25', accept: '*/*', ...NODE },
    serverMetadata: { 'mcp-protocol-version': '2025-11-25', accept: 'application/json', ...NODE },
    register: { 'content-type': 'application/json', accept: '*/*', ...NODE },
    token: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...NODE },
  },
  mcp: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'sdk-v1', version: '1' },
    sendsVersion: true,
    opensStream: true,
    members: ['method', 'params', 'jsonrpc', 'id'],
    sendsMethod: false,
  },
}

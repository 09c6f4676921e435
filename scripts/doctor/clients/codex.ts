import type { Client } from '../client.ts'

const AGENT = { 'user-agent': 'codex-mcp-client/0.171.0' }
// Of its discovery alone: it speaks another version later.
const DISCOVERY = { ...AGENT, 'mcp-protocol-version': '2024-11-05', accept: '*/*' }

export const client: Client = {
  name: 'Codex',
  source: { from: 'a capture', date: 'November 2026', of: 'Codex 0.171.0' },
  hosted: false,
  knocks: ['GET'],
  resourceMetadata: ['challenge', 'path', 'root'],
  resource: 'prefix',
  refusesNull: false,
  document: {
    url: 'https://chatgpt.com/oauth/codex/client.json',
    redirectUri: 'http://127.0.0.1:<port>/callback',
  },
  registration: {
    client_name: 'Codex',
    redirect_uris: ['http://127.0.0.1:<port>/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    response_types: ['code'],
    scope: '<scope>',
    application_type: 'native',
  },
  redirectUri: 'http://127.0.0.1:<port>/callback',
  authMethod: 'none',
  scope: 'challenge and offline_access',
  furtherScope: 'cannot ask',
  state: { length: 22, alphabet: 'base64url' },
  authorization: [
    'response_type',
    'client_id',
    'state',
    'code_challenge',
    'code_challenge_method',
    'redirect_uri',
    'scope',
    'resource',
  ],
  token: ['grant_type', 'code', 'code_verifier', 'client_id', 'redirect_uri', 'resource'],
  refresh: ['grant_type', 'refresh_token', 'scope', 'client_id', 'resource'],
  refreshesInParallel: false,
  repeatsHeaders: false,
  reads: 'HTTP',
  headers: {
    get: DISCOVERY,
    stream: { ...AGENT, accept: 'text/event-stream, application/json' },
    post: { ...AGENT, accept: 'text/event-stream, application/json', 'content-type': 'application/json' },
    resourceMetadata: DISCOVERY,
    serverMetadata: DISCOVERY,
    register: { ...AGENT, 'content-type': 'application/json', accept: '*/*' },
    token: { ...AGENT, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
  },
  mcp: {
    protocolVersion: '2025-06-18',
    capabilities: { elicitation: { form: {}, url: {} } },
    clientInfo: { name: 'codex-mcp-client', title: 'Codex', version: '0.171.0' },
    sendsVersion: true,
    opensStream: true,
    members: ['jsonrpc', 'id', 'method', 'params'],
    sendsMethod: false,
  },
}

import type { Client } from '../client.ts'

// `nameLong` and version of the product; the version is an example.
const AGENT = { 'user-agent': 'Visual Studio Code/1.138.0' }
// The token and registration requests go out without one of its own.
const FETCH = { 'user-agent': 'node' }

export const client: Client = {
  name: 'VS Code',
  source: {
    from: 'its source code',
    date: 'November 2026',
    of: 'extHostMcp.ts, extHostAuthentication.ts and oauth.ts of microsoft/vscode',
  },
  hosted: false,
  knocks: ['initialize'],
  resourceMetadata: ['challenge', 'path', 'root'],
  resource: 'exact',
  refusesNull: false,
  document: {
    url: 'https://vscode.dev/oauth/client-metadata.json',
    redirectUri: 'http://127.0.0.1:<port>/',
  },
  registration: {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: '<grant types>',
    response_types: ['code'],
    redirect_uris: [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
    scope: '<scope>',
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  // Another port, as when 33418 is taken.
  redirectUri: 'http://127.0.0.1:<port>/',
  authMethod: 'none',
  scope: 'challenge',
  furtherScope: 'asks again',
  state: { length: 24, alphabet: 'base64' },
  authorization: [
    'client_id',
    'response_type',
    'scope',
    'code_challenge',
    'code_challenge_method',
    'resource',
    'redirect_uri',
    'state',
  ],
  token: ['client_id', 'grant_type', 'code', 'redirect_uri', 'code_verifier', 'resource'],
  refresh: ['client_id', 'grant_type', 'refresh_token', 'resource'],
  refreshesInParallel: false,
  repeatsHeaders: false,
  reads: 'HTTP',
  headers: {
    get: { accept: 'text/event-stream', ...AGENT },
    stream: { accept: 'text/event-stream', ...AGENT },
    post: { 'content-type': 'application/json', accept: 'text/event-stream, application/json', ...AGENT },
    resourceMetadata: { accept: 'application/json', 'mcp-protocol-version': '2025-11-25', ...AGENT },
    serverMetadata: { 'mcp-protocol-version': '2025-11-25', accept: 'application/json', ...AGENT },
    register: { 'content-type': 'application/json', ...FETCH },
    token: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...FETCH },
  },
  mcp: {
    protocolVersion: '2025-11-25',
    capabilities: { roots: { listChanged: true } },
    clientInfo: { name: 'Visual Studio Code', version: '1.138.0' },
    sendsVersion: false,
    opensStream: true,
    members: ['jsonrpc', 'id', 'method', 'params'],
    sendsMethod: false,
  },
}

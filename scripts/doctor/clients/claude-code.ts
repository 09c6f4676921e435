import type { Client } from '../client.ts'

// What signs in is not what calls.
const SIGN_IN = { 'user-agent': 'Bun/1.4.6' }

export const client: Client = {
  name: 'Claude Code',
  source: { from: 'a capture', date: 'November 2026', of: 'Claude Code 2.1.332' },
  hosted: false,
  // `claude mcp login` begins with the metadata.
  knocks: [],
  resourceMetadata: ['path', 'root'],
  resource: 'prefix',
  refusesNull: true,
  document: {
    url: 'https://claude.ai/oauth/claude-code-client-metadata',
    redirectUri: 'http://localhost:<port>/callback',
  },
  registration: {
    client_name: 'Claude Code (gatehouse)',
    redirect_uris: ['http://localhost:<port>/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    scope: '<scope>',
  },
  redirectUri: 'http://localhost:<port>/callback',
  authMethod: 'none',
  scope: 'all of the authorization server',
  furtherScope: 'took all',
  state: { length: 43, alphabet: 'base64url' },
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
  token: ['grant_type', 'code', 'code_verifier', 'redirect_uri', 'resource', 'client_id'],
  refresh: ['grant_type', 'refresh_token', 'resource', 'client_id'],
  refreshesInParallel: false,
  repeatsHeaders: true,
  reads: 'HTTP',
  headers: {
    get: { accept: 'text/event-stream', 'user-agent': 'claude-code/2.1.332 (sdk-cli)' },
    stream: { accept: 'text/event-stream', 'user-agent': 'claude-code/2.1.332 (sdk-cli)' },
    post: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'user-agent': 'claude-code/2.1.332 (sdk-cli)',
    },
    resourceMetadata: { 'mcp-protocol-version': '2025-11-25', accept: '*/*', ...SIGN_IN },
    serverMetadata: { accept: 'application/json', 'mcp-protocol-version': '2025-11-25', ...SIGN_IN },
    register: { 'content-type': 'application/json', accept: '*/*', ...SIGN_IN },
    token: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...SIGN_IN },
  },
  mcp: {
    protocolVersion: '2026-07-28',
    capabilities: { roots: { listChanged: true }, elicitation: { form: {}, url: {} } },
    clientInfo: {
      name: 'claude-code',
      title: 'Claude Code',
      version: '2.1.332',
      description: "Anthropic's agentic coding tool",
      websiteUrl: 'https://claude.com/claude-code',
    },
    sendsVersion: true,
    opensStream: false,
    members: ['method', 'params', 'jsonrpc', 'id'],
    sendsMethod: true,
  },
}

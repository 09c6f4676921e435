import type { Client } from '../client.ts'
import { client as sdkV1 } from './sdk-v1.ts'

const UNDICI = { 'accept-language': '*', 'sec-fetch-mode': 'cors', 'user-agent': 'undici' }

export const client: Client = {
  ...sdkV1,
  name: 'mcp-remote',
  source: { from: 'a capture', date: 'November 2026', of: 'mcp-remote 0.15.1' },
  knocks: ['GET', 'initialize'],
  registration: {
    redirect_uris: ['http://localhost:<port>/oauth/callback'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'MCP CLI Proxy',
    client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
    software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
    software_version: '0.15.1',
    scope: '<scope>',
    application_type: 'native',
  },
  redirectUri: 'http://localhost:<port>/oauth/callback',
  scope: 'challenge and offline_access',
  furtherScope: 'asks again',
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
  refresh: ['grant_type', 'refresh_token', 'resource', 'client_id', 'scope'],
  headers: {
    ...sdkV1.headers,
    get: { accept: 'application/json, text/event-stream', ...UNDICI },
    stream: { accept: 'text/event-stream', ...UNDICI },
    post: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...UNDICI },
    resourceMetadata: { 'mcp-protocol-version': '2025-11-25', accept: '*/*', ...UNDICI },
    serverMetadata: { 'mcp-protocol-version': '2025-11-25', accept: 'application/json', ...UNDICI },
    register: { 'content-type': 'application/json', accept: '*/*', ...UNDICI },
    token: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...UNDICI },
  },
  mcp: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'mcp-remote-fallback-test', version: '0.0.0' },
    sendsVersion: true,
    opensStream: true,
    members: ['method', 'params', 'jsonrpc', 'id'],
    sendsMethod: true,
  },
}

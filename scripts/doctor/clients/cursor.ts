import type { Client } from '../client.ts'
import { client as sdkV1 } from './sdk-v1.ts'

export const client: Client = {
  ...sdkV1,
  name: 'Cursor',
  source: {
    from: 'public reports',
    date: 'September 2026',
    of: 'erp-mafia/accounted#2225, makeplane/plane-mcp-server#159; all else as MCP SDK v1',
  },
  registration: {
    client_name: 'Cursor',
    redirect_uris: [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: '<scope>',
  },
  redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
  mcp: { ...sdkV1.mcp, clientInfo: { name: 'cursor-vscode', version: '1.0.0' } },
}

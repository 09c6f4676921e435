// `npm run inspect`: opens the official MCP Inspector on a server. npx fetches it; it is no dependency.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readOptions, refuse } from './options.ts'

const USAGE = `Usage: npm run inspect [<url>]

Opens the MCP Inspector in a browser, connected to your server. npx downloads it at the first time.

  <url>   the server, such as https://mcp.example.com; without it the local one, http://localhost:8787`

const { positionals } = readOptions(USAGE, {}, { positionals: true })
const [address = 'http://localhost:8787'] = positionals
if (!URL.canParse(address)) refuse(`${address} is no address.`, USAGE)
const server = new URL(address)
if (server.pathname === '/') server.pathname = '/mcp'

// npx is a script of cmd.exe on Windows, to which a bare & in the address would be the end of the command. The address
// itself has no quotation mark: URL encodes it.
const shell = process.platform === 'win32'
const inspector = spawn(
  'npx',
  [
    ...['--yes', '@modelcontextprotocol/inspector@2', '--transport', 'http'],
    ...['--server-url', shell ? `"${server.href}"` : server.href],
  ],
  { stdio: 'inherit', shell },
)
const [code] = await once(inspector, 'exit')
process.exitCode = (code as number | null) ?? 0

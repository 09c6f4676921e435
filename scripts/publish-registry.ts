// `npm run publish:registry`: lists the deployed server in the official MCP registry, with the registry's own program.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTarget } from './deployment/configuration.ts'
import { done, run, Stopped } from './deployment/terminal.ts'
import { readOptions } from './options.ts'
import { serverJson } from './registry/server-json.ts'

const USAGE = `Usage: npm run publish:registry -- [options]

Writes server.json, which describes your deployed server to the MCP registry, and publishes it with mcp-publisher.

  --dry-run           write server.json, and publish nothing
  --url <url>         where the server is; without it PUBLIC_URL of wrangler.toml, or its custom domain
  --worker <name>     the server that you deployed under this name, not the one in wrangler.toml
  --name <name>       its name in the registry, such as com.example/notes; without it made of the host and the name
  --output <file>     where to write it; without it server.json. mcp-publisher reads server.json
  --release <number>  the version of this entry; without it that of package.json. The registry takes each only once

Before the first time: docs/directories.md says how to sign in to the registry.`

const { values } = readOptions(USAGE, {
  'dry-run': { type: 'boolean', default: false },
  url: { type: 'string' },
  worker: { type: 'string' },
  name: { type: 'string' },
  release: { type: 'string' },
  output: { type: 'string', default: 'server.json' },
})

await run(async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const entry = serverJson(origin(), values.release ?? version, values.name)
  writeFileSync(values.output, `${JSON.stringify(entry, null, 2)}\n`)
  done(`Wrote ${values.output}: ${entry.name} ${entry.version}`)
  if (values['dry-run'])
    return console.log('Nothing was published. Without --dry-run the command publishes it.')
  await publish()
  done('Published')
})

/** @throws Stopped */
function origin(): URL {
  const address = values.url ?? readTarget(values.worker).origin
  if (address === undefined) throw new Stopped('Say where the server is: --url https://mcp.example.com')
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
    throw new Stopped(`The registry lists https addresses only, and ${address} is none.`)
  return new URL(address)
}

/** @throws Stopped */
async function publish(): Promise<void> {
  const publisher = spawn('mcp-publisher', ['publish'], { stdio: 'inherit' })
  // A program that cannot be started exits as well, with an error before.
  const code = await once(publisher, 'exit').then(
    ([code]) => code as number | null,
    () => undefined,
  )
  if (code === undefined) {
    throw new Stopped(
      'There is no mcp-publisher on this computer: https://modelcontextprotocol.io/registry says how to install it.',
    )
  }
  if (code !== 0) throw new Stopped('mcp-publisher has not published it: see above.')
}

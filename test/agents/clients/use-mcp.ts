// A web page that signs its user in by popup. Bundled, and served on an origin of its own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'use-mcp',
  package: 'use-mcp',
  writes: 'took all',
  connect: async ({ mcpUrl, person }) => {
    const [app, callback] = await Promise.all([bundle(APP), bundle(CALLBACK)])
    const site = createServer(({ url = '/' }, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end(
        `<div id="app"></div><script type="module">${url.startsWith('/oauth/callback') ? callback : app}</script>`,
      )
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    const page = await person.context.newPage()
    const popup = page.waitForEvent('popup')
    await page.goto(
      `http://127.0.0.1:${(site.address() as AddressInfo).port}/?mcp=${encodeURIComponent(mcpUrl.href)}`,
    )
    await person.allow(await popup)
    const isReady = async () => {
      await page.waitForFunction('["ready", "failed"].includes(globalThis.mcp?.state)')
      return (await page.evaluate('mcp.state')) === 'ready'
    }
    return {
      call: async (tool, args = {}) => {
        // As a user does, once the page says that its connection is lost.
        if (!(await isReady())) await page.reload()
        if (!(await isReady())) throw new Error(String(await page.evaluate('mcp.error')))
        const call = `mcp.callTool(${JSON.stringify(tool)}, ${JSON.stringify(args)})`
        return JSON.stringify(await page.evaluate(call))
      },
      close: async () => {
        await page.close()
        site.close()
      },
    }
  },
}

const APP = `
  import { createElement } from 'react'
  import { createRoot } from 'react-dom/client'
  import { useMcp } from 'use-mcp/react'
  const url = new URLSearchParams(location.search).get('mcp')
  function App() {
    globalThis.mcp = useMcp({ url, clientName: 'use-mcp' })
    return createElement('p', {}, mcp.state)
  }
  createRoot(document.getElementById('app')).render(createElement(App))
`

const CALLBACK = `
  import { onMcpAuthorization } from 'use-mcp'
  onMcpAuthorization()
`

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
  })
  return outputFiles[0]?.text.replaceAll('</script', '<\\/script') ?? ''
}

// A page that shows views as an app does: a stand-in for the hosts of MCP Apps (SEP-1865). The view runs in a frame inside
// a proxy on another origin, under the policy that the specification names, and reaches the server through the host alone.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Client } from '@modelcontextprotocol/client'
import type { FrameLocator, Page } from 'playwright-core'

/** What the view says, as the host hears it. */
interface Heard {
  readonly method?: string
  readonly params?: Record<string, unknown>
}

/** What a tool's resource says of its view. */
interface Ui {
  readonly csp?: Readonly<Record<string, readonly string[]>>
}

type Call = (name: string, args: Record<string, unknown>) => Promise<unknown>

export class ViewHost {
  readonly heard: Heard[] = []
  readonly #page: Page
  readonly #client: Client
  readonly #call: Call
  readonly #server: Server

  private constructor(page: Page, client: Client, call: Call, server: Server) {
    this.#page = page
    this.#client = client
    this.#call = call
    this.#server = server
  }

  /** @param call calls a tool, and asks the user for more scopes where it needs them */
  static async start(page: Page, client: Client, call: Call): Promise<ViewHost> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = new ViewHost(page, client, call, server)
    server.on('request', ({ url = '' }, response) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost')
      response.setHeader('Content-Type', 'text/html')
      if (pathname !== '/sandbox') return void response.end(HOST)
      const csp = JSON.parse(searchParams.get('csp') ?? '{}') as NonNullable<Ui['csp']>
      response.setHeader('Content-Security-Policy', policyOf(csp)).end(SANDBOX)
    })
    await page.exposeFunction('hear', (message: Heard) => void host.heard.push(message))
    await page.exposeFunction('callTool', ({ name, arguments: args }: { name: string; arguments: object }) =>
      call(name, args as Record<string, unknown>),
    )
    return host
  }

  /** Calls a tool, and shows what it returns in its view. */
  async show(name: string, args: Record<string, unknown>, hostContext: object = {}): Promise<FrameLocator> {
    const { tools } = await this.#client.listTools()
    const ui = tools.find((tool) => tool.name === name)?._meta?.ui as { resourceUri?: string } | undefined
    const uri = ui?.resourceUri ?? ''
    const [result, { contents }] = await Promise.all([
      this.#call(name, args),
      this.#client.readResource({ uri }),
    ])
    const [content] = contents as { text: string; mimeType: string; _meta?: { ui?: Ui } }[]
    if (content?.mimeType !== 'text/html;profile=mcp-app') throw new Error(`No view: ${content?.mimeType}`)
    const { port } = this.#server.address() as AddressInfo
    await this.#page.goto(`http://localhost:${port}/`)
    const shown = { html: content.text, args, result, hostContext }
    const proxy = `http://127.0.0.1:${port}/sandbox?csp=${encodeURIComponent(JSON.stringify(content._meta?.ui?.csp ?? {}))}`
    await this.#page.evaluate(`show(${JSON.stringify(shown)}, ${JSON.stringify(proxy)})`)
    return this.#page.frameLocator('iframe').frameLocator('iframe')
  }

  /** Tells the view something. */
  async tell(method: string, params: object): Promise<void> {
    await this.#page.evaluate(`tell(${JSON.stringify(method)}, ${JSON.stringify(params)})`)
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** The policy that a host builds from what a resource declares, and its default where that is nothing. */
function policyOf(csp: NonNullable<Ui['csp']>): string {
  const [connect = [], resources = []] = [csp.connectDomains, csp.resourceDomains]
  const from = (...sources: readonly string[]) => [...sources, ...resources].join(' ')
  return [
    "default-src 'none'",
    `script-src ${from("'self'", "'unsafe-inline'")}`,
    `style-src ${from("'self'", "'unsafe-inline'")}`,
    `img-src ${from("'self'", 'data:')}`,
    `connect-src ${connect.join(' ') || "'none'"}`,
    // The proxy's own frame has no address.
    "frame-src 'self'",
    "object-src 'none'",
  ].join('; ')
}

const HOST = `<!doctype html>
<title>Host</title>
<meta name="viewport" content="width=device-width">
<body style="margin: 0; color-scheme: light dark">
<iframe title="View" style="border: 0; width: 100%" sandbox="allow-scripts allow-same-origin"></iframe>
<script>
  const frame = document.querySelector('iframe')
  let shown
  function show(what, proxy) {
    shown = what
    frame.src = proxy
  }
  const post = (message) => frame.contentWindow.postMessage({ jsonrpc: '2.0', ...message }, new URL(frame.src).origin)
  const tell = (method, params) => post({ method, params })
  addEventListener('message', async ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== new URL(frame.src).origin) return
    const reply = (answer) => post({ id: data.id, ...answer })
    if (data.method !== 'ui/notifications/sandbox-proxy-ready') await hear(data)
    switch (data.method) {
      case 'ui/notifications/sandbox-proxy-ready':
        return tell('ui/notifications/sandbox-resource-ready', { html: shown.html })
      case 'ui/initialize':
        return reply({
          result: {
            protocolVersion: data.params.protocolVersion,
            hostInfo: { name: 'Host', version: '1' },
            hostCapabilities: { serverTools: {} },
            hostContext: shown.hostContext,
          },
        })
      case 'ui/notifications/initialized':
        tell('ui/notifications/tool-input', { arguments: shown.args })
        return tell('ui/notifications/tool-result', shown.result)
      case 'ui/notifications/size-changed':
        frame.style.height = data.params.height + 'px'
        return
      case 'tools/call':
        return callTool(data.params).then(
          (result) => reply({ result }),
          ({ message }) => reply({ error: { code: -32000, message } }),
        )
      default:
        if (data.method && data.id !== undefined) reply({ result: {} })
    }
  })
</script>`

const SANDBOX = `<!doctype html>
<body style="margin: 0">
<script>
  const inner = document.createElement('iframe')
  inner.style = 'border: 0; width: 100%; height: 100vh; display: block'
  inner.sandbox = 'allow-scripts'
  document.body.append(inner)
  addEventListener('message', ({ source, data }) => {
    if (source === inner.contentWindow) parent.postMessage(data, '*')
    else if (source !== parent) return
    else if (data.method === 'ui/notifications/sandbox-resource-ready') inner.srcdoc = data.params.html
    else inner.contentWindow.postMessage(data, '*')
  })
  parent.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/sandbox-proxy-ready', params: {} }, '*')
</script>`

// A text, some bytes, a template, and one that can be subscribed to.
import { ResourceTemplate } from '@modelcontextprotocol/server'
import type { Tool } from '#engine/mcp/define-tool.ts'
import { PNG } from './media.ts'

export const resources: Tool = {
  name: 'resources',
  register(server) {
    text('test://static-text', 'This is the content of the static text resource.')
    text('test://watched-resource', 'This resource never changes.')
    server.registerResource(
      'test://static-binary',
      'test://static-binary',
      { description: 'One pixel.', mimeType: 'image/png' },
      ({ href }) => ({ contents: [{ uri: href, mimeType: 'image/png', blob: PNG }] }),
    )
    server.registerResource(
      'test-template',
      new ResourceTemplate('test://template/{id}/data', { list: undefined }),
      { description: 'Data for any id.', mimeType: 'application/json' },
      ({ href }, { id }) => {
        const data = { id, templateTest: true, data: `Data for ID: ${id}` }
        return { contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify(data) }] }
      },
    )
    // Nothing here ever changes, so there is nothing to remember of a subscription.
    server.server.setRequestHandler('resources/subscribe', () => ({}))
    server.server.setRequestHandler('resources/unsubscribe', () => ({}))

    function text(uri: string, content: string): void {
      const metadata = { description: 'A fixture of the conformance suite.', mimeType: 'text/plain' }
      server.registerResource(uri, uri, metadata, () => ({
        contents: [{ uri, mimeType: 'text/plain', text: content }],
      }))
    }
  },
}
